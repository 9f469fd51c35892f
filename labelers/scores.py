"""How good labels are on gold: average precision."""

from collections.abc import Sequence
from itertools import groupby


def average_precision(scores: Sequence[float], holds: Sequence[bool]) -> float | None:
    """Return the mean precision over all recalls; equal scores count as one step. None: no yes.

    >>> average_precision([0.9, 0.8, 0.1], [True, False, True])
    0.8333333333333333
    >>> average_precision([0.5, 0.5], [True, False])
    0.5
    """
    wanted = sum(holds)
    if not wanted:
        return None
    ranked = sorted(zip(scores, holds, strict=True), key=lambda pair: -pair[0])
    seen = right = 0
    area = 0.0
    for _, group in groupby(ranked, key=lambda pair: pair[0]):
        ties = [held for _, held in group]
        seen += len(ties)
        right += sum(ties)
        area += sum(ties) / wanted * right / seen
    return area
