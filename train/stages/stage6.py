"""Stage 6: adapter and parts move together, a little, so that they stop fighting one another.

The parts of stages 1 to 5 are first put away as a bundle, whole, which `agp rollback` goes back to.
Then they learn side by side from live states, drawn to where they began; the frozen full depth of
the bundle is the teacher. What gets worse beyond a margin on the valid split ends the run.
"""

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from train.eval.stage6 import worse
from train.model import bundle
from train.model.bundle import Bundle
from train.model.joint import Paced, distance
from train.stages import joint_parts, joint_valid, runs, shelf
from train.stages.batches import make, plan
from train.stages.joint_data import JointBatch
from train.stages.joint_parents import Parents, gathered
from train.stages.joint_settings import JointSettings, steps
from train.stages.joint_source import JointSource
from train.stages.joint_terms import Terms
from train.stages.layerwise import Layerwise
from train.stages.recertified import recertify
from train.stages.settings import settings
from train.stages.stage import Request, common_facts
from warehouse.errors import AgpError

FILE = Path(__file__).with_suffix(".toml")


class Stage6:
    """A stage-6 run in memory: a bundle brought to life, and what it learns from."""

    number = 6
    weights_file, config_file = "adapters.safetensors", "adapter_config.json"

    def __init__(self, found: Bundle, parents: Parents, chosen: JointSettings) -> None:
        """Load all parts and data, and look at the valid split as it is at the start."""
        self.settings, self.parts = chosen, joint_parts.bring(found)
        self.gemma, self.roles = self.parts.gemma, self.parts.roles
        self.model: nn.Module = self.parts.joint
        self.config = self.parts.documents["adapter"]
        self.gemma.call = self.layerwise = Layerwise(chosen.checkpoint_gradients)
        self.source = JointSource(parents, self.parts, chosen)
        self.terms = Terms(self.parts, self.source, chosen.head_positions)
        an_epoch = -(-len(self.source.train) // chosen.prompts)
        self.total = steps(chosen, an_epoch, parents.steps)
        self.begun = dict(self.parts.joint.moved())
        paces = {part: pace for part, pace in chosen.paces().items() if part in self.model}
        self.optimizer = Paced(chosen.learning_rate, chosen.weight_decay, paces)
        self.optimizer.init(self.model.trainable_parameters())
        self.breach = ""
        self.model.eval()
        _, self.before = joint_valid.look(self.terms, chosen)

    @cached_property
    def packs(self) -> list[list[int]]:
        """Return the SFT pack of every step."""
        lengths, epoch = [len(x.ids) for x in self.source.rows], 0
        found: list[list[int]] = []
        while len(found) < self.total:
            found += plan(lengths, "pack", self.settings.batch_tokens, self.settings.seed, epoch)
            epoch += 1
        return found

    def groups(self, epoch: int) -> list[list[int]]:
        """Return the run's batches: each is the number of its step, from which all is drawn."""
        return [[epoch * self.total + i] for i in range(self.total)]

    def batch(self, group: list[int]) -> JointBatch:
        """Return what a step reads, with the weight of each term in it."""
        [step], s, source = group, self.settings, self.source
        weighs = s.weighs(step / self.total, self.roles)
        rows = [source.rows[i] for i in self.packs[step]] if "sft" in weighs else []
        at = turn(len(source.train), s.prompts, s.seed, step)
        texts = source.texts if "semantic" in weighs else None
        return JointBatch(
            weighs,
            make(rows, "pack") if rows else None,
            [source.train[i] for i in at] if weighs.keys() - {"sft", "semantic"} else [],
            self.sent_at(step) if "transfer" in weighs else [],
            turn(len(texts), s.texts, s.seed, step) if texts else None,
        )

    def sent_at(self, step: int) -> list[int]:
        """Return the split layers of a step's packets, in turn."""
        splits, n = self.source.splits, self.settings.sent
        return [splits[(step * n + i) % len(splits)] for i in range(n)]

    def total_steps(self) -> int:
        """Return how many steps are taken."""
        return self.total

    def seeded(self, seed: int) -> None:
        """Let layers and parts draw their dropout from this seed."""
        self.layerwise.seed = seed
        mx.random.seed(seed)

    def loss(self, batch: JointBatch) -> mx.array:
        """Return the composite loss of a step: every term a mean, and the way from the start."""
        total = self.settings.anchor * distance(self.parts.joint, self.begun)
        for term, mean in self.terms.of(batch).items():
            total = total + batch.weighs[term] * mean
        return total

    def validate(self) -> float:
        """Return the composite loss of the valid split; say in `breach` what is beyond a margin."""
        loss, figures = joint_valid.look(self.terms, self.settings)
        self.margins = worse(self.before, figures)
        self.breach = joint_valid.beyond(self.margins)
        return loss

    def judged(self) -> dict[str, Any]:
        """Return how far the valid split is from the start, for the run's metrics."""
        return {"margins": {m.name: asdict(m.estimate) for m in self.margins}}

    def weights(self) -> dict[str, mx.array]:
        """Return the adapter's weights by their names in the model."""
        return joint_parts.tensors(self.parts, "adapter")

    def kept(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return all parts as a checkpoint holds them."""
        return joint_parts.kept(self.parts)

    def restore(self, arrays: dict[str, Any]) -> None:
        """Give all parts the tensors of a checkpoint."""
        joint_parts.restore(self.parts, arrays)


def turn(n: int, size: int, seed: int, step: int) -> np.ndarray:
    """Return which `size` of n things a step reads: all once, in an order of its own each time.

    >>> sorted(int(i) for step in range(3) for i in turn(6, 2, seed=0, step=step))
    [0, 1, 2, 3, 4, 5]
    """
    at = np.arange(step * size, (step + 1) * size)
    orders = {e: np.random.default_rng([seed, int(e)]).permutation(n) for e in np.unique(at // n)}
    return np.array([orders[i // n][i % n] for i in at])


def start(request: Request) -> tuple[Path, Stage6]:
    """Put the parts away as a bundle, bring them to life, and make the run's folder."""
    chosen = settings(FILE, request.changes, JointSettings)
    parents = gathered(request)
    found = shelf.keep(parents.runs)
    stage = Stage6(found, parents, chosen)
    adapter, source = parents.facts["adapter"], stage.source
    facts = {
        "model": found.manifest.backbone.model,
        "model_path": adapter["model_path"],
        "model_digest": found.manifest.backbone.model_digest,
        "base_run_id": adapter["run_id"],
        "parents": list(parents.steps),
        "before": {
            "digest": found.manifest.digest,
            "path": str(found.folder.absolute()),
            "parts": {role: part.run_id for role, part in found.manifest.parts.items()},
        },
        **parents.document(),
        "rows": {"sft": len(source.rows), "heads": len(source.train), "valid": len(source.valid)},
        **common_facts(stage),
        "trainable": sum(w.size for w in stage.begun.values()),
    }
    return runs.new_run(6, facts), stage


def again(facts: dict[str, Any]) -> Stage6:
    """Return the stage of a run.json; AgpError where bundle, capture or data are others by now."""
    found = bundle.load(Path(facts["before"]["path"]))
    if found.manifest.digest != facts["before"]["digest"]:
        raise AgpError(f"{found.folder} is not the bundle that run {facts['run_id']} began from")
    parents = Parents.of(facts)
    return Stage6(found, parents, JointSettings.model_validate(facts["settings"]))


def concluded(run: Path, stage: Stage6) -> None:
    """Certify thresholds anew, on a capture of what came out."""
    if stage.source.heads:
        recertify(run, stage.source.heads)
