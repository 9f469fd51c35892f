"""A labeling function's own examples, run through the same child as real exchanges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labelers.columns import turn_columns
from labelers.evaluate import cast_texts
from labelers.function import Example
from labelers.load import Labeler
from warehouse.errors import AgpError
from warehouse.features.examples import empty_database, example_rows

WANTED = {"hit": True, "against": False, "miss": None}


@dataclass(frozen=True)
class Result:
    """What a function said of one of its examples: that the label holds, that not, or nothing."""

    function: str
    under: str  # hit, against or miss
    number: int  # 1, 2, ... there
    got: bool | None

    @property
    def passed(self) -> bool:
        """Say whether the function did what its author expects."""
        return self.got is WANTED[self.under]


def run_tests(labelers: Sequence[Labeler]) -> list[Result]:
    """Return the result of every example of every text function, all run in one pass."""
    cases = [
        (one, under, number, example)
        for one in labelers
        if one.text
        for under in WANTED
        for number, example in enumerate(getattr(one.text, under), 1)
    ]
    rows = example_rows(
        empty_database(),
        "turn",
        turn_columns(),
        [(f"{one.path}: {one.id}: {under} {n}", described(one, e)) for one, under, n, e in cases],
    )
    votes, problems = cast_texts([one for one in labelers if one.text], rows)
    if problems:
        raise AgpError(problems[0].reason)
    said = {(v["labeler"], v["row_number"]): v["holds"] for v in votes.to_dicts()}
    return [
        Result(one.id, under, number, said.get((one.id, row)))
        for row, (one, under, number, _) in enumerate(cases)
    ]


def described(labeler: Labeler, example: Example) -> dict[str, Any]:
    """Return an example's columns; a bare string is the text that the function looks at."""
    defaults = {c.name: c.example for c in turn_columns().values() if c.example is not None}
    on = labeler.text.on if labeler.text else "prompt"
    return defaults | (example if isinstance(example, dict) else {on: example})
