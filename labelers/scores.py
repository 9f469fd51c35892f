"""How good labels are on gold: intervals of shares, average precision."""

import math
from collections.abc import Sequence
from itertools import groupby

Z = 1.959964  # of a two-sided 95 % interval


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.

    >>> [round(x, 2) for x in wilson(9, 10)]
    [0.6, 0.98]
    """
    if n == 0:
        return 0.0, 1.0
    share, extra = right / n, Z * Z / n
    middle = share + extra / 2
    half = Z * math.sqrt(share * (1 - share) / n + extra / (4 * n))
    return max(0.0, (middle - half) / (1 + extra)), min(1.0, (middle + half) / (1 + extra))


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
