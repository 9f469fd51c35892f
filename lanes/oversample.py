"""Over-sampling: which classes hold in each row in, how often each row is written out.

What is rare is repeated, nothing is invented: every copy is a row that occurred by itself.
"""

import math
from collections import Counter
from collections.abc import Mapping, Set


def copies(
    held: Mapping[str, Set[str]], share: float, most: int, counted: Set[str] | None = None
) -> dict[str, int]:
    """Return how often each row is to stand in a dataset, from 1 to `most`.

    `held` maps a row to the classes that hold in it; how often a class holds is counted in the rows
    `counted` (all, when None). A row is repeated for the rarest of its classes, sqrt(share /
    frequency) times, rounded: the repeat factor of Gupta, Dollár and Girshick (LVIS, CVPR 2019,
    section 4.1).

    >>> rare = {"a": {"echo"}, **{f"x{i}": {"dwell"} for i in range(39)}}
    >>> found = copies(rare, share=0.1, most=4)
    >>> found["a"], found["x0"]
    (2, 1)
    """
    rows = [classes for row, classes in held.items() if counted is None or row in counted]
    frequency = Counter(name for classes in rows for name in classes)
    factor = {name: math.sqrt(share * len(rows) / n) for name, n in frequency.items()}
    return {
        row: min(most, max(1, round(max((factor.get(c, most) for c in classes), default=1))))
        for row, classes in held.items()
    }
