"""The substance: hand-written topics in content/*.toml in, prompts with their answers out.

An answer always has one shape, the person's own: the conclusion in a line, numbered facts, the file
and the command that shows it, and what was not checked.
"""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from lanes.sample_history import compute
from lanes.sample_history.dice import Dice


@dataclass
class Item:
    """One prompt that a person could type, and the answer worth learning."""

    project: str
    area: str
    topic: str
    kind: str  # topic | convention | concept | code | language
    ask: str
    answer: str
    file: str
    run: str
    language: str = "en"
    concept: str | None = None
    check: dict[str, Any] | None = None
    output: str | None = None
    edit: tuple[str, str] | None = None
    more: dict[str, Any] = field(default_factory=dict)


def projects() -> list[str]:
    """Return the names of the projects, in the order the person began them."""
    return ["wrensong", "krume", "pebblepress", "wattbook", "nkolat", "tinyloop"]


def read(name: str) -> dict[str, Any]:
    """Return a content file as a dictionary."""
    where = resources.files("lanes.sample_history") / "content" / f"{name}.toml"
    return tomllib.loads(where.read_text("utf-8"))


def items(project: str, dice: Dice, frames: list[str]) -> list[Item]:
    """Return everything one project has to ask about, each case once."""
    content = read(project)
    found: list[Item] = []
    for area, topics in content.items():
        for topic in topics:
            found.extend(_cases(project, area, topic, dice, frames))
    return found


def _cases(
    project: str, area: str, topic: dict[str, Any], dice: Dice, frames: list[str]
) -> list[Item]:
    cases = topic.get("cases") or [{}] * topic.get("times", 1)
    if "compute" in topic:
        cases = getattr(compute, topic["compute"])(dice)
    asks = dice.shuffled(topic["ask"])
    made = []
    for i, case in enumerate(cases):
        case = {k: str(v) for k, v in case.items()}
        ask = _frame(fill(asks[i % len(asks)], case), i >= len(asks), topic, dice, frames)
        made.append(_item(project, area, topic, case, ask))
    return made


def _frame(ask: str, again: bool, topic: dict[str, Any], dice: Dice, frames: list[str]) -> str:
    """Set a question among the words people put around one; a phrasing used again always is."""
    if topic.get("language", "en") != "en" or not (again or dice.chance(0.25)):
        return ask
    frame = dice.pick(frames)
    inner = ask if frame.startswith("{") or ask[:2] == "I " else ask[0].lower() + ask[1:]
    return frame.replace("{ask}", inner)


def _item(project: str, area: str, topic: dict[str, Any], case: dict[str, str], ask: str) -> Item:
    check = topic.get("check")
    edit = topic.get("edit")
    return Item(
        project=project,
        area=area,
        topic=f"{project}/{area}/{topic['id']}",
        kind=topic.get("kind", "topic"),
        ask=ask,
        answer=answer(topic, case),
        file=fill(topic["file"], case),
        run=fill(topic["run"], case),
        language=topic.get("language", "en"),
        concept=topic.get("concept"),
        check={k: fill(v, case) for k, v in check.items()} if check else None,
        output=fill(topic["out"], case) if "out" in topic else None,
        edit=(fill(edit[0], case), fill(edit[1], case)) if edit else None,
    )


def answer(topic: dict[str, Any], case: dict[str, str]) -> str:
    """Return the answer to a topic in the house style."""
    seen, unchecked = _closing()[topic.get("language", "en")]
    facts = "\n".join(f"{i}. {fill(f, case)}" for i, f in enumerate(topic["facts"], 1))
    values = {k: fill(topic[k], case) for k in ("file", "run", "open")}
    lines = [
        fill(topic["say"], case),
        facts,
        fill(seen, values) + "\n" + fill(unchecked, values),
    ]
    return "\n\n".join(lines)


@cache
def _closing() -> dict[str, list[str]]:
    return read("frames")["closing"]


def fill(template: str, values: dict[str, str]) -> str:
    """Put values where `{name}` stands; other braces are left alone."""
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template
