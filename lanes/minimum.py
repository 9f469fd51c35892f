"""Is a build large enough? Counts of its splits and what is wanted in, lines of what lacks out."""

from collections.abc import Mapping

from lanes.lane import Counts


def too_few(counts: Counts, wanted: Mapping[str, int], what: str = "rows") -> list[str]:
    """Return a line for each split that has fewer of something than is wanted.

    >>> from collections import Counter
    >>> too_few({"train": Counter(rows=3)}, {"train": 50, "test": 1})
    ['train has 3 of 50 rows', 'test has 0 of 1 rows']
    """
    found = {split: counts[split][what] if split in counts else 0 for split in wanted}
    return [
        f"{split} has {has:,} of {wanted[split]:,} {what}"
        for split, has in found.items()
        if has < wanted[split]
    ]
