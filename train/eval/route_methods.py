"""A way to decide where to exit, as stage 2 sees it: scores and thresholds in, statistics out.

A method is one score or, for heads, one a seed; its statistics are means over seeds and over
candidate layers, so that no layer's easiness mixes with another's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from train.eval import policy, resample, selective
from train.eval.judged import Judged
from train.eval.resample import Groups, Statistic
from train.eval.selective import Row

NOTHING = float("inf")  # a threshold that accepts no state
POINTS = 60  # of a curve


@dataclass(frozen=True)
class Method:
    """Scores of positions [n x k] and of damaged states [m], and a threshold, for each seed."""

    name: str
    real: Sequence[np.ndarray]
    dead: Sequence[np.ndarray]
    thresholds: Sequence[float]  # NOTHING where none could be certified
    probability: bool = False


def over_layers(
    area: Callable[[np.ndarray, np.ndarray, Groups], Statistic], method: Method, judged: Judged
) -> Statistic:
    """Return the mean over candidate layers and seeds of an area under a curve."""
    return resample.average(
        [
            area(scores[:, k], judged.wrong[:, k], judged.groups)
            for scores in method.real
            for k in range(len(judged.layers))
        ]
    )


def calibration(method: Method, judged: Judged) -> dict[str, Statistic]:
    """Return ECE and Brier score of probabilities, over all positions and layers together."""
    k = len(judged.layers)
    groups = Groups(np.repeat(judged.groups.at, k), judged.groups.size, judged.groups.prompts)
    right, one = judged.agree.ravel().astype(float), np.ones(judged.agree.size)
    ece = [resample.ece(scores.ravel(), right, groups) for scores in method.real]
    brier = [resample.ratio((scores.ravel() - right) ** 2, one, groups) for scores in method.real]
    return {"ece": resample.average(ece), "brier": resample.average(brier)}


def certified(method: Method, judged: Judged) -> dict[str, Statistic]:
    """Return what the certified thresholds do to this split: coverage, false accepts, layers run.

    False accepts are the risk of the certificate: the share of a prompt's accepted positions that
    are wrong, 0 where none is accepted, averaged over prompts.
    """
    groups, one = judged.groups, np.ones(len(judged.agree))
    depths = np.array([*judged.layers, judged.n_layers]) / judged.n_layers
    found: dict[str, list[Statistic]] = {"coverage": [], "false_accepts": [], "depth": []}
    for scores, threshold in zip(method.real, method.thresholds, strict=True):
        loss = policy.losses(scores, judged.wrong, groups, [threshold])[:, 0]
        run = depths[policy.exits(scores, threshold)]
        covered = policy.covered(scores, threshold)
        found["coverage"].append(resample.ratio(covered, one, groups))
        found["false_accepts"].append(mean_of_groups(loss))
        found["depth"].append(resample.ratio(run, one, groups))
    return {name: resample.average(parts) for name, parts in found.items()}


def mean_of_groups(values: np.ndarray) -> Statistic:
    """Return the mean of a value a group."""
    return lambda counts: counts @ values / counts.sum(axis=1)


def dead_accepted(method: Method, judged: Judged, some: np.ndarray) -> Statistic:
    """Return the share of damaged states (those of `some` [m]) that the thresholds accept."""
    groups = of_dead(judged, some)
    one = np.ones(int(some.sum()))
    return resample.average(
        [
            resample.ratio((scores[some] >= threshold).astype(float), one, groups)
            for scores, threshold in zip(method.dead, method.thresholds, strict=True)
        ]
    )


def death(
    real: Sequence[np.ndarray], dead: Sequence[np.ndarray], judged: Judged, some: np.ndarray
) -> Statistic:
    """Return the AUROC of telling damaged states of `some` [m] from the real ones they stand for.

    Each damaged state meets real states of its own layer only: the layer gives nothing away.
    """
    where = [(k, some & (judged.dead_layer == k)) for k in range(len(judged.layers))]
    return resample.average(
        [
            resample.auroc(
                np.concatenate([d[here], r[judged.dead_row[here], k]]),
                np.repeat([1, 0], here.sum()),
                joined_groups(judged, here),
            )
            for r, d in zip(real, dead, strict=True)
            for k, here in where
            if here.any()
        ]
    )


def of_dead(judged: Judged, some: np.ndarray) -> Groups:
    """Return the groups of damaged states, the same as those of their positions."""
    at = judged.groups.at[judged.dead_row[some]]
    return Groups(at, judged.groups.size, judged.groups.prompts)


def joined_groups(judged: Judged, some: np.ndarray) -> Groups:
    """Return the groups of damaged states followed by the real ones they stand for."""
    at = of_dead(judged, some).at
    return Groups(np.concatenate([at, at]), judged.groups.size, judged.groups.prompts)


def curve(method: Method, judged: Judged) -> list[Row]:
    """Return the policy's risk and coverage at thresholds of the first seed, for plots."""
    scores = method.real[0]
    rows = []
    for threshold in policy.grid(scores, POINTS):
        taken = policy.accepted(scores, threshold)
        bad = policy.wrongly(scores, judged.wrong, threshold)
        rows.append(
            {
                "threshold": threshold,
                "coverage": float(policy.covered(scores, threshold).mean()),
                "risk": float(bad.sum() / max(taken.sum(), 1)),
            }
        )
    return rows


def exits_by_depth(method: Method, judged: Judged) -> dict[str, float]:
    """Return the share of positions that leave at each layer under the certified thresholds.

    The last is full depth, where what never leaves ends. The mean over the seeds; sums to 1.
    """
    names = [str(layer) for layer in (*judged.layers, judged.n_layers)]
    shares = [
        np.bincount(policy.exits(scores, threshold), minlength=len(names)) / len(scores)
        for scores, threshold in zip(method.real, method.thresholds, strict=True)
    ]
    return dict(zip(names, np.mean(shares, axis=0).tolist(), strict=True))


def layer_curves(method: Method, judged: Judged) -> dict[str, list[Row]]:
    """Return the risk–coverage curve of each candidate layer, of the first seed, thinned."""
    found = {}
    for k, layer in enumerate(judged.layers):
        rows = selective.risk_coverage(method.real[0][:, k], judged.wrong[:, k])
        found[str(layer)] = rows[:: max(1, len(rows) // POINTS)] + rows[-1:]
    return found
