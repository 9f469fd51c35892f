"""A way to generate, over the prompts of a pack: what it saves and what it changes, in intervals.

Easy and hard prompts stand apart: easy is the half whose own full-depth answers are surer, by the
mean entropy of their tokens.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from train.eval.statistics import Estimate, weighted_mean
from train.harness.generation import Faithful, Said, Way, beside_full, figures, generate
from train.harness.policies import Always
from train.model.gemma import Gemma
from train.model.work import Costs


@dataclass(frozen=True)
class Answer:
    """One prompt, answered both ways."""

    said: list[Said]
    full: list[Said]
    faithful: Faithful
    entropy: float  # mean of full depth over its own answer, in nats


def beside(gemma: Gemma, tokenizer: Any, ids: list[int], said: list[Said], length: int) -> Answer:
    """Return what a way said of a prompt, with what full depth says of it."""
    said = real(said)
    full = real(generate(gemma, tokenizer, ids, Way(Always(), {}), length))
    own, routed = [s.token for s in full], [s.token for s in said]
    entropy = float(np.mean(beside_full(gemma, ids, own, own).entropy))
    return Answer(said, full, beside_full(gemma, ids, routed, own), entropy)


def real(said: Iterable[Said]) -> list[Said]:
    """Return the tokens, without a rest of text that stands for none."""
    return [s for s in said if s.token >= 0]


def groups(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """Return all answers, and the easy and the hard half where there are at least two."""
    by_entropy = sorted(answers, key=lambda a: a.entropy)
    half = len(answers) // 2
    found = {"all": list(answers)}
    return found | ({"easy": by_entropy[:half], "hard": by_entropy[half:]} if half else {})


MEASURES: dict[str, Callable[[Answer], tuple[float, float]]] = {
    "layers": lambda a: (sum(s.step.layers for s in a.said), len(a.said)),
    "heads": lambda a: (sum(s.step.heads for s in a.said), len(a.said)),
    "agree": lambda a: (sum(a.faithful.agree), len(a.said)),
    "same": lambda a: (sum(a.faithful.same), len(a.faithful.same)),
    "identical": lambda a: (float(all(a.faithful.same)), 1),
}


def table(gemma: Gemma, answers: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    """Return each group's measures (as dictionaries of an Estimate) and latencies.

    `work` and `reads` are shares of full depth. `time` is the ratio of seconds a token, paired by
    prompt. `agree` and `same` are shares of tokens: after the same tokens, and free-running.
    """
    full = Costs(gemma).full
    found: dict[str, dict[str, Any]] = {}
    for name, members in groups(answers).items():
        rows = {key: mean([of(a) for a in members]) for key, of in MEASURES.items()}
        for key in ("work", "reads"):
            sums = [sum(getattr(s.step, key) for s in a.said) / full for a in members]
            rows[key] = mean([(v, len(a.said)) for v, a in zip(sums, members, strict=True)])
        rows["time"] = mean([(pace(a.said) / pace(a.full), 1.0) for a in members])
        found[name] = {key: asdict(estimate) for key, estimate in rows.items()}
        for key in ("said", "full"):
            of_all = [s.seconds for a in members for s in getattr(a, key)[1:]] or [np.nan]
            slow = 1e3 * np.percentile(of_all, [50, 90, 99])
            found[name][f"{key}_ms"] = dict(zip(("p50", "p90", "p99"), slow.tolist(), strict=True))
    return found


def mean(parts: Sequence[tuple[float, float]]) -> Estimate:
    """Return Σ first / Σ second with an interval over prompts."""
    return weighted_mean([a for a, _ in parts], [b for _, b in parts])


def pace(said: Sequence[Said]) -> float:
    """Return the seconds a token, the first one and its prompt included."""
    return sum(s.seconds for s in said) / len(said)


def saves(work: float, reads: float) -> str:
    """Return in a sentence whether less is computed than at full depth.

    >>> saves(1.04, 1.04)
    'This policy saves nothing: 104 % of the work of full depth, heads counted.'
    """
    if min(work, reads) >= 0.995:
        start, end = "This policy saves nothing: ", ""
    elif work < 0.995:
        start, end = "It takes ", ""
    else:
        start = "It takes "
        end = (
            f" It reads {100 * reads:.0f} % of the weights: a gain only where memory is slower "
            "than arithmetic."
        )
    return f"{start}{100 * work:.0f} % of the work of full depth, heads counted.{end}"


def one_text(gemma: Gemma, a: Answer) -> dict[str, Any]:
    """Return the figures of one prompt, with those of full depth beside."""
    return {
        **figures(a.said, gemma),
        "agree": sum(a.faithful.agree) / len(a.said),
        "diverges": a.faithful.diverges,
        "full": figures(a.full, gemma),
        "time": pace(a.said) / pace(a.full),
    }
