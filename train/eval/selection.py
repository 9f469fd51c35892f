"""Which prompts of a pack are measured and which are answered: the same choice for every model."""

from dataclasses import dataclass
from typing import Any

from train.harness.checks import outcomes
from train.harness.observe import Observation
from train.harness.packs import Pack, Prompt
from train.harness.strata import spread
from warehouse.errors import AgpError

SHOWN = 3  # answers of both models, where no check asks for more

Passed = dict[str, dict[str, tuple[bool, bool]]]  # kind of check → prompt → (base, tuned)


@dataclass(frozen=True)
class Selection:
    """Prompts whose reference answers are scored, and those that the models answer themselves."""

    prompts: list[Prompt]
    answered: list[Prompt]
    run_code: bool


def select(pack: Pack, split: str, most: int, answers: int, run_code: bool) -> Selection:
    """Choose at most `most` prompts of a split, and `answers` of them to be answered.

    Prompts with checks that will run come first, spread over their kinds.
    """
    prompts = spread(pack.split(split), lambda p: (p.kind, p.script), most)
    if not prompts:
        raise AgpError(f"pack {pack.name} has no {split} prompts; see `agp packs show`")
    checked = [p for p in prompts if any(run_code or c.type != "python" for c in p.checks)]
    answered = spread(checked, lambda p: p.checks[0].type, answers)
    if len(answered) < min(SHOWN, answers):
        rest = [p for p in prompts if p not in answered]
        answered += spread(rest, lambda p: p.kind, min(SHOWN, answers) - len(answered))
    return Selection(prompts, answered, run_code)


def answer_rows(chosen: Selection, base: Observation, tuned: Observation) -> list[dict[str, Any]]:
    """Return both models' answers beside what was asked, the reference, and which checks pass."""
    return [
        {
            "id": p.id,
            "asked": p.messages[-2].content,
            "reference": p.messages[-1].content,
            "untuned": base.answers[p.id],
            "tuned": tuned.answers[p.id],
            "untuned_checks": outcomes(p.checks, base.answers[p.id], chosen.run_code),
            "tuned_checks": outcomes(p.checks, tuned.answers[p.id], chosen.run_code),
        }
        for p in chosen.answered
    ]


def passed(rows: list[dict[str, Any]]) -> Passed:
    """Return which prompts each model passes, by kind of check."""
    found: Passed = {}
    for row in rows:
        for kind, before in row["untuned_checks"].items():
            found.setdefault(kind, {})[row["id"]] = (before, row["tuned_checks"][kind])
    return found
