"""Joules that a machine tells it has used: the processor's own counters, where they may be read.

Linux keeps a counter of microjoules for every processor package (`/sys/class/powercap`, RAPL); it
runs over, and says where. Many machines and containers do not show it, and macOS tells only root:
there the answer is None, never a guess.
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Reading:
    """The counters of all packages at one moment, in microjoules."""

    values: tuple[int, ...]


@dataclass(frozen=True)
class Meter:
    """The counters of a machine's processor packages, and where each of them runs over."""

    files: tuple[Path, ...]
    ranges: tuple[int, ...]

    def read(self) -> Reading:
        """Return the counters now."""
        return Reading(tuple(int(f.read_text()) for f in self.files))

    def joules(self, before: Reading, after: Reading) -> float:
        """Return what was used between two readings; a counter runs over once at the most.

        >>> Meter((), (1_000_000,)).joules(Reading((900_000,)), Reading((150_000,)))
        0.25
        """
        pairs = zip(before.values, after.values, self.ranges, strict=True)
        return sum((b - a) % most if b < a else b - a for a, b, most in pairs) / 1e6


def meter(folder: Path = FOLDER) -> Meter | None:
    """Return the meter of this machine; None where it tells nothing."""
    files, ranges = [], []
    try:
        for zone in sorted(folder.glob("*")):
            if (zone / "name").is_file() and (zone / "name").read_text().startswith("package"):
                int((zone / "energy_uj").read_text())
                files.append(zone / "energy_uj")
                ranges.append(int((zone / "max_energy_range_uj").read_text()))
    except (OSError, ValueError):
        return None
    return Meter(tuple(files), tuple(ranges)) if files else None
