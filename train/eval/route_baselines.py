"""What heads have to beat: scores of confidence from what a lens said, and nothing else.

All are fitted on the heads split, temperatures on the valid split, as the heads themselves are
trained and chosen. A score is any number, higher is surer; a probability lies in 0 to 1 as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit

from train.eval.judged import Judged
from train.model.heads import SCALARS, gelu, transformed

USED = ("entropy", "margin", "max_prob", "kl_before", "cosine")
EDGE = 1e-6  # a probability is kept this far from 0 and 1
FLOOR = -1e9  # of a score that does not exist
RIDGE, STEPS, BATCH, WIDTH = 1e-3, 600, 512, 32
Features = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Scored:
    """A baseline's scores: of positions [n x k] and of damaged states [m]."""

    real: np.ndarray
    dead: np.ndarray
    probability: bool = False


Model = Callable[[np.ndarray, np.ndarray], np.ndarray]  # scalars [r x s], layers [r] → scores [r]


def column(name: str) -> int:
    """Return where a scalar stands."""
    return SCALARS.index(name)


def value(name: str, sign: float) -> Model:
    """Return a scalar itself, turned so that higher is surer; what is missing is least sure."""

    def score(scalars: np.ndarray, layers: np.ndarray) -> np.ndarray:
        x = sign * scalars[:, column(name)].astype(float)
        return np.where(np.isfinite(x), x, FLOOR)

    return score


def fixed(scalars: np.ndarray, layers: np.ndarray) -> np.ndarray:
    """Return the layer: an exit at a fixed depth trusts every state there alike."""
    return layers.astype(float)


def chance(scalars: np.ndarray, layers: np.ndarray) -> np.ndarray:
    """Return a number that has nothing to do with the state."""
    return np.random.default_rng(0).uniform(size=len(layers))


def log_odds(name: str, scalars: np.ndarray) -> np.ndarray:
    """Return a scalar as log-odds of being right; the lens's least where it is missing.

    Of max_prob its own, of the entropy H those of exp(−H), and the margin of two logits as it is.
    """
    x = scalars[:, column(name)].astype(float)
    if name != "margin":
        p = np.exp(-x) if name == "entropy" else x
        x = logit(np.clip(p, EDGE, 1 - EDGE))
    return np.where(np.isfinite(x), x, logit(EDGE))


def tempered(name: str, valid: Judged) -> Model:
    """Return σ(log-odds / T), T of each layer the likeliest on the valid split (Guo et al. 2017).

    A lens's logits are not kept, so the temperature acts on the log-odds of its confidence.
    """
    rates = []
    for k in range(len(valid.layers)):
        x, right = log_odds(name, valid.scalars[:, k]), valid.agree[:, k]
        found: Any = minimize_scalar(
            lambda t, x=x, right=right: likelihood(x * np.exp(t), right),
            bounds=(-4, 4),
            method="bounded",
        )
        rates.append(float(np.exp(found.x)))
    rate = np.array(rates)
    return lambda scalars, layers: expit(log_odds(name, scalars) * rate[layers])


def likelihood(x: np.ndarray, right: np.ndarray) -> float:
    """Return the mean negative log-likelihood of log-odds."""
    return float(np.mean(np.logaddexp(0, np.where(right, -x, x))))


def features(heads: Judged) -> Features:
    """Return a function that standardises the scalars of a lens, layer by layer: [r x 5]."""
    keep = [column(name) for name in USED]
    x = np.array(transformed(mx.array(heads.scalars)))[..., keep]
    mean, scale = x.mean(0), np.maximum(x.std(0), 1e-6)

    def make(scalars: np.ndarray, layers: np.ndarray) -> np.ndarray:
        x = np.array(transformed(mx.array(scalars)))[..., keep]
        there = np.isfinite(scalars[..., keep])
        return np.where(there, np.clip((x - mean[layers]) / scale[layers], -6, 6), 0)

    return make


def logistic(heads: Judged, make: Features) -> Model:
    """Return a logistic regression of each layer on all the scalars."""
    found = []
    for k in range(len(heads.layers)):
        x, right = make(heads.scalars[:, k], np.full(len(heads.agree), k)), heads.agree[:, k]
        x = np.hstack([x, np.ones((len(x), 1))])

        def loss(w: np.ndarray, x: np.ndarray = x, right: np.ndarray = right) -> tuple:
            z = x @ w
            slope = x.T @ (expit(z) - right) / len(x) + 2 * RIDGE * w
            return likelihood(z, right) + RIDGE * float(w @ w), slope

        found.append(minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x)
    weights = np.stack(found)

    def score(scalars: np.ndarray, layers: np.ndarray) -> np.ndarray:
        x = make(scalars, layers)
        own = weights[layers]
        return expit((x * own[:, :-1]).sum(-1) + own[:, -1])

    return score


def mlp(heads: Judged, valid: Judged, make: Features) -> Model:
    """Return a small network on the same scalars and the layer; the valid split stops it."""
    k = len(heads.layers)

    def inputs(scalars: np.ndarray, layers: np.ndarray) -> mx.array:
        return mx.array(np.hstack([make(scalars, layers), np.eye(k)[layers]]), mx.float32)

    x, right = inputs(*flat(heads)), mx.array(heads.agree.ravel().astype(np.float32))
    held, held_right = inputs(*flat(valid)), valid.agree.ravel()
    mx.random.seed(0)
    net = [nn.Linear(x.shape[1], WIDTH), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 1)]
    model, dice = nn.Sequential(net[0], gelu, net[1], gelu, net[2]), np.random.default_rng(0)
    optimizer = optim.AdamW(3e-3, weight_decay=0.01)

    def loss(x: mx.array, right: mx.array) -> mx.array:
        return nn.losses.binary_cross_entropy(model(x)[:, 0], right, with_logits=True).mean()

    step, best, kept = nn.value_and_grad(model, loss), np.inf, model.parameters()
    for i in range(STEPS):
        some = mx.array(dice.integers(len(right), size=min(BATCH, len(right))))
        optimizer.update(model, step(x[some], right[some])[1])
        mx.eval(model.parameters(), optimizer.state)
        if i % 30 == 29:
            now = likelihood(np.array(model(held)[:, 0], float), held_right)
            if now < best:
                best, kept = now, model.parameters()
    model.update(kept)
    return lambda scalars, layers: expit(np.array(model(inputs(scalars, layers))[:, 0], float))


def flat(judged: Judged) -> tuple[np.ndarray, np.ndarray]:
    """Return the scalars [n·k x s] and layers [n·k] of all positions."""
    n, k = judged.agree.shape
    return judged.scalars.reshape(n * k, -1), np.tile(np.arange(k), n)


def fit(heads: Judged, valid: Judged) -> dict[str, tuple[Model, bool]]:
    """Return every baseline by name, and whether its score is a probability."""
    make = features(heads)
    plain = {
        "entropy": value("entropy", -1),
        "max_prob": value("max_prob", 1),
        "margin": value("margin", 1),
        "kl_before": value("kl_before", -1),
        "cosine": value("cosine", 1),
        "fixed": fixed,
        "random": chance,
    }
    sure = {f"{n}.tempered": tempered(n, valid) for n in ("entropy", "max_prob", "margin")}
    sure |= {"logistic": logistic(heads, make), "mlp": mlp(heads, valid, make)}
    probabilities = {"max_prob", "random", *sure}
    return {name: (model, name in probabilities) for name, model in (plain | sure).items()}


def apply(models: dict[str, tuple[Model, bool]], judged: Judged) -> dict[str, Scored]:
    """Return every baseline's scores of a split."""
    found = {}
    for name, (model, probability) in models.items():
        real = model(*flat(judged)).reshape(judged.agree.shape)
        dead = model(judged.dead_scalars, judged.dead_layer)
        found[name] = Scored(real, dead, probability)
    return found


def best(names: Sequence[str], values: dict[str, float]) -> str:
    """Return the name with the least value."""
    return min(names, key=lambda name: values[name])
