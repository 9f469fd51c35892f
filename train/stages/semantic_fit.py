"""What a stage-4 run is held against: its folder in, projections and fitted baselines out.

Baselines learn from the texts, probabilities and weights that the projections learned from, copies
included, and valid chooses their ridge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.text_baselines import Targets, Words, fitted, standardised
from train.eval.usefulness import UNTRAINED
from train.harness.labelled_texts import LabelledTexts
from train.model.semantic import Semantic, load_semantic
from train.stages.semantic_losses import Rows
from train.stages.stage4 import CONTROL, SemanticSettings, Stage4, same_states
from train.stages.text_states import TextStates

Judge = Callable[[Any], np.ndarray]


@dataclass(frozen=True)
class Fitted:
    """Everything that is fixed before the split is read."""

    source: TextStates
    settings: SemanticSettings
    members: dict[str, Semantic]
    prior: np.ndarray  # [l]
    bag: tuple[Words, Judge]
    dense: Judge

    @property
    def seeds(self) -> list[str]:
        """Return the names of the seeds."""
        return [name for name in self.members if name not in (CONTROL, UNTRAINED)]


def fit(run: Path, facts: dict[str, Any]) -> Fitted:
    """Fit the baselines as the projections were trained, on the run's own splits."""
    settings = SemanticSettings.model_validate(facts["settings"])
    source = same_states(facts, settings)
    stage = Stage4(source, settings)
    members = load_semantic(run / "best", source.identity)
    members[UNTRAINED] = untrained(members[CONTROL])
    copies = np.bincount(stage.repeats, minlength=len(stage.train))
    learned, held = targets(stage.train, copies), targets(stage.valid)
    splits = settings.splits(source.adapter is not None)
    asked = [text for s in splits for text in source.read(s).asked]
    before = [text for s in splits for text in earlier(source.read(s))]
    words = Words(asked, before)
    valid = source.read("valid")
    bag = fitted(words(asked, before), learned, words(valid.asked, earlier(valid)), held)
    standard = standardised(stage.train.states)
    dense = fitted(standard(stage.train.states), learned, standard(stage.valid.states), held)
    return Fitted(
        source,
        settings,
        members,
        stage.train.rate(),
        (words, bag),
        lambda states: dense(standard(states)),
    )


def targets(rows: Rows, copies: np.ndarray | None = None) -> Targets:
    """Return what regressions learn: the same probabilities and weights as projections."""
    weight = rows.weight if copies is None else rows.weight * copies
    return Targets(rows.target.astype(float), rows.sure * weight[:, None].astype(float))


def earlier(texts: LabelledTexts) -> list[str]:
    """Return the prompts before each text as one."""
    return ["\n\n".join(before) for before in texts.before]


def untrained(like: Semantic) -> Semantic:
    """Return a projection of the same shape with random weights."""
    mx.random.seed(1_000_003)
    made = Semantic(like.shape)
    made.mean, made.scale = like.mean, like.scale
    made.eval()
    return made
