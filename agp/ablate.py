"""What rules are worth: a lane with them and without, a model trained on either, the difference.

In: the names of rules. Out: a document with the paired difference on held-out prompts. All of it
happens in a home of its own with a copy of the warehouse; only the document and a row stay.
"""

import hashlib
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt

from agp.ablate_arm import Arm
from agp.ablate_verdict import SIDES, conclusion
from agp.clean_home import clean_home
from filters.compile import RuleSet, compile_rules
from filters.files import Placed, load, switched_off
from filters.review import known_rule
from warehouse.errors import AgpError

LANE = "sft"  # the one that stage 1 learns from
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
    return {
        "pack": pack.name,
        "pack_digest": pack.digest,
        "split": asked.split,
        "n": len(prompts),
        "settings": arms["with"].settings.model_dump(),
        **scores_of(seeds),
    }


def scores_of(seeds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the runs of all seeds learned from, and their nats prompt by prompt."""
    scored = seeds[0]["with"]["scores"]
    return {
        "tokens": {side: seeds[0][side]["tokens"] for side in SIDES},
        "prompts": [{"id": s.id, "tokens": s.tokens, "group": s.group} for s in scored],
        "seeds": [
            {"seed": one["seed"], "steps": one["steps"]}
            | {
                side: {
                    "tokens": one[side]["tokens"],
                    "nats": [s.nats for s in one[side]["scores"]],
                }
                for side in SIDES
            }
            for one in seeds
        ],
    }
