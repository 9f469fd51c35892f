"""Two bundles on the same tokens: what one of them says at every position of given continuations.

The tokens are those that full depth of the bundle before went on with. Both bundles read them, so
every position of one stands beside the same position of the other. Whether an exit is right is
asked of these tokens, too: a reference that neither bundle moves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.resample import Groups
from train.eval.stage6 import Ranked, Sums
from train.harness.capture import read_manifest
from train.harness.full_depth import FullDepth
from train.stages import contexts, joint_losses
from train.stages.continued import Continued, sequences
from train.stages.joint_data import said_tokens
from train.stages.joint_losses import States
from train.stages.joint_parts import depth_modules
from train.stages.joint_side import Side


@dataclass(frozen=True)
class Read:
    """The prompts of a split with their continuations, and who is drawn together."""

    prompts: Sequence[Continued]
    tokens: Sequence[np.ndarray]  # [n] of each prompt, what full depth of the bundle before said
    groups: Sequence[str]

    @property
    def of_prompts(self) -> Groups:
        """Return the groups of prompts."""
        return Groups.of([p.prompt for p in self.prompts], self.groups)

    @property
    def of_positions(self) -> Groups:
        """Return the groups of positions, prompt by prompt."""
        lengths = [len(t) for t in self.tokens]
        names = np.repeat([p.prompt for p in self.prompts], lengths)
        return Groups.of(names.tolist(), np.repeat(self.groups, lengths).tolist())

    def sums(self, positions: np.ndarray) -> np.ndarray:
        """Return the sum over each prompt's positions [n]."""
        ends = np.cumsum([len(t) for t in self.tokens])[:-1]
        return np.array([part.sum() for part in np.split(positions, ends)])


def read_split(of: Side, split: str) -> Read:
    """Return what a bundle's own capture holds of a split."""
    facts = read_manifest(of.capture)
    groups = [
        conversation
        for note in facts["shards"]
        for conversation, part in zip(note["conversations"], note["splits"], strict=True)
        if part == split
    ]
    prompts = sequences(of.capture, of.parts.tokenizer, split)
    return Read(prompts, said_tokens(of.capture, facts, split), groups)


@dataclass
class Forced:
    """What one bundle says: n positions, k candidate layers."""

    read: Read
    confidence: Mapping[str, np.ndarray] = field(default_factory=dict)  # of each heads, [n x k]
    best: np.ndarray | None = None  # [n x k], the token that a lens names first
    own: np.ndarray | None = None  # [n], the token that full depth of this bundle names first
    depth: Sums | None = None  # KL of the exit nearest half depth, the mean of seeds
    transfer: Sums | None = None  # KL of resumed runs, summed over all split layers

    @property
    def wrong(self) -> np.ndarray:
        """Return which exits do not name the reference's token, [n x k]."""
        assert self.best is not None
        return self.best != np.concatenate(self.read.tokens)[:, None]

    @property
    def unlike(self) -> np.ndarray:
        """Return which exits do not name the token of this bundle's full depth, [n x k]."""
        assert self.best is not None and self.own is not None
        return self.best != self.own[:, None]

    def ranked(self, names: Sequence[str]) -> Ranked | None:
        """Return what some heads make of the positions; None without heads."""
        if self.best is None:
            return None
        scores = [self.confidence[name] for name in names]
        return Ranked(scores, self.wrong, self.read.of_positions)


def forced(
    of: Side, read: Read, members: Mapping[str, Any], asked: bool, tick: Callable[[], None]
) -> Forced:
    """Return what a bundle says of given continuations, in one pass over each.

    `members` are heads by name; `asked` whether packets carry what the first of them says.
    """
    layers, roles = read_manifest(of.capture)["layers"], of.parts.roles
    boundaries = sorted({*layers, of.parts.gemma.n_layers, *exits_read(of)})
    every: list[dict[str, Any]] = []
    for prompt in read.prompts:
        states = joint_losses.states_of(of.parts.gemma, [prompt], boundaries)
        every.append(one_prompt(of, prompt, states, layers, members, asked))
        tick()
    found = Forced(read)
    if members:
        found.confidence = {n: np.concatenate([x["sure"][n] for x in every]) for n in members}
        found.best, found.own = (np.concatenate([x[k] for x in every]) for k in ("best", "own"))
    positions = [float(len(t)) for t in read.tokens]
    if "depth" in roles:
        found.depth = Sums([x["depth"] for x in every], positions, read.of_prompts)
    if "codec" in roles:
        splits = len(of.parts.documents["codec"]["layers"])
        times = [splits * n for n in positions]
        found.transfer = Sums([x["sent"] for x in every], times, read.of_prompts)
    return found


def exits_read(of: Side) -> set[int]:
    """Return the boundaries that the depth modules read."""
    if "depth" not in of.parts.roles:
        return set()
    return {k for m in depth_modules(of.parts, half=True) for k in (m.place.layer, *m.sources)}


def one_prompt(
    of: Side,
    prompt: Continued,
    states: States,
    layers: Sequence[int],
    members: Mapping[str, Any],
    asked: bool,
) -> dict[str, Any]:
    """Return what a bundle says of one prompt's continuation."""
    gemma, roles = of.parts.gemma, of.parts.roles
    full = FullDepth(gemma.decode(states[gemma.n_layers]).astype(mx.float32))
    found: dict[str, Any] = {}
    said: contexts.Contexts = {}
    if members:
        own = {k: states[k] for k in layers}
        looks = joint_losses.looks_of(gemma, of.parts.lenses, own, layers)
        look = joint_losses.asked(own, looks)
        sure = {name: mx.sigmoid(m(look)["confidence"]) for name, m in members.items()}
        found["sure"] = {n: np.array(x).reshape(looks.best.shape) for n, x in sure.items()}
        found |= {"best": looks.best, "own": np.array(full.best)}
        if asked:
            one = contexts.in_255ths(of.parts.part("heads").members[0], look)
            said = contexts.split([(prompt.prompt, len(prompt.at))], one, layers)
    if "depth" in roles:
        off = [distance(full, gemma.decode(m(states))) for m in depth_modules(of.parts, half=True)]
        found["depth"] = float(np.mean(off))
    if "codec" in roles:
        found["sent"] = sum(
            distance(full, joint_losses.sent(gemma, of.parts.part("codec"), prompt, k, said).logits)
            for k in of.parts.documents["codec"]["layers"]
        )
    return found


def distance(full: FullDepth, logits: mx.array) -> float:
    """Return KL(full ‖ other) in nats, summed over positions."""
    return float(np.array(full.divergence(logits.astype(mx.float32))).sum(dtype=np.float64))
