"""The composite loss over live parts: a batch in, each term that has a weight in it out."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import mlx.core as mx

from train.stages import contexts, joint_losses
from train.stages.contexts import Contexts
from train.stages.joint_data import JointBatch, Taught
from train.stages.joint_losses import Looks, Sent, States
from train.stages.joint_parts import Parts, depth_modules
from train.stages.joint_source import JointSource
from train.stages.looks import Rows
from train.stages.losses import sft_loss


class Terms:
    """Every term, of the parts as they are now."""

    def __init__(self, parts: Parts, source: JointSource, head_positions: int) -> None:
        """Hold parts and data; `head_positions` logits are made at a time for SFT."""
        self.parts, self.source, self.head_positions = parts, source, head_positions
        self.gemma, self.roles, self.layers = parts.gemma, parts.roles, source.layers

    @cached_property
    def boundaries(self) -> list[int]:
        """Return every boundary whose states are read, full depth among them."""
        places = self.part("depth").shape.places if "depth" in self.roles else ()
        more = {k for p in places for k in (p.layer, *p.sources)}
        return sorted({*self.layers, *more, self.gemma.n_layers})

    def part(self, role: str) -> Any:
        """Return a part's module."""
        return self.parts.part(role)

    def of(self, batch: JointBatch) -> dict[str, mx.array]:
        """Return each term that has a weight in a batch, a mean."""
        found: dict[str, mx.array] = {}
        if batch.sft:
            total = sft_loss(self.gemma, batch.sft, self.head_positions)
            found["sft"] = total / batch.sft.weights.sum()
        if batch.prompts:
            found |= self.of_states(batch)
        if batch.texts is not None and self.source.texts:
            found["semantic"] = self.source.texts.term(self.part("semantic").moving(), batch.texts)
        return found

    def of_states(self, batch: JointBatch) -> dict[str, mx.array]:
        """Return the terms that read the states of prompts."""
        states = joint_losses.states_of(
            self.gemma, [p.said for p in batch.prompts], self.boundaries
        )
        found: dict[str, mx.array] = {}
        said: Contexts = {}
        if "depth" in batch.weighs:
            final = mx.concatenate([p.final for p in batch.prompts])
            found["depth"] = joint_losses.depth_term(
                self.gemma, depth_modules(self.parts), states, final
            )
        if "heads" in self.roles and batch.weighs.keys() & {"route", "vitality", "transfer"}:
            live, dead, _ = self.judged(batch.prompts, states)
            found |= self.heads(live, dead)
            said = self.contexts(batch.prompts, live)
        if batch.sent:
            pairs = zip(batch.prompts, batch.sent, strict=False)
            each = [self.transfer(self.sent(p, k, said), p) for p, k in pairs]
            found["transfer"] = mx.stack(each).mean()
        return {term: mean for term, mean in found.items() if term in batch.weighs}

    def judged(self, prompts: Sequence[Taught], states: States) -> tuple[Rows, Rows, Looks]:
        """Return the rows of live states, those of damaged copies, and what the lenses say."""
        own = {k: states[k] for k in self.layers}
        looks = joint_losses.looks_of(self.gemma, self.parts.lenses, own, self.layers)
        live = joint_losses.live_rows(prompts, self.source.labels, own, looks)
        return live, joint_losses.damaged_rows(prompts, self.source.labels), looks

    def heads(self, live: Rows, dead: Rows) -> dict[str, mx.array]:
        """Return the terms of route and vitality."""
        members, balance = self.part("heads").moving(), self.source.labels.balance
        return joint_losses.head_terms(members, live, dead, self.source.heads, balance)

    def contexts(self, prompts: Sequence[Taught], live: Rows) -> Contexts:
        """Return what the first heads say of each state, for packets; empty where nobody asks."""
        if not self.source.asked:
            return {}
        said = contexts.in_255ths(self.part("heads").members[0], live.look())
        return contexts.split([(p.said.prompt, len(p.rows)) for p in prompts], said, self.layers)

    def sent(self, prompt: Taught, split: int, said: Contexts) -> Sent:
        """Return what the pair and the upper layers make of a prompt."""
        return joint_losses.sent(self.gemma, self.part("codec"), prompt.said, split, said)

    def transfer(self, sent: Sent, prompt: Taught) -> mx.array:
        """Return the transfer term of one prompt."""
        return joint_losses.transfer_term(self.gemma, sent, prompt, self.source.codec)
