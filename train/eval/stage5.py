"""Stage 5's table: what each codec made of each prompt in, measures of each split layer out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.eval.stage1 import Measure
from train.eval.statistics import Estimate, paired_difference, weighted_mean

GATES = Path(__file__).with_suffix(".toml")
LENGTHS = (32, 64)  # of greedy matches, where as much is read
SEED = "learned, seed "  # the pairs of further seeds; `learned` is the first, and what is kept


@dataclass(frozen=True)
class Outcome:
    """One prompt at one split layer through one codec."""

    kl: float  # nats, summed over positions
    agree: tuple[bool, ...]  # the same first token, position by position
    prompt_bytes: int  # of the packet that brings the prompt
    step_bytes: int  # of a packet that brings one more token
    tokens: int  # of the prompt

    @property
    def wrong(self) -> int:
        """Return at how many positions another token comes first."""
        return len(self.agree) - sum(self.agree)

    def greedy(self, length: int) -> bool:
        """Say whether the first tokens are those of the whole run.

        Until the first that is not, both runs have read the same tokens, so one pass tells.
        """
        return all(self.agree[:length])


@dataclass(frozen=True)
class Free:
    """One prompt answered by two ends with real packets, and what one pass had said of it."""

    right: float  # tokens before the first that one end alone would not have said
    one_pass: Callable[[int], bool]  # whether so many first tokens are the same

    def greedy(self, length: int) -> bool:
        """Say whether the first tokens are those of one end alone."""
        return self.right >= length


def lengths(read: int) -> list[int]:
    """Return over how many tokens a greedy match is taken, where so many of a prompt are read.

    >>> lengths(64), lengths(40), lengths(8)
    ([32, 64], [32, 40], [8])
    """
    return sorted({min(n, read) for n in LENGTHS})


def free_measures(found: Mapping[str, Sequence[Free]], read: int) -> list[Measure]:
    """Return the greedy match of generations that really ran in two ends, by codec.

    `disputed` is the share of prompts on which one pass, which reads all positions at once, says
    otherwise: contexts of a packet a token are not those of a whole prompt.
    """
    measures = []
    for name, column in found.items():
        ones = [1.0] * len(column)
        for n in lengths(read):
            same = weighted_mean([float(f.greedy(n)) for f in column], ones)
            measures.append(Measure(f"free.{name}.greedy_{n}", same))
        other = [float(f.greedy(read) != f.one_pass(read)) for f in column]
        measures.append(Measure(f"free.{name}.disputed", weighted_mean(other, ones)))
    return measures


Column = Sequence[Outcome]  # an outcome a prompt


def codec_measures(name: str, found: Column, read: int) -> list[Measure]:
    """Return the measures of one codec at one split layer."""
    positions = [len(o.agree) for o in found]
    ones = [1.0] * len(found)
    each = {
        "kl": weighted_mean([o.kl for o in found], positions),
        "disagreement": weighted_mean([o.wrong for o in found], positions),
        "bytes": weighted_mean([o.prompt_bytes for o in found], [o.tokens for o in found]),
        "step_bytes": weighted_mean([o.step_bytes for o in found], ones),
        "worst_kl": largest([o.kl / len(o.agree) for o in found]),
        "worst_disagreement": largest([o.wrong / len(o.agree) for o in found]),
    }
    for length in lengths(read):
        each[f"greedy_{length}"] = weighted_mean([o.greedy(length) for o in found], ones)
    return [Measure(f"{name}.{what}", value) for what, value in each.items()]


def largest(values: Sequence[float]) -> Estimate:
    """Return the worst prompt's value; it has no interval."""
    worst = float(np.max(values))
    return Estimate(worst, worst, worst, len(values))


def versus(name: str, found: Column, other_name: str, other: Column) -> list[Measure]:
    """Return how a codec differs from another on the same prompts: KL a position, and bytes."""
    positions = [len(o.agree) for o in found]
    kl = paired_difference([o.kl for o in found], [o.kl for o in other], positions)
    ratio = weighted_mean([o.prompt_bytes for o in found], [o.prompt_bytes for o in other])
    step = weighted_mean([o.step_bytes for o in found], [o.step_bytes for o in other])
    return [
        Measure(f"{name}.kl.minus.{other_name}", kl),
        Measure(f"{name}.bytes.over.{other_name}", ratio),
        Measure(f"{name}.step_bytes.over.{other_name}", step),
    ]


def layer_measures(found: Mapping[str, Column], read: int) -> list[Measure]:
    """Return all measures of one split layer, from an outcome a prompt for every codec.

    Of every prompt's continuation `read` tokens were read, or all until its end.
    """
    measures = [m for name, column in found.items() for m in codec_measures(name, column, read)]
    pairs = [("int8", "bf16"), ("learned", "int4"), ("learned", "pca"), ("learned", "start")]
    pairs += [("control", "int4"), ("control", "pca")]
    seeds = [name for name in found if name.startswith(SEED)]
    for name, other in [*pairs, *((s, o) for s in seeds for o in ("int4", "pca"))]:
        if name in found and other in found:
            measures += versus(name, found[name], other, found[other])
    return worst_seed(measures, seeds)


def worst_seed(measures: Sequence[Measure], seeds: Sequence[str]) -> list[Measure]:
    """Return the measures with the learned pair's differences as its worst seed has them.

    Each seed's own stay beside them under its name, the first one's as `learned, seed 0`.
    """
    named = {m.name: m for m in measures}
    found = dict(named)
    for name, m in named.items():
        first, _, rest = name.partition(".")
        if first == "learned" and ".kl.minus." in name and seeds and rest != "kl.minus.start":
            each = [m, *(named[f"{seed}.{rest}"] for seed in seeds)]
            worst = max(each, key=lambda one: one.estimate.high)
            found[f"{SEED}0.{rest}"] = Measure(f"{SEED}0.{rest}", m.estimate, m.counted)
            found[name] = Measure(name, worst.estimate, worst.counted)
    return list(found.values())


def worst(by_layer: Mapping[int, Sequence[Measure]]) -> list[Measure]:
    """Return each measure at the split layer where it is largest: what the gates speak of."""
    largest_of: dict[str, Measure] = {}
    for measures in by_layer.values():
        for m in measures:
            kept = largest_of.get(m.name)
            if kept is None or m.estimate.high > kept.estimate.high:
                largest_of[m.name] = m
    return list(largest_of.values())


def named(layer: int, measures: Sequence[Measure]) -> list[Measure]:
    """Return measures under the name of their split layer."""
    return [Measure(f"layer.{layer}.{m.name}", m.estimate, m.counted) for m in measures]
