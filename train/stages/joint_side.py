"""One bundle on one split of its own capture: everything that two bundles are compared by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.judged import Judged
from train.eval.resample import Groups
from train.eval.route_methods import NOTHING
from train.eval.stage6 import Figures, Labelled, Ranked, Sums
from train.harness.capture import read_manifest
from train.harness.measure import Score
from train.model.bundle import Bundle
from train.stages import contexts, joint_losses, joint_parts, runs
from train.stages.bundles import CERTIFICATE
from train.stages.continued import Continued
from train.stages.depth_rows import read_rows
from train.stages.examples import labelled
from train.stages.joint_data import places
from train.stages.joint_parts import CONTROL, Parts, depth_modules
from train.stages.joint_texts import labelled as labelled_texts
from train.stages.judge import judge
from train.stages.losses import divergence
from train.stages.stage4 import SemanticSettings, states

UNTRAINED = "untrained"


@dataclass(frozen=True)
class Side:
    """A bundle in memory, and the capture of its model."""

    run: Path  # whose best checkpoint holds the adapter
    parts: Parts
    capture: Path
    certificates: dict[str, Any]  # of its heads by name

    @property
    def seeds(self) -> list[str]:
        """Return the names of the heads that learned."""
        return [n for n in self.parts.part("heads").names if n != CONTROL]

    def members(self) -> dict[str, Any]:
        """Return the heads by name, the control among them."""
        heads = self.parts.part("heads")
        return dict(zip(heads.names, heads.members, strict=True))

    def threshold(self, name: str) -> float:
        """Return a certified threshold, or one that accepts nothing."""
        found = self.certificates.get(name, {}).get("threshold")
        return NOTHING if found is None else float(found)


def side(run: Path, found: Bundle, capture: Path) -> Side:
    """Bring a bundle to life for measuring."""
    parts = joint_parts.bring(found)
    parts.joint.eval()
    certificates = {}
    if "thresholds" in found.manifest.parts:
        certificates = runs.read_json(found.part("thresholds") / CERTIFICATE)["heads"]
    return Side(run, parts, capture, certificates)


def judged(of: Side, split: str, members: dict[str, Any]) -> Judged | None:
    """Return what heads say of a split of the bundle's own capture; None where it has none."""
    return judge(labelled(of.capture), split, members) if members else None


def figures(
    of: Side,
    split: str,
    scores: Sequence[Score],
    said: Judged | None,
    sequences: Sequence[Continued],
    more: dict[str, Any],
    tick: Callable[[], None],
) -> Figures:
    """Return a bundle's figures on a split.

    `sequences` are the prompts that go through packets: the same tokens for both bundles. `more`
    holds the facts of the stage-4 run and `asked`: whether packets carry what heads say.
    """
    answers = Sums(
        [s.nats for s in scores],
        [float(s.tokens) for s in scores],
        Groups.of([s.id for s in scores], [s.group for s in scores]),
    )
    ranked = None
    if said:
        sure = [said.said[name].confidence for name in of.seeds]
        ranked = Ranked(sure, said.wrong, said.groups)
    roles = of.parts.roles
    return Figures(
        answers,
        depth(of, split) if "depth" in roles else None,
        transfer(of, sequences, more["asked"], tick) if "codec" in roles else None,
        ranked,
        semantic(of, split, more["semantic"]) if "semantic" in roles else None,
    )


def depth(of: Side, split: str) -> Sums:
    """Return the KL of the exit nearest half depth from the own full depth, the mean of seeds."""
    facts, gemma = read_manifest(of.capture), of.parts.gemma
    modules, last = depth_modules(of.parts, half=True), gemma.n_layers
    needed = sorted({last, *(k for m in modules for k in (m.place.layer, *m.sources))})
    rows, sums, lengths, place = read_rows(of.capture, facts, split, needed), [], [], 0
    for _, at in places(facts, split):
        some = rows.take(np.arange(place, place + len(at)))
        full = gemma.decode(some[last]).astype(mx.float32)
        off = [divergence(full, gemma.decode(m(some)).astype(mx.float32)).sum() for m in modules]
        sums.append(float(np.mean([np.array(x) for x in off])))
        lengths.append(float(len(at)))
        place += len(at)
    return Sums(sums, lengths, groups(facts, split))


def groups(facts: dict[str, Any], split: str) -> Groups:
    """Return the groups of a split's prompts: those of one conversation together."""
    found = [
        (prompt, conversation)
        for note in facts["shards"]
        for prompt, conversation, of in zip(
            note["prompts"], note["conversations"], note["splits"], strict=True
        )
        if of == split
    ]
    return Groups.of([p for p, _ in found], [c for _, c in found])


def transfer(
    of: Side, sequences: Sequence[Continued], asked: bool, tick: Callable[[], None]
) -> Sums:
    """Return the KL of resumed runs from whole ones, summed over all split layers."""
    gemma, pair = of.parts.gemma, of.parts.part("codec")
    splits, sums, lengths = of.parts.documents["codec"]["layers"], [], []
    for prompt in sequences:
        said = said_of(of, prompt) if asked else {}
        states = joint_losses.states_of(gemma, [prompt], [gemma.n_layers])
        whole = gemma.decode(states[gemma.n_layers]).astype(mx.float32)
        off = [
            divergence(whole, joint_losses.sent(gemma, pair, prompt, k, said).logits).sum()
            for k in splits
        ]
        sums.append(float(sum(np.array(x, np.float64) for x in off)))
        lengths.append(float(len(prompt.at) * len(splits)))
        tick()
    return Sums(sums, lengths, Groups.of([p.prompt for p in sequences]))


def said_of(of: Side, prompt: Continued) -> contexts.Contexts:
    """Return what the first heads say of a prompt's states, as packets carry it."""
    parts, layers = of.parts, read_manifest(of.capture)["layers"]
    states = joint_losses.states_of(parts.gemma, [prompt], layers)
    looks = joint_losses.looks_of(parts.gemma, parts.lenses, states, layers)
    said = contexts.in_255ths(parts.part("heads").members[0], joint_losses.asked(states, looks))
    return contexts.split([(prompt.prompt, len(prompt.at))], said, layers)


def semantic(of: Side, split: str, facts: dict[str, Any]) -> Labelled:
    """Return what the projections say of a split's texts, by this bundle's own states."""
    chosen = SemanticSettings.model_validate(facts["settings"])
    source = states(facts["model"], of.run, Path(facts["data"]), chosen)
    members = of.parts.part("semantic").moving()
    return labelled_texts(source, split, source.states(split, chosen.pool), members)
