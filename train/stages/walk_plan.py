"""What a walk through the stages is asked for, and who hears how it goes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from train.stages import captures, stage

PARTS = {"routing": 2, "depth": 3, "semantic": 4, "transfer": 5, "joint": 6}  # may be left out
SPLITS = ("heads", "valid", "calib", "test")


@dataclass(frozen=True)
class Plan:
    """What is walked through."""

    model: str
    sft: Path
    semantic: Path | None
    pack: Path
    without: tuple[str, ...] = ()
    go_on: bool = False  # past failed gates: what follows is unproven, and the walk says so
    most: int = 1000  # prompts of a split
    length: int = 32  # tokens of a continuation, in captures and where stages 3 and 5 are measured
    answers: int = 40
    changes: tuple[tuple[int, str], ...] = ()  # (stage, name=value)
    adapter: Path | None = None  # a run of stage 1 that is there already

    @property
    def stages(self) -> list[int]:
        """Return the stages that are trained, in order."""
        left_out = {PARTS[name] for name in self.without}
        return [n for n in sorted(stage.STAGES) if n not in left_out]

    def captured(self) -> captures.Wanted:
        """Return the capture of the base model; the settings of stage 0 are every capture's."""
        wanted = captures.Wanted(self.model, self.pack, most=self.most, length=self.length)
        return captures.chosen(wanted, [change for n, change in self.changes if n == 0])


@dataclass(frozen=True)
class Show:
    """Who hears how the walk goes."""

    step: Callable[[str], None]  # a sentence on what begins
    begin: Callable[[int], None]  # how much there is to do in it
    tick: Callable[[], None]  # one of it is done
    watch: stage.Watch
    verdict: Callable[[dict[str, Any]], None]  # a finished step
    stopped: Callable[[], bool] = lambda: False  # says whether somebody asked for a stop

    def heeding(self, stopped: Callable[[], bool]) -> "Show":
        """Return the same that ends captures and measurements, which have no stop of their own."""

        def tick() -> None:
            self.tick()
            if stopped():
                raise Stop

        return replace(self, tick=tick, stopped=stopped)


class Stop(Exception):
    """Somebody asked for the walk to stop; what is begun is on disk, and is gone on with."""
