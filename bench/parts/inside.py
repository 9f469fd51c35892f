"""One ingest in one process with a clock at each of its parts; prints seconds by part as JSON.

run.py starts it. Where one part calls another, the time counts for the inner one alone.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any


class Clock:
    """Seconds by part, counted for the innermost part that runs."""

    def __init__(self) -> None:
        """Start with what belongs to no part."""
        self.seconds: dict[str, float] = {}
        self._open, self._since = ["else"], time.perf_counter()

    def turn(self, change: Callable[[], Any]) -> None:
        """Count the time until now for the part that runs, then begin or end one."""
        now = time.perf_counter()
        part = self._open[-1]
        self.seconds[part] = self.seconds.get(part, 0.0) + now - self._since
        change()
        self._since = now

    def of(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its time counted for a part."""

        def timed(*given: Any, **named: Any) -> Any:
            self.turn(lambda: self._open.append(part))
            try:
                return function(*given, **named)
            finally:
                self.turn(self._open.pop)

        return timed

    def steps(self, part: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
        """Return the generator with each of its steps counted for a part."""

        def timed(*given: Any, **named: Any) -> Iterator[Any]:
            step = self.of(part, function(*given, **named).__next__)
            while True:
                try:
                    yield step()
                except StopIteration:
                    return

        return timed

    def at(self, owner: Any, name: str, part: str, steps: bool = False) -> None:
        """Put the clock at a function that stands in a module or class."""
        setattr(owner, name, (self.steps if steps else self.of)(part, getattr(owner, name)))


class Loads:
    """orjson, as the byte loop sees it, with the clock at `loads`."""

    def __init__(self, clock: Clock, real: Any) -> None:
        """Keep everything else as it is."""
        self.loads, self.JSONDecodeError = clock.of("JSON", real.loads), real.JSONDecodeError


def clocked(clock: Clock) -> None:
    """Put the clock at every part of an ingest."""
    from lanes.ingest.light import import_arrow

    import_arrow()
    from lanes.ingest import account, buffers, insert, memory, parse, plan, run
    from lanes.sources import lines, rows
    from warehouse import payloads, segments, store

    lines.orjson = Loads(clock, lines.orjson)  # type: ignore[assignment]
    clock.at(run, "discover", "finding files")
    clock.at(run, "plan", "finding files")
    clock.at(parse, "resumed", "reading and hashing lines")
    clock.at(buffers, "records", "reading and hashing lines", steps=True)
    clock.at(payloads.Factory, "factor", "inline images")
    clock.at(segments.Packer, "add", "zstd")
    clock.at(segments.Packer, "drain", "zstd")
    clock.at(buffers, "normalise", "rows: who said what")
    clock.at(rows.Rows, "to_arrow", "columns (Arrow)")
    clock.at(buffers, "columns", "columns (Arrow)")
    clock.at(insert, "insert", "DuckDB: inserts and commits")
    clock.at(insert, "finish", "exchanges: families, forest")
    clock.at(memory, "checkpoint", "DuckDB: checkpoint")
    clock.at(account, "by_source", "the summary")
    clock.at(account, "noise", "the summary")
    clock.at(store, "_migrated", "DuckDB: open and close")
    clock.at(store, "_create", "DuckDB: open and close")
    clock.at(store, "_close", "DuckDB: open and close")
    del plan


def main() -> None:
    """Ingest what the environment names."""
    clock = Clock()
    clock.of("imports", clocked)(clock)
    from lanes.ingest.run import ingest

    done = ingest(processes=0)
    clock.turn(lambda: None)
    json.dump({"bytes": done.after["bytes"], "seconds": clock.seconds}, sys.stdout)


if __name__ == "__main__":
    main()
