"""What an ablation shows: nats a prompt of both sides and every seed in, a verdict out."""

from collections.abc import Sequence
from typing import Any

SIDES = ("with", "without")


def conclusion(scores: dict[str, Any], least: int) -> dict[str, Any]:
    """Return the difference with − without in nats a token, paired by prompt, and what it shows.

    The value is the mean over seeds; its interval resamples prompts. Only where that is off zero
    and every seed's own value lies on the same side does it say that a difference was seen.
    """
    from train.eval.statistics import paired_difference

    tokens = [p["tokens"] for p in scores["prompts"]]
    groups = [p["group"] for p in scores["prompts"]]
    each = [
        paired_difference(one["with"]["nats"], one["without"]["nats"], tokens, groups)
        for one in scores["seeds"]
    ]
    means = {
        side: [
            sum(values) / len(each)
            for values in zip(*(one[side]["nats"] for one in scores["seeds"]), strict=True)
        ]
        for side in SIDES
    }
    whole = paired_difference(means["with"], means["without"], tokens, groups)
    found = verdict(whole.low, whole.high, [e.value for e in each], scores["n"], least)
    return {
        "difference": vars(whole),
        "by_seed": [vars(e) for e in each],
        "verdict": found,
        "words": words(found, vars(whole), len(each)),
    }


def verdict(low: float, high: float, values: Sequence[float], n: int, least: int) -> str:
    """Return what an interval, and each seed's own value, show.

    >>> verdict(-0.2, -0.1, [-0.1, -0.2], 50, 20), verdict(-0.2, -0.1, [0.1, -0.4], 50, 20)
    ('helps', 'no difference seen')
    >>> verdict(0.1, 0.2, [0.1, 0.2], 50, 20), verdict(-0.2, -0.1, [-0.1], 9, 20)
    ('hurts', 'too few')
    """
    if n < least:
        return "too few"
    if high < 0 and max(values) < 0:
        return "helps"
    if low > 0 and min(values) > 0:
        return "hurts"
    return "no difference seen"


def words(found: str, whole: dict[str, Any], seeds: int) -> str:
    """Return the result in a sentence."""
    said = {
        "helps": "With the rules it reads held-out answers better than without",
        "hurts": "With the rules it reads held-out answers worse than without",
        "no difference seen": "No difference seen",
        "too few": "Too few prompts to tell",
    }[found]
    number = "{value:+.4f} [{low:+.4f}, {high:+.4f}] nats a token, n = {n}".format(**whole)
    return f"{said}: with − without = {number} prompts, mean of {seeds} seeds."
