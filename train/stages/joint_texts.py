"""The semantic term: texts of a stage-4 build through the live model, held against their labels."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.resample import Groups
from train.eval.stage6 import Labelled
from train.harness.chat import template
from train.model.gemma import Gemma
from train.stages import semantic_losses
from train.stages.loop import number
from train.stages.stage4 import SemanticSettings, same_states
from train.stages.text_states import TextStates


class Texts:
    """A build's texts as a projection was taught them, and their states as they are now.

    Texts in other words, and neighbours, stay as they were captured.
    """

    def __init__(self, facts: dict[str, Any], gemma: Gemma, tokenizer: Any) -> None:
        """Read what a stage-4 run learned from; AgpError where it is another by now."""
        self.gemma, self.tokenizer = gemma, tokenizer
        self.settings = SemanticSettings.model_validate(facts["settings"])
        self.source = same_states(facts, self.settings)
        splits, s = facts["learned_from"], self.settings
        parts = [semantic_losses.read(self.source, x, s.pool, s.unvoted) for x in splits]
        self.rows = semantic_losses.joined(parts)
        self.valid = semantic_losses.read(self.source, "valid", s.pool, s.unvoted)
        self.written = [text for x in splits for text in self.source.written(x, "plain")]

    def __len__(self) -> int:
        """Return how many texts are learned from."""
        return len(self.rows)

    def states(self, texts: Sequence[str]) -> mx.array:
        """Return the live states [r x d] of texts, pooled as the projection wants them."""
        found, layer = [], self.source.layer
        for text in texts:
            asked = [{"role": "user", "content": text}]
            ids = template(self.tokenizer, asked, prompt=True)[-self.source.window :]
            h = self.gemma.capture(mx.array([ids]), [layer])[0][layer][0].astype(mx.float32)
            found.append(h[-1] if self.settings.pool == "last" else h.mean(axis=0))
        return mx.stack(found)

    def term(self, members: Sequence[Any], at: np.ndarray) -> mx.array:
        """Return stage 4's loss of some texts, a mean over their weight and over seeds."""
        live: Any = self.states([self.written[i] for i in at])
        rows = replace(self.rows.taken(at), states=live)
        return self.mean(members, rows)

    def mean(self, members: Sequence[Any], rows: Any) -> mx.array:
        """Return the mean loss of rows."""
        losses = [semantic_losses.composite(m, rows, self.settings) for m in members]
        return mx.stack(losses).mean() / float(rows.weight.sum())

    def look(self, members: Sequence[Any]) -> tuple[float, Labelled]:
        """Return the loss on the valid split, and what the projections say of its texts."""
        live: Any = self.states(self.source.written("valid", "plain"))
        loss = self.mean(members, replace(self.valid, states=live))
        return number(loss), labelled(self.source, "valid", live, members)


def labelled(source: TextStates, split: str, states: Any, members: Sequence[Any]) -> Labelled:
    """Return what projections say of a split's texts from their states [t x d]."""
    texts = source.read(split)
    scores = [np.array(m(mx.array(states))[0], float) for m in members]
    return Labelled(scores, texts.holds, Groups.of(texts.ids))
