"""CKA with an interval: two models' states of the same positions in, an estimate out."""

from collections.abc import Sequence

import numpy as np

Z = 1.959964  # of a two-sided 95 % interval


def cka_interval(
    x: np.ndarray, y: np.ndarray, prompts: Sequence[str]
) -> tuple[float, float, float]:
    """Return the debiased linear CKA of states [n x d] and its 95 % interval over prompts.

    The plain CKA of few positions is far above 0 even for unrelated states, and a bootstrap, which
    repeats positions, lies higher still. So this one is of unbiased HSIC (Song et al. 2012, eq. 5;
    Nguyen et al. 2021, 2010.15327, section 2): about 0 for unrelated states, also below. The
    interval is a jackknife that leaves out a prompt, `prompts` [n] being the prompt of each row;
    not a number where fewer than two prompts or four positions remain.

    >>> x = np.random.default_rng(0).normal(size=(50, 4))
    >>> [round(v, 6) for v in cka_interval(x, 2 * x, [str(i // 5) for i in range(50)])]
    [1.0, 1.0, 1.0]
    """
    k, m = (np.asarray(v, np.float64) @ np.asarray(v, np.float64).T for v in (x, y))
    names, of = np.unique(np.asarray(prompts), return_inverse=True)
    value = debiased(k, m)
    if len(names) < 2:
        return value, float("nan"), float("nan")
    kept = [np.flatnonzero(of != i) for i in range(len(names))]
    without = np.array([debiased(k[np.ix_(at, at)], m[np.ix_(at, at)]) for at in kept])
    spread = (len(names) - 1) / len(names) * np.sum((without - without.mean()) ** 2)
    reach = Z * float(np.sqrt(spread))
    return value, value - reach, value + reach


def debiased(k: np.ndarray, m: np.ndarray) -> float:
    """Return the CKA of two kernels [n x n] by unbiased HSIC; at most 1."""
    if len(k) < 4:
        return float("nan")
    k, m = (v - np.diag(np.diag(v)) for v in (k, m))
    size = hsic(k, k) * hsic(m, m)
    return float(hsic(k, m) / np.sqrt(size)) if size > 0 else float("nan")


def hsic(k: np.ndarray, m: np.ndarray) -> float:
    """Return n(n − 3) times the unbiased HSIC of two kernels without their diagonals."""
    n = len(k)
    ones = k.sum() * m.sum() / ((n - 1) * (n - 2))
    return float(np.sum(k * m) + ones - 2 / (n - 2) * (k.sum(0) @ m.sum(0)))
