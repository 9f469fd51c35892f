"""A stage-1 run measured against its base: run and pack in, a document of numbers and verdicts out.

Order matters: gates are hashed and the look at the test split is counted before a prompt is read;
the warehouse is written in two short transactions, never held while a model runs.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from train.eval import gates, stage1
from train.eval.baselines import ngram_scores, scrambled
from train.eval.selection import Selection, answer_rows, passed, select
from train.harness.chat import encode_chat
from train.harness.measure import Score, answer_scores, encode_prompts
from train.harness.observe import Observation, Plan, Tick, observe
from train.harness.packs import SHIPPED, load_pack
from train.model.digest import file_sha256
from train.model.gemma import Gemma
from train.model.load import load
from train.stages import checkpoint, runs, samples
from train.stages.evaluate_words import NAMES, words
from train.stages.evaluations import Options, opened
from warehouse.errors import AgpError

TRACED = 8  # prompts whose states are compared


def evaluate(
    run: Path, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure, decide, write and record; return the document.

    `begin` hears once how often `tick` will be called.
    """
    facts = ready(run)
    subset = same_base(options.subset, facts) if options.subset else None
    fixed, head = opened(run, facts, options, gates.SHIPPED)
    pack = load_pack(options.pack)
    chosen = select(pack, options.split, options.most, options.answers, options.run_code)
    general = pack.general or load_pack(SHIPPED).general
    table = Table(run, facts, chosen, general[: options.most], options.max_tokens)
    base, tuned, others = table.observe(subset, begin, tick)
    answers = answer_rows(chosen, base, tuned)
    measures = stage1.compare(base, tuned, others, passed(answers))
    document = {
        **head,
        "tokens": sum(s.tokens for s in base.scores),
        "trained_tokens": {"tuned": trained(run)} | ({"subset": trained(subset)} if subset else {}),
        "measures": [{"name": m.name, **asdict(m.estimate)} for m in measures],
        "gates": [r.row() for r in stage1.rule(fixed.gates, measures)],
        "answers": answers,
        "prompts": prompt_rows(base, tuned),
    }
    document["names"] = NAMES
    document["title"] = (
        f"{head['run_id']} on {head['pack']}, {document['tokens']:,} answer tokens, nats a token"
    )
    document["words"] = words(document)
    return document


@dataclass(frozen=True)
class Table:
    """Everything that one evaluation needs to run the models, one at a time."""

    run: Path
    facts: dict[str, Any]
    chosen: Selection
    general: Any
    max_tokens: int

    def observe(
        self, subset: Path | None, begin: Callable[[int], None], tick: Tick
    ) -> tuple[Observation, Observation, dict[str, list[Score]]]:
        """Return what the base, the adapter, and baselines and control by name made of it."""
        source = self.facts["model"] if self.facts["model"] == "tiny" else self.facts["model_path"]
        model, tokenizer = load(source)
        plan = self.plan(tokenizer)
        begin(2 * plan.work + (1 + bool(subset)) * len(plan.asked))
        others = {"n-gram": ngram_scores(len(tokenizer.vocab), self.rows(tokenizer), plan.asked)}
        base = observe(model, tokenizer, plan, tick)
        del model
        mx.clear_cache()
        model, _ = load(source, self.run / "best")
        tuned = observe(model, tokenizer, plan, tick)
        weights: Any = mx.load(str(self.run / "best" / "adapters.safetensors"))
        model.load_weights(list(scrambled(weights).items()), strict=False)
        others["control"] = answer_scores(Gemma(model), plan.asked, plan.window, tick)
        if subset:
            del model
            mx.clear_cache()
            model, _ = load(source, subset / "best")
            others["subset"] = answer_scores(Gemma(model), plan.asked, plan.window, tick)
        return base, tuned, others

    def plan(self, tokenizer: Any) -> Plan:
        """Return what every model is measured on."""
        asked = encode_prompts(tokenizer, self.chosen.prompts)
        window = self.facts["settings"]["window"]
        return Plan(asked, self.general, self.chosen.answered, TRACED, window, self.max_tokens)

    def rows(self, tokenizer: Any) -> Iterator[list[int]]:
        """Yield the ids of the rows that the adapter was trained on."""
        data = Path(self.facts["data"])
        file = data / "train.jsonl"
        if not file.is_file() or file_sha256(file) != self.facts["data_digests"]["train.jsonl"]:
            raise AgpError(f"{file} is not what the run was trained on; build the dataset anew")
        for _, row in samples.rows(data, "train"):
            yield encode_chat(tokenizer, row["messages"], last=True).ids


def ready(run: Path) -> dict[str, Any]:
    """Return the facts of a stage-1 run that has an adapter."""
    facts = runs.summary(run)
    if facts["stage"] != 1:
        raise AgpError(f"{run.name} is a run of stage {facts['stage']}; `agp eval` knows stage 1")
    if not (run / "best").exists():
        raise AgpError(f"run {run.name} has no adapter yet; `agp train resume {run.name}`")
    checkpoint.verify(run / "best")
    return facts


def same_base(run: Path, facts: dict[str, Any]) -> Path:
    """Return a baseline's run if it began from the same model."""
    if ready(run)["model_digest"] != facts["model_digest"]:
        raise AgpError(f"run {run.name} is of another base model than {facts['run_id']}")
    return run


def prompt_rows(base: Observation, tuned: Observation) -> list[dict[str, Any]]:
    """Return both models' cross-entropy of every prompt."""
    return [
        {"id": b.id, "tokens": b.tokens, "untuned": b.nats, "tuned": t.nats}
        for b, t in zip(base.scores, tuned.scores, strict=True)
    ]


def trained(run: Path) -> int:
    """Return how many supervised tokens a run's steps went through, repeats included."""
    return max((m["supervised"] for m in runs.metrics(run) if "supervised" in m), default=0)
