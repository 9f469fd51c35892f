"""Stage 3's table: what each way to run fewer layers says of held-out tokens, measures out.

Every number is a mean over tokens with an interval that resamples prompts (of one conversation
together); ratios are paired by prompt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx
import numpy as np

from train.eval.stage1 import Measure
from train.eval.statistics import Estimate, weighted_mean
from train.harness.full_depth import FullDepth, log_softmax

GATES = Path(__file__).with_suffix(".toml")
FACTS = ("kl", "agree", "cross_entropy")


@dataclass(frozen=True)
class Told:
    """What one way says of one prompt: sums over its tokens."""

    kl: float
    agree: float
    cross_entropy: float


@dataclass(frozen=True)
class Seen:
    """One prompt: its tokens, and what every way says of them, by (exit, way)."""

    id: str
    group: str
    tokens: int
    told: Mapping[tuple[int, str], Told]
    identical: bool


def told(logits: mx.array, full: FullDepth, token: mx.array) -> Told:
    """Compare logits [n x v] with full depth's; `token` [n] is what full depth said."""
    log_q = log_softmax(logits.astype(mx.float32))
    said = mx.take_along_axis(log_q, token[:, None].astype(mx.int32), -1)
    agree = mx.argmax(logits, -1) == full.best
    sums = [mx.sum(full.excess(log_q)), mx.sum(agree), -mx.sum(said)]
    return Told(*(float(np.array(s)) for s in sums))


def mean(seen: Sequence[Seen], exit: int, way: str, fact: str) -> Estimate:
    """Return the mean a token of one fact of one way."""
    sums = [getattr(s.told[exit, way], fact) for s in seen]
    return weighted_mean(sums, [s.tokens for s in seen], [s.group for s in seen])


def ratio(seen: Sequence[Seen], exit: int, way: str, against: str) -> Estimate:
    """Return Σ KL of a way ÷ Σ KL of another, paired by prompt."""
    above = [s.told[exit, way].kl for s in seen]
    below = [s.told[exit, against].kl for s in seen]
    return weighted_mean(above, below, [s.group for s in seen])


def random_router(seen: Sequence[Seen], exits: Sequence[int], depth: int, way: str) -> Estimate:
    """Return the KL of leaving at the first exit by chance, as often as makes the second's mean.

    Those that do not leave run through all layers and diverge by nothing.
    """
    first, half = exits[0], exits[1]
    share = (depth - half) / (depth - first)
    sums = [share * s.told[first, way].kl for s in seen]
    return weighted_mean(sums, [s.tokens for s in seen], [s.group for s in seen])


def measures(
    seen: Sequence[Seen], exits: Sequence[int], depth: int, seeds: Sequence[str], half: int
) -> list[Measure]:
    """Return every measure; the gates' first."""
    groups = [s.group for s in seen]
    ratios = {seed: ratio(seen, half, seed, "affine lens") for seed in seeds}
    worst = max(ratios, key=lambda seed: ratios[seed].value)
    same = weighted_mean([float(s.identical) for s in seen], [1.0] * len(seen), groups)
    found = [
        Measure("kl_ratio", ratios[worst]),
        Measure("bit_identical", same),
        Measure("control", ratio(seen, half, "shuffled", "affine lens")),
    ]
    for name in ("learned affine", "extra block"):
        found.append(Measure(f"kl_ratio.against {name}", ratio(seen, half, worst, name)))
        found.append(Measure(f"kl_ratio.{name}", ratio(seen, half, name, "affine lens")))
    found += [Measure(f"kl_ratio.seed {seed}", r) for seed, r in ratios.items()]
    if half in exits[1:2]:
        found.append(Measure("kl.random router", random_router(seen, exits, depth, worst)))
    for exit, way in dict.fromkeys(key for s in seen for key in s.told):
        for fact in FACTS:
            found.append(Measure(f"{fact}.{exit}.{way}", mean(seen, exit, way, fact)))
    return found
