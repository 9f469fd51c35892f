"""What was recorded and what was made again: two numbers, series or digests in, a line out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

BAND = 1e-3  # relative: losses on another machine or library set, where bits may differ


@dataclass(frozen=True)
class Line:
    """One thing that was made again, and how it compares."""

    what: str
    recorded: str
    again: str
    verdict: str  # equal | within band | differs
    why: str = ""  # where it differs and the reason is known


def summary(lines: list[Line]) -> str:
    """Return the result in a sentence.

    >>> summary([Line("x", "1", "1", "equal")])
    'Reproduced: all 1 equal.'
    """
    wrong = [line.what for line in lines if line.verdict == "differs"]
    if wrong:
        return f"Not reproduced: {', '.join(wrong)}."
    equal = sum(line.verdict == "equal" for line in lines)
    banded = len(lines) - equal
    return (
        f"Reproduced: all {equal} equal."
        if not banded
        else (f"Reproduced: {equal} equal, {banded} within {BAND:.1%}.")
    )


def digest_of(file: Path) -> str:
    """Return a file's sha-256; empty where there is none."""
    from train.model.digest import file_sha256

    return file_sha256(file) if file.is_file() else ""


def losses(name: str, first: list[dict[str, Any]], second: list[dict[str, Any]]) -> Line:
    """Return how two series of losses compare, by the largest relative difference.

    >>> losses("loss", [{"loss": 2.0}], [{"loss": 2.0}]).verdict
    'equal'
    >>> losses("loss", [{"loss": 2.0}], [{"loss": 2.1}]).verdict
    'differs'
    """
    a, b = ([m[name] for m in series if name in m] for series in (first, second))
    said = [f"{len(x)} values, last {x[-1]:.6f}" if x else "none" for x in (a, b)]
    if a == b:
        return Line(name, said[0], said[1], "equal")
    close = len(a) == len(b) and all(abs(x - y) <= BAND * abs(x) for x, y in zip(a, b, strict=True))
    return Line(name, said[0], said[1], "within band" if close else "differs")


def compared(what: str, recorded: str, again: str) -> Line:
    """Return how two digests compare."""
    return Line(what, short(recorded), short(again), "equal" if recorded == again else "differs")


def short(digest: str) -> str:
    """Return the first digits of a digest."""
    return digest[:16] or "none"
