"""A bundle measured against its stage 1 alone: what everything that was trained is good for.

Order matters: the gates are hashed and the look at the test split is counted before a prompt is
read. The ways are fixed by the bundle: it routes where its heads are certified, and drafts through
their lenses, which changes no answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from train.eval import whole
from train.eval.routed import Answer, beside, pace
from train.eval.stage1 import rule
from train.eval.targets import Seen, Took, judged
from train.eval.whole import ALONE
from train.harness import energy
from train.harness.checks import outcomes
from train.harness.forced import forced_nats
from train.harness.generation import Way, generate
from train.harness.measure import encode_prompts
from train.harness.packs import Prompt, load_pack
from train.harness.policies import Always, Draft, Random
from train.harness.strata import spread
from train.model.gemma import Gemma
from train.model.load import load
from train.model.work import Costs
from train.stages import evaluations, kept_bundles, record, runs, whole_words
from train.stages.evaluations import Options, Tick, opened
from train.stages.generating import Ask, parts_of, usual_policy, way_of
from train.stages.kept_bundles import Kept
from warehouse.errors import AgpError

CONTROL = "by chance"
WINDOW = 1024  # tokens of a conversation, its end kept


def evaluate(
    kept: Kept, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure, decide, keep the document and bring it into the warehouse; return it.

    `begin` hears once how often `tick` will be called: once a prompt.
    """
    gemma, tokenizer, ways = load_ways(kept)
    fixed, head = opened(kept.folder, kept.facts(), options, whole.GATES)
    pack = load_pack(options.pack)
    prompts = spread(pack.split(options.split), lambda p: (p.kind, p.script), options.answers)
    if not prompts:
        raise AgpError(f"pack {pack.name} has no {options.split} prompts; see `agp packs show`")
    begin(2 * len(prompts))
    bench = Bench(gemma, tokenizer, options)
    answers = {p.id: bench.answers(p, ways, tick) for p in prompts}
    names = [name for name in ways if name != ALONE]
    control = by_chance(ways[names[0]], [a[names[0]] for a in answers.values()], gemma)
    seen = [bench.seen(p, answers[p.id], ways, control, tick) for p in prompts]
    measures = whole.measures(seen, names, CONTROL)
    document = {
        **head,
        "artifact_sha256": kept.artifact,
        "ways": {name: ways[name].policy.__class__.__name__.lower() for name in ways},
        "targets": [{**asdict(t), **asdict(t.estimate)} for t in judged(seen, names, ALONE)],
        "energy": f"{sum(bench.joules.values()):.1f} J for the answers" if bench.meter else None,
        "measures": [{"name": m.name, **asdict(m.estimate)} for m in measures],
        "gates": [r.row() for r in rule(fixed.gates, measures)],
    }
    document |= whole_words.shown(document)
    (kept.folder / "evaluations").mkdir(exist_ok=True)
    file = f"{document['pack_digest']}-{document['split']}.json"
    runs.write_json(kept.folder / "evaluations" / file, document)
    kept_bundles.register(kept)
    record.record(document)
    return document


def load_ways(kept: Kept) -> tuple[Gemma, Any, dict[str, Way]]:
    """Return model, tokenizer and every way by name, stage 1 alone the first.

    AgpError where a bundle has nothing that could make it another model than stage 1 alone.
    """
    ask = Ask(bundle=kept.bundle.folder)
    parts = parts_of(ask)
    if parts.heads is None:
        raise AgpError(f"{kept.bundle.folder} has no heads: it runs as stage 1 alone does")
    model, tokenizer = load(ask.named_model, parts.adapter)
    gemma = Gemma(model)
    ways = {ALONE: Way(Always(), {})}
    if usual_policy(parts)[0] == "route":
        ways["route"] = way_of(replace(ask, policy="route"), parts, gemma)
    ways["draft"] = way_of(replace(ask, policy="draft"), parts, gemma)
    return gemma, tokenizer, ways


def by_chance(way: Way, answers: list[Answer], gemma: Gemma) -> Way:
    """Return the control: it leaves by chance where a way left, as often as that did."""
    exits = [s.step.exit for a in answers for s in a.said]
    share = sum(k < gemma.n_layers for k in exits) / len(exits)
    at = (way.policy.layer,) if isinstance(way.policy, Draft) else way.policy.layers
    chance = 1 - (1 - share) ** (1 / len(at))
    return Way(Random(at, chance), way.exits)


class Bench:
    """A model that answers prompts one way after another, and what each of them takes."""

    def __init__(self, gemma: Gemma, tokenizer: Any, options: Options) -> None:
        """Look for a meter of this machine's energy once."""
        self.gemma, self.tokenizer, self.options = gemma, tokenizer, options
        self.meter, self.full = energy.meter(), Costs(gemma).full
        self.joules: dict[tuple[str, str], float] = {}

    def answers(self, prompt: Prompt, ways: Mapping[str, Way], tick: Tick) -> dict[str, Answer]:
        """Return a prompt's answers by way, each with what full depth says of it."""
        found = {name: self.answer(prompt, name, way) for name, way in ways.items()}
        tick()
        return found

    def answer(self, prompt: Prompt, name: str, way: Way) -> Answer:
        """Answer a prompt, and note the joules that it took where the machine tells."""
        [asked] = encode_prompts(self.tokenizer, [prompt])
        ids = asked.ids[: asked.start][-WINDOW:]
        before = self.meter.read() if self.meter else None
        said = list(generate(self.gemma, self.tokenizer, ids, way, self.options.max_tokens))
        if self.meter and before:
            self.joules[prompt.id, name] = self.meter.joules(before, self.meter.read())
        return beside(self.gemma, self.tokenizer, ids, said, self.options.max_tokens)

    def seen(
        self,
        prompt: Prompt,
        answers: dict[str, Answer],
        ways: Mapping[str, Way],
        control: Way,
        tick: Tick,
    ) -> Seen:
        """Return a prompt with what every way, and the control, took of it."""
        answers = answers | {CONTROL: self.answer(prompt, CONTROL, control)}
        [asked] = encode_prompts(self.tokenizer, [prompt])
        ids, start = asked.ids[-WINDOW:], max(1, asked.start - max(0, len(asked.ids) - WINDOW))
        full = forced_nats(self.gemma, ids, start, ways[ALONE])
        nats = {ALONE: full, CONTROL: full, "draft": full}
        if "route" in ways:
            nats["route"] = forced_nats(self.gemma, ids, start, ways["route"])
        took = {name: self.took(prompt, name, a, nats[name]) for name, a in answers.items()}
        tick()
        return Seen(prompt.id, asked.group, answers[ALONE].entropy, len(ids) - start, took)

    def took(self, prompt: Prompt, name: str, answer: Answer, nats: float) -> Took:
        """Return what one way took of a prompt."""
        said = answer.said
        checks = outcomes(prompt.checks, "".join(s.text for s in said), self.options.run_code)
        return Took(
            len(said),
            sum(answer.faithful.agree),
            sum(s.step.work for s in said) / self.full,
            sum(s.step.reads for s in said) / self.full,
            pace(said),
            nats,
            self.joules.get((prompt.id, name)),
            all(checks.values()) if checks else None,
        )


def measure(
    name: str, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure a bundle, named by its folder, or a run as its stage is measured."""
    if kept_bundles.is_bundle(name):
        return evaluate(kept_bundles.keep(Path(name)), options, begin, tick)
    return evaluations.evaluate(runs.find_run(name), options, begin, tick)
