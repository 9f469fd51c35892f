"""A whole beside its stage 1 alone: what each way took of each prompt in, measures out.

What the targets are says `train.eval.targets`; here they stand beside what the gates ask for: how
much is not what full depth would have said, and whether leaving by chance does as well.
"""

from collections.abc import Sequence
from pathlib import Path

from train.eval.stage1 import Measure
from train.eval.statistics import Estimate, weighted_mean
from train.eval.targets import Seen, Took, judged

GATES = Path(__file__).with_suffix(".toml")
ALONE = "stage 1 alone"


def disagreement(name: str, seen: Sequence[Seen], way: str) -> Measure:
    """Return the share of tokens that full depth would not have said."""
    wrong = [float(s.took[way].tokens - s.took[way].accepted) for s in seen]
    tokens = [float(s.took[way].tokens) for s in seen]
    return Measure(name, weighted_mean(wrong, tokens, [s.group for s in seen]))


def measures(seen: Sequence[Seen], ways: Sequence[str], control: str | None) -> list[Measure]:
    """Return every measure of the whole; the gates' first."""
    found = judged(seen, ways, ALONE)
    count = float(sum(t.improved for t in found))
    least = min(t.estimate.n for t in found)
    made = [Measure("improved", Estimate(count, count, count, least))]
    each = [disagreement(f"disagreement.{way}", seen, way) for way in ways]
    worst = max(each, key=lambda m: m.estimate.value)
    made.append(Measure("disagreement", worst.estimate))
    if control:
        made += [
            by_chance(seen, ways[0], control),
            disagreement("disagreement.control", seen, control),
        ]
    made += each + [Measure(f"{t.name}.{t.way}", t.estimate) for t in found]
    for way in ways:
        made.append(Measure(f"cross_entropy.{way}", extra_nats(seen, way)))
        if (checks := passes(seen, way)) is not None:
            made.append(Measure(f"checks.{way}", checks))
    return made


def by_chance(seen: Sequence[Seen], way: str, control: str) -> Measure:
    """Return a way's disagreement − that of leaving by chance; below 0 it knows something."""
    change = [share_wrong(s.took[way]) - share_wrong(s.took[control]) for s in seen]
    return Measure("control", weighted_mean(change, [1.0] * len(seen), [s.group for s in seen]))


def share_wrong(took: Took) -> float:
    """Return the share of an answer that full depth would not have said."""
    return 1 - took.accepted / took.tokens


def extra_nats(seen: Sequence[Seen], way: str) -> Estimate:
    """Return cross-entropy of the reference answers, a way − stage 1 alone, nats a token."""
    change = [s.took[way].nats - s.took[ALONE].nats for s in seen]
    return weighted_mean(change, [s.reference for s in seen], [s.group for s in seen])


def passes(seen: Sequence[Seen], way: str) -> Estimate | None:
    """Return the share of prompts whose checks pass, a way − stage 1 alone; None without checks."""
    some = [s for s in seen if s.took[way].passed is not None]
    if not some:
        return None
    change = [float(bool(s.took[way].passed)) - float(bool(s.took[ALONE].passed)) for s in some]
    return weighted_mean(change, [1.0] * len(change), [s.group for s in some])
