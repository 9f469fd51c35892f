"""One model on a pack: everything that a comparison needs, so that one model is held at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from train.harness.drift import states
from train.harness.measure import Asked, Score, answer, answer_scores, text_scores
from train.harness.packs import Prompt
from train.model.gemma import Gemma

TRACED_TOKENS = 256  # of a prompt: states are as wide as the model, at every layer
Tick = Callable[[], None]


@dataclass(frozen=True)
class Plan:
    """What is measured; the same for every model of a comparison."""

    asked: Sequence[Asked]
    general: Sequence[str] = ()
    answered: Sequence[Prompt] = ()  # prompts that the model answers itself
    traced: int = 0  # prompts whose states are compared layer by layer
    window: int = 1024
    max_tokens: int = 64

    @property
    def work(self) -> int:
        """Return how many times `tick` is called."""
        return len(self.asked) + len(self.general) + len(self.answered) + bool(self.traced)


@dataclass(frozen=True)
class Observation:
    """What one model made of a plan."""

    scores: list[Score]
    general: list[Score] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)  # prompt id → the model's own answer
    states: list[np.ndarray] = field(default_factory=list)  # [n x d] at every boundary


def observe(model: Any, tokenizer: Any, plan: Plan, tick: Tick = lambda: None) -> Observation:
    """Measure a model; `tick` is called once for every prompt, text and answer."""
    gemma = Gemma(model)
    scores = answer_scores(gemma, plan.asked, plan.window, tick)
    general = text_scores(gemma, tokenizer, plan.general, plan.window, tick)
    answers = {}
    for prompt in plan.answered:
        answers[prompt.id] = answer(
            model, tokenizer, prompt, max_tokens=plan.max_tokens, window=plan.window
        )
        tick()
    found = []
    if plan.traced:
        found = states(gemma, [a.ids[-TRACED_TOKENS:] for a in plan.asked[: plan.traced]])
        tick()
    return Observation(scores, general, answers, found)
