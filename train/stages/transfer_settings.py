"""What a run of stage 5 is given: its settings, the layers it is split at, the heads it asks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from train.harness.capture import layers_of
from train.model.gemma import Gemma
from train.stages import runs
from train.stages.settings import LoopSettings
from warehouse.errors import AgpError


class TransferSettings(LoopSettings):
    """What stage 5 needs besides; `stage5.toml` says what each line means."""

    layers: str
    seeds: int = Field(gt=0, le=20)
    hidden: int = Field(gt=0)
    cosine: float = Field(ge=0)
    mse: float = Field(ge=0)
    kl: float = Field(ge=0)
    rate: float = Field(ge=0)
    prompts: int = Field(gt=0)
    fit_prompts: int = Field(gt=0)
    valid_prompts: int = Field(gt=0)


def split_layers(gemma: Gemma, facts: dict[str, Any], asked: str) -> tuple[int, ...]:
    """Return the split layers that the settings name."""
    if asked == "all":
        return tuple(facts["layers"])
    try:
        return layers_of(gemma, [int(part) for part in str(asked).split(",")])
    except ValueError:
        raise AgpError(f"setting layers: {asked!r} is neither all nor a list such as 4,6") from None


def heads_of(parents: Sequence[Path]) -> Path | None:
    """Return the run of stage 2 that is built upon, if one was named."""
    found = [run for run in parents if runs.summary(run)["stage"] == 2]
    if len(found) < len(parents) or len(found) > 1:
        raise AgpError("stage 5 builds on a run of stage 2, and on one: --on RUN")
    return found[0] if found else None
