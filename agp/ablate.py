"""What rules are worth: a lane with them and without, a model trained on either, the difference.

In: the names of rules. Out: a document with the paired difference on held-out prompts. All of it
happens in a home of its own with a copy of the warehouse; only the document and a row stay.
"""

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt

from agp.reproduce import clean_home
from filters.compile import RuleSet, compile_rules
from filters.files import Placed, load, switched_off
from filters.review import known_rule
from warehouse.errors import AgpError

LANE = "sft"  # the one that stage 1 learns from
SIDES = ("with", "without")
Tick = Callable[[], None]


class AblationSettings(BaseModel):
    """What agp/ablate.toml holds; its comments say what each is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    steps: PositiveInt
    least: PositiveInt
    train: dict[str, str | int | float | bool]


@dataclass(frozen=True)
class Asked:
    """What is to be measured: rules taken away, on which model, prompts and seeds."""

    rules: tuple[str, ...]
    model: str = "tiny"
    pack: str | None = None  # None: held-out rows of the dataset under all rules
    split: str = "valid"
    most: int = 200
    seeds: int = 3
    steps: int | None = None
    changes: tuple[str, ...] = ()


def shipped() -> AblationSettings:
    """Return the settings that come with the program."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return AblationSettings.model_validate(tomllib.loads(text))


def sides(names: Sequence[str]) -> dict[str, RuleSet]:
    """Return the rule set in force, and the same with some rules switched off."""
    placed = load()
    every = compile_rules(placed)
    for name in names:
        known_rule(every, name)
    off = [Placed(switched_off(p.rule), p.path) if p.rule.id in names else p for p in placed]
    return {"with": every, "without": compile_rules(off)}


def ablate(asked: Asked, begin: Callable[[int], None], tick: Tick) -> dict[str, Any]:
    """Build, train and measure both sides; return the document. `begin` hears how many ticks."""
    chosen = shipped()
    rules = sides(asked.rules)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    document: dict[str, Any] = {"rules": list(asked.rules), "lane": LANE, "model": asked.model}
    document |= {"made_at": made, "rule_sets": {side: rules[side].id for side in SIDES}}
    with clean_home(None, []) as home:
        builds = {side: built(rules[side], home / side) for side in SIDES}
        document["rows"] = {side: builds[side]["splits"] for side in SIDES}
        if len({digest(home / side / "train.jsonl") for side in SIDES}) == 1:
            return document | nothing(asked)
        scores = measured(asked, chosen, home, begin, tick)
    return document | scores | conclusion(scores, chosen.least)


def built(rules: RuleSet, out: Path) -> dict[str, Any]:
    """Build the lane under a rule set; return its manifest."""
    from filters.secrets import home_redactor
    from lanes.build import build
    from lanes.lane import lane_named
    from lanes.settings import load as load_settings
    from lanes.split import SplitSettings
    from warehouse.interrupt import write

    lane = lane_named(LANE)
    settings = load_settings(lane.settings, LANE, {})
    splits = load_settings(SplitSettings, "split", {})
    redactor = home_redactor()
    return write(lambda con: build(con, lane, settings, splits, redactor, out, rules=rules))


def digest(file: Path) -> str:
    """Return a file's sha-256; empty where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def nothing(asked: Asked) -> dict[str, Any]:
    """Return what is said where both datasets teach the same."""
    facts = {"pack": asked.pack or "held-out rows", "split": asked.split, "seeds": [], "n": 0}
    words = "Both datasets train on the same rows: these rules leave the lane as it is."
    return facts | {"tokens": dict.fromkeys(SIDES, 0), "verdict": "same data", "words": words}


def measured(
    asked: Asked, chosen: AblationSettings, home: Path, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Train both sides with every seed; return nats of each prompt, and how much was learned."""
    from train.harness.pack_build import build_pack
    from train.harness.packs import find_pack, load_pack

    if asked.pack is None:
        build_pack(home / "with", home / "pack", "held-out rows", asked.most)
    pack = load_pack(home / "pack" if asked.pack is None else find_pack(asked.pack))
    prompts = pack.split(asked.split)[: asked.most]
    if not prompts:
        raise AgpError(f"{pack.name} has no prompts of the {asked.split} split; name another")
    changes = [f"{k}={v}" for k, v in chosen.train.items()] + list(asked.changes)
    arms = {side: Arm(asked.model, home / side, tuple(changes)) for side in SIDES}
    steps = asked.steps or chosen.steps
    begin(2 * asked.seeds)
    seeds = []
    for seed in range(asked.seeds):
        tokens = arms["with"].tokens_of(steps, seed)
        lengths = {"with": steps, "without": arms["without"].steps_for(tokens, seed)}
        runs = {side: arms[side].run(lengths[side], seed, prompts) for side in SIDES}
        for _ in SIDES:
            tick()
        seeds.append({"seed": seed, "steps": lengths, **{side: runs[side] for side in SIDES}})
    scored = seeds[0]["with"]["scores"]
    return {
        "pack": pack.name,
        "pack_digest": pack.digest,
        "split": asked.split,
        "n": len(prompts),
        "settings": arms["with"].settings.model_dump(),
        "tokens": {side: seeds[0][side]["tokens"] for side in SIDES},
        "prompts": [{"id": s.id, "tokens": s.tokens, "group": s.group} for s in scored],
        "seeds": [
            {
                **{"seed": one["seed"], "steps": one["steps"]},
                **{
                    side: {
                        "tokens": one[side]["tokens"],
                        "nats": [s.nats for s in one[side]["scores"]],
                    }
                    for side in SIDES
                },
            }
            for one in seeds
        ],
    }


class Arm:
    """One side: a dataset that runs are trained on, with as many steps as are asked for."""

    def __init__(self, model: str, data: Path, changes: tuple[str, ...]) -> None:
        """Read the rows once, to know what each step would learn."""
        from train.model.load import load as load_model
        from train.stages.samples import read_split
        from train.stages.stage1 import chosen_settings

        self.model, self.data, self.changes = model, data, changes
        self.settings = chosen_settings(changes)
        _, tokenizer = load_model(model)
        self.samples, _ = read_split(data, "train", tokenizer, self.settings.window)

    def learned(self, seed: int) -> Iterator[int]:
        """Yield how many tokens each step learns, in the order that a run of this seed takes."""
        from train.stages.batches import plan

        lengths, s, epoch = [len(x.ids) for x in self.samples], self.settings, 0
        waiting: list[int] = []
        while True:
            for group in plan(lengths, s.batching, s.batch_tokens, seed, epoch):
                waiting.append(sum(len(self.samples[i].targets) for i in group))
                if len(waiting) == s.accumulate:
                    yield sum(waiting)
                    waiting = []
            epoch += 1

    def tokens_of(self, steps: int, seed: int) -> int:
        """Return how many tokens so many steps learn."""
        found = self.learned(seed)
        return sum(next(found) for _ in range(steps))

    def steps_for(self, tokens: int, seed: int) -> int:
        """Return the number of steps, at least one, whose tokens come nearest to so many."""
        before = total = 0
        for step, more in enumerate(self.learned(seed), 1):
            before, total = total, total + more
            if total >= tokens:
                return max(1, step if total - tokens <= tokens - before else step - 1)
        raise AssertionError("rows are read for ever")

    def run(self, steps: int, seed: int, prompts: Sequence[Any]) -> dict[str, Any]:
        """Train a run; return what it learned from and its scores of the prompts."""
        from train.harness.measure import answer_scores, encode_prompts
        from train.model.gemma import Gemma
        from train.model.load import load as load_model
        from train.stages import loop, stage1, training
        from train.stages.evaluate import trained
        from train.stages.stage import Request

        last = (f"max_steps={steps}", f"evaluate_every={steps}", f"seed={seed}")
        request = Request(self.model, self.data, changes=(*self.changes, *last))
        run, stage = stage1.start(request)
        training.train(run, stage, loop.Progress(), lambda line, total: None, lambda: False)
        model, tokenizer = load_model(self.model, run / "last")
        asked = encode_prompts(tokenizer, prompts)
        return {
            "tokens": trained(run),
            "scores": answer_scores(Gemma(model), asked, self.settings.window),
        }


def conclusion(scores: dict[str, Any], least: int) -> dict[str, Any]:
    """Return the difference with − without in nats a token, paired by prompt, and what it shows.

    The value is the mean over seeds; its interval resamples prompts. Only where that is off zero
    and every seed's own value lies on the same side does it say that a difference was seen.
    """
    from train.eval.statistics import paired_difference

    tokens = [p["tokens"] for p in scores["prompts"]]
    groups = [p["group"] for p in scores["prompts"]]
    each = [
        paired_difference(one["with"]["nats"], one["without"]["nats"], tokens, groups)
        for one in scores["seeds"]
    ]
    means = {
        side: [
            sum(values) / len(each)
            for values in zip(*(one[side]["nats"] for one in scores["seeds"]), strict=True)
        ]
        for side in SIDES
    }
    whole = paired_difference(means["with"], means["without"], tokens, groups)
    found = verdict(whole.low, whole.high, [e.value for e in each], scores["n"], least)
    return {
        "difference": vars(whole),
        "by_seed": [vars(e) for e in each],
        "verdict": found,
        "words": words(found, vars(whole), len(each)),
    }


def verdict(low: float, high: float, values: Sequence[float], n: int, least: int) -> str:
    """Return what an interval, and each seed's own value, show.

    >>> verdict(-0.2, -0.1, [-0.1, -0.2], 50, 20), verdict(-0.2, -0.1, [0.1, -0.4], 50, 20)
    ('helps', 'no difference seen')
    >>> verdict(0.1, 0.2, [0.1, 0.2], 50, 20), verdict(-0.2, -0.1, [-0.1], 9, 20)
    ('hurts', 'too few')
    """
    if n < least:
        return "too few"
    if high < 0 and max(values) < 0:
        return "helps"
    if low > 0 and min(values) > 0:
        return "hurts"
    return "no difference seen"


def words(found: str, whole: dict[str, Any], seeds: int) -> str:
    """Return the result in a sentence."""
    said = {
        "helps": "With the rules it reads held-out answers better than without",
        "hurts": "With the rules it reads held-out answers worse than without",
        "no difference seen": "No difference seen",
        "too few": "Too few prompts to tell",
    }[found]
    number = "{value:+.4f} [{low:+.4f}, {high:+.4f}] nats a token, n = {n}".format(**whole)
    return f"{said}: with − without = {number} prompts, mean of {seeds} seeds."
