"""How sure a counted share is."""

import math

Z = 1.959964  # of a two-sided 95 % interval


def wilson(right: float, n: float) -> tuple[float, float]:
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
