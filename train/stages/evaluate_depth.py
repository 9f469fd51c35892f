"""A stage-3 run measured: its modules against every other way to run fewer layers.

Gates are hashed and the look at the test split is counted before a prompt is read. Lenses are
fitted on the heads split, the layers to drop are chosen on valid.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from train.eval import stage3
from train.eval.routed import beside, table
from train.eval.stage1 import rule
from train.eval.stage3 import Seen
from train.harness.capture import read_manifest
from train.harness.chat import template
from train.harness.generation import Way, generate
from train.harness.lens import AffineExit, fit_lenses
from train.harness.packs import load_pack
from train.harness.policies import Always
from train.harness.strata import spread
from train.harness.traces import fitting_rows
from train.model.depth_set import DepthSet, load_depth
from train.model.gemma import Gemma
from train.model.load import load
from train.model.look import Exit
from train.stages import checkpoint, depth_words, runs
from train.stages.depth_states import best_drops, see, spoken
from train.stages.evaluations import Options, Tick, opened
from train.stages.stage3 import manifest_digest
from warehouse.errors import AgpError

LENGTH = 32  # tokens of a continuation, teacher-forced, at the most
CHOSEN_ON = 16  # valid prompts that say which layers to drop
Ways = dict[tuple[int, str], Exit | None]


@dataclass(frozen=True)
class Fixed:
    """Everything that is fixed before the split is read."""

    gemma: Gemma
    tokenizer: Any
    depth: DepthSet
    ways: Ways
    drops: dict[int, range]

    @property
    def half(self) -> int:
        """Return the exit nearest to half of the depth."""
        n = self.gemma.n_layers
        return min(self.depth.shape.layers, key=lambda k: abs(2 * k - n))


def evaluate(
    run: Path, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure and decide; return the document.

    `begin` hears once how often `tick` will be called: once a prompt that is read or answered.
    """
    facts = ready(run)
    gates, head = opened(run, facts, options, stage3.GATES)
    pack = load_pack(options.pack)
    length = min(LENGTH, options.length)
    fixed = fix(run, facts, pack.split("valid")[:CHOSEN_ON], length)
    prompts = spread(pack.split(options.split), lambda p: (p.kind, p.script), options.most)
    if not prompts:
        raise AgpError(f"pack {pack.name} has no {options.split} prompts; see `agp packs show`")
    answered = spread(prompts, lambda p: (p.kind, p.script), options.answers)
    begin(len(prompts) + len(answered))
    gemma, tokenizer, seen = fixed.gemma, fixed.tokenizer, []
    for prompt in prompts:
        said = spoken(gemma, tokenizer, prompt, length)
        seen.append(see(gemma, said, fixed.ways, fixed.drops))
        tick()
    shape = fixed.depth.shape
    seeds = [str(seed) for seed in shape.seeds]
    found = stage3.measures(seen, shape.layers, gemma.n_layers, seeds, fixed.half)
    document = {
        **head,
        "exits": list(shape.layers),
        "half": fixed.half,
        "tokens": sum(s.tokens for s in seen),
        "work": work(fixed),
        "dropped": {str(k): [gone.start, gone.stop] for k, gone in fixed.drops.items()},
        "measures": [{"name": m.name, **asdict(m.estimate)} for m in found],
        "gates": [r.row() for r in rule(gates.gates, found)],
        "prompts": prompt_rows(fixed, seen),
        "generation": free_running(fixed, answered, options.max_tokens, tick),
    }
    document |= depth_words.shown(document)
    return document


def ready(run: Path) -> dict[str, Any]:
    """Return the facts of a stage-3 run that has modules, and whose capture is as it was."""
    facts = runs.summary(run)
    if not (run / "best").exists():
        raise AgpError(f"run {run.name} has no module yet; `agp train resume {run.name}`")
    checkpoint.verify(run / "best")
    folder = Path(facts["capture"])
    if (
        not (folder / "manifest.json").is_file()
        or manifest_digest(folder) != facts["capture_digest"]
    ):
        raise AgpError(f"{folder} is not the capture that run {run.name} learned from")
    return facts


def fix(run: Path, facts: dict[str, Any], valid: list[Any], length: int) -> Fixed:
    """Load the model and the modules, fit the lenses, choose the layers to drop."""
    base = facts["base_run_id"]
    model, tokenizer = load(facts["model"], runs.find_run(base) / "best" if base else None)
    gemma, (depth, _) = Gemma(model), load_depth(run / "best")
    folder = Path(facts["capture"])
    shards = read_manifest(folder)["shards"]
    lenses = fit_lenses(fitting_rows(folder, shards), depth.shape.layers, gemma.n_layers)
    ways: Ways = {}
    for i, k in enumerate(depth.shape.layers):
        ways[k, "logit lens"] = None
        ways[k, "affine lens"] = AffineExit(k, lenses[k])
        ways |= {(k, name): depth.member(name)[i] for name in depth.shape.names}
    some = [spoken(gemma, tokenizer, prompt, length) for prompt in valid]
    drops = best_drops(gemma, some, depth.shape.layers)
    return Fixed(gemma, tokenizer, depth, ways, drops)


def work(fixed: Fixed) -> dict[str, int]:
    """Return each way's own multiply-adds at half depth, beside the layers and the head."""
    at = fixed.half
    return {name: way.work if way else 0 for (k, name), way in fixed.ways.items() if k == at}


def prompt_rows(fixed: Fixed, seen: list[Seen]) -> list[dict[str, Any]]:
    """Return the first seed's divergence at half depth of every prompt, summed over its tokens."""
    key = (fixed.half, str(fixed.depth.shape.seeds[0]))
    return [{"id": s.id, "group": s.group, "tokens": s.tokens, "kl": s.told[key].kl} for s in seen]


def free_running(fixed: Fixed, prompts: list[Any], length: int, tick: Tick) -> dict[str, Any]:
    """Return what leaving at half depth does to whole answers, through the first seed's module."""
    gemma, tokenizer, half = fixed.gemma, fixed.tokenizer, fixed.half
    module = fixed.ways[half, str(fixed.depth.shape.seeds[0])]
    assert module is not None
    way, answers = Way(Always((half,)), {half: module}), []
    for prompt in prompts:
        ids = template(tokenizer, prompt.chat()[:-1], prompt=True)
        said = list(generate(gemma, tokenizer, ids, way, length))
        answers.append(beside(gemma, tokenizer, ids, said, length))
        tick()
    return table(gemma, answers) if answers else {}
