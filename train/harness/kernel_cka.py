"""CKA with an interval: two models' states of the same positions in, an estimate out."""

from collections.abc import Sequence

import numpy as np

from train.harness.drift import linear_cka

RESAMPLES = 500


def cka_interval(
    x: np.ndarray, y: np.ndarray, prompts: Sequence[str], seed: int = 0
) -> tuple[float, float, float]:
    """Return linear CKA of states [n x d] and its 95 % interval; prompts are resampled whole.

    `prompts` [n] names the prompt of each row. The resamples work on the kernels X Xᵀ and Y Yᵀ
    [n x n], centred anew each time: CKA is tr(K'L') / (‖K'‖ ‖L'‖), the same number
    (Kornblith et al. 2019, 1905.00414, section 3).

    >>> x = np.random.default_rng(0).normal(size=(50, 4))
    >>> [round(v, 6) for v in cka_interval(x, 2 * x, [str(i // 5) for i in range(50)])]
    [1.0, 1.0, 1.0]
    """
    left, right = (np.asarray(v, np.float64) @ np.asarray(v, np.float64).T for v in (x, y))
    names = list(dict.fromkeys(prompts))
    rows = [np.flatnonzero(np.array(prompts) == name) for name in names]
    dice = np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLES):
        at = np.concatenate([rows[i] for i in dice.integers(len(rows), size=len(rows))])
        k, m = (centred(v[np.ix_(at, at)]) for v in (left, right))
        size = np.linalg.norm(k) * np.linalg.norm(m)
        found.append(np.sum(k * m) / size if size > 0 else np.nan)
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return linear_cka(x, y), float(low), float(high)


def centred(kernel: np.ndarray) -> np.ndarray:
    """Return a kernel [n x n] as that of states whose mean is nothing."""
    return kernel - kernel.mean(0) - kernel.mean(1)[:, None] + kernel.mean()
