"""One of the two bundles that are compared: its parts, its capture, its own words and texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.eval.judged import Judged
from train.eval.resample import Groups
from train.eval.route_methods import NOTHING
from train.eval.stage6 import Labelled, Sums
from train.harness.measure import Score
from train.model.bundle import Bundle
from train.stages import joint_parts, runs
from train.stages.bundles import CERTIFICATE
from train.stages.examples import labelled
from train.stages.joint_parts import CONTROL, Parts
from train.stages.joint_texts import labelled as labelled_texts
from train.stages.judge import judge
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


def answers(scores: Sequence[Score]) -> Sums:
    """Return the cross-entropy of reference answers, prompt by prompt."""
    return Sums(
        [s.nats for s in scores],
        [float(s.tokens) for s in scores],
        Groups.of([s.id for s in scores], [s.group for s in scores]),
    )


def semantic(of: Side, split: str, facts: dict[str, Any]) -> Labelled:
    """Return what the projections say of a split's texts, by this bundle's own states."""
    chosen = SemanticSettings.model_validate(facts["settings"])
    source = states(facts["model"], of.run, Path(facts["data"]), chosen)
    members = of.parts.part("semantic").moving()
    return labelled_texts(source, split, source.states(split, chosen.pool), members)
