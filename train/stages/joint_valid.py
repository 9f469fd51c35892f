"""The valid split through the live parts: the composite loss, and the figures that margins hold."""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.gates import load_gates
from train.eval.resample import Groups
from train.eval.stage1 import Measure
from train.eval.stage6 import GATES, Figures, Ranked, Sums
from train.stages import joint_losses
from train.stages.batches import make, plan
from train.stages.contexts import Contexts
from train.stages.joint_data import Taught
from train.stages.joint_parts import depth_modules
from train.stages.joint_terms import Terms
from train.stages.loop import number
from train.stages.losses import divergence, token_losses

AT_ONCE = 8  # prompts
PACK = 512  # tokens of SFT rows


class Look:
    """One look at the valid split: loss terms and figures, added up prompt by prompt."""

    def __init__(self, terms: Terms) -> None:
        """Begin with nothing."""
        self.live, self.valid = terms, terms.source.valid
        self.parts: dict[str, list[tuple[float, float]]] = {}  # term → (sum, weight) of some of it
        self.depth: list[float] = []
        self.sent: list[float] = []
        self.confidence: list[list[np.ndarray]] = []
        self.wrong: list[np.ndarray] = []

    def add(self, term: str, mean: mx.array, weight: float) -> None:
        """Take a term's mean over some of the split."""
        self.parts.setdefault(term, []).append((number(mean) * weight, weight))

    def loss(self, settings: Any) -> float:
        """Return the composite loss, every term at its full weight."""
        return sum(
            getattr(settings, term) * sum(s for s, _ in parts) / sum(w for _, w in parts)
            for term, parts in self.parts.items()
        )

    def answered(self) -> Sums:
        """Return the cross-entropy of the valid rows of the SFT build, row by row."""
        rows = self.live.source.valid_rows
        nats, weights = np.zeros(len(rows)), np.zeros(len(rows))
        for group in plan([len(x.ids) for x in rows], "pack", PACK, 0, 0):
            each = token_losses(self.live.gemma, make([rows[i] for i in group], "pack"))
            ends = np.cumsum([len(rows[i].targets) for i in group])[:-1]
            for i, part in zip(group, np.split(each, ends), strict=True):
                nats[i] = part.sum() * rows[i].weight
                weights[i] = len(part) * rows[i].weight
        self.parts["sft"] = [(float(nats.sum()), float(weights.sum()))]
        return Sums(nats.tolist(), weights.tolist(), Groups.of(range(len(rows))))

    def take(self, some: Sequence[Taught], first: int) -> None:
        """Take in some prompts; `first` is the number of the first of them in the split."""
        gemma, roles = self.live.gemma, self.live.roles
        states = joint_losses.states_of(gemma, [p.said for p in some], self.live.boundaries)
        full = gemma.decode(states[gemma.n_layers]).astype(mx.float32)
        ends = np.cumsum([len(p.rows) for p in some])
        said: Contexts = {}
        if "depth" in roles:
            self.exits(some, states, full, ends)
        if "heads" in roles:
            said = self.judged(some, states)
        if "codec" in roles:
            own = mx.split(full, [int(e) for e in ends[:-1]])
            for i, (prompt, whole) in enumerate(zip(some, own, strict=True)):
                splits = self.live.source.splits
                found = self.live.sent(prompt, splits[(first + i) % len(splits)], said)
                self.add("transfer", self.live.transfer(found, prompt), len(prompt.rows))
                self.sent.append(number(divergence(whole, found.logits).sum()))

    def exits(
        self, some: Sequence[Taught], states: joint_losses.States, full: mx.array, ends: np.ndarray
    ) -> None:
        """Take in the term of depth, and how far half depth is from the own full depth."""
        gemma, final = self.live.gemma, mx.concatenate([p.final for p in some])
        term = joint_losses.depth_term(gemma, depth_modules(self.live.parts), states, final)
        self.add("depth", term, float(ends[-1]))
        half = depth_modules(self.live.parts, half=True)
        said = [gemma.decode(m(states)).astype(mx.float32) for m in half]
        off = np.mean([np.array(divergence(full, x)) for x in said], axis=0)
        self.depth += [float(part.sum()) for part in np.split(off, ends[:-1])]

    def judged(self, some: Sequence[Taught], states: joint_losses.States) -> Contexts:
        """Take in the terms of route and vitality, confidences, and which exits are wrong.

        An exit is right where it names what full depth said before anything moved: a reference
        that stays, as in the gates on the test split.
        """
        live, dead, looks = self.live.judged(some, states)
        for term, mean in self.live.heads(live, dead).items():
            self.add(term, mean, len(live) + len(dead))
        members = self.live.part("heads").moving()
        sure = [mx.sigmoid(m(live.look())["confidence"]) for m in members]
        self.confidence.append([np.array(x).reshape(looks.best.shape) for x in sure])
        self.wrong.append(looks.best != np.concatenate([p.token for p in some])[:, None])
        return self.live.contexts(some, live)

    def ranked(self) -> Ranked | None:
        """Return confidences of all positions, and which exits are wrong; None without heads."""
        if not self.confidence:
            return None
        names = [p.said.prompt for p in self.valid for _ in p.rows]
        scores = [np.concatenate(seed) for seed in zip(*self.confidence, strict=True)]
        return Ranked(scores, np.concatenate(self.wrong), Groups.of(names))


def look(terms: Terms, settings: Any) -> tuple[float, Figures]:
    """Return the composite loss of the valid split and its figures; nothing is drawn."""
    found, texts = Look(terms), terms.source.texts
    answers, semantic = found.answered(), None
    for i in range(0, len(found.valid), AT_ONCE):
        found.take(found.valid[i : i + AT_ONCE], i)
    if texts:
        loss, semantic = texts.look(terms.part("semantic").moving())
        found.parts["semantic"] = [(loss, 1.0)]
    each = Groups.of([p.said.prompt for p in found.valid])
    positions = [float(len(p.rows)) for p in found.valid]
    depth, sent = (Sums(x, positions, each) if x else None for x in (found.depth, found.sent))
    return found.loss(settings), Figures(answers, depth, sent, found.ranked(), semantic)


def beyond(measures: Sequence[Measure]) -> str:
    """Return in words what got worse beyond its margin; empty where nothing did.

    On few prompts a value alone says little, so its interval has to exclude no change, too.
    """
    margins = {g.name: g.threshold for g in load_gates(GATES).gates if g.below is not None}
    return "; ".join(
        f"{m.name} is {m.estimate} on valid, beyond its margin of {margins[m.name]:g}"
        for m in measures
        if m.name in margins and m.estimate.value >= margins[m.name] and m.estimate.low > 0
    )
