"""A rule's own examples, run through the same child as real exchanges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from filters.compile import Compiled, RuleSet
from filters.decide import join_words
from filters.rule import Example
from filters.run import evaluated
from warehouse.features import columns
from warehouse.features.examples import empty_database, example_rows


@dataclass(frozen=True)
class Result:
    """What a rule said of one of its examples."""

    rule_id: str
    wanted: bool  # it stands under `hit`
    number: int  # 1, 2, ... there
    got: bool

    @property
    def passed(self) -> bool:
        """Say whether the rule did what its author expects."""
        return self.wanted == self.got


def run_tests(rules: RuleSet) -> list[Result]:
    """Return the result of every example of every rule, all evaluated in one pass."""
    con = empty_database()
    kinds = {"exchange": cases(rules.exchange), "message": cases(rules.message)}
    rows = [
        example_rows(con, on, columns(on), [labelled(case, on) for case in kind])
        for on, kind in kinds.items()
    ]
    found = evaluated(rules, rows[0], rows[1])
    return [
        Result(c.rule.id, wanted, number, bool(masks.get(row, 0) >> c.position & 1))
        for kind, table in zip(kinds.values(), found, strict=True)
        for masks in [masks_by_row(table)]
        for row, (c, wanted, number, _) in enumerate(kind)
    ]


def cases(rules: Sequence[Compiled]) -> list[tuple[Compiled, bool, int, Example]]:
    """Return all examples of rules: the rule, whether it must hit, its number, the example."""
    return [
        (c, wanted, number, example)
        for c in rules
        for wanted, examples in ((True, c.rule.hit), (False, c.rule.miss))
        for number, example in enumerate(examples, 1)
    ]


def masks_by_row(table: pa.Table) -> dict[int, int]:
    """Return row_number -> mask."""
    words = [table.column(n).to_pylist() for n in table.column_names if n != "row_number"]
    rows = table.column("row_number").to_pylist()
    return {row: join_words(mask) for row, mask in zip(rows, zip(*words, strict=True), strict=True)}


def labelled(case: tuple[Compiled, bool, int, Example], on: str) -> tuple[str, dict[str, Any]]:
    """Return how an error names an example, and its columns."""
    compiled, _, number, example = case
    label = f"{compiled.path}: rule {compiled.rule.id}: example {number}"
    return label, described(compiled, example, on)


def described(compiled: Compiled, example: Example, on: str) -> dict[str, Any]:
    """Return an example's columns; a bare string is the prompt or the text.

    What a bare string says nothing of is taken as the rule requires it, so that its words decide.
    """
    defaults = {c.name: c.example for c in columns(on).values() if c.example is not None}
    if isinstance(example, dict):
        return defaults | example
    demands = {
        name: value
        for name, value in required(compiled.expression.tree).items()
        if columns(on)[name].origin == "table"
    }
    return defaults | demands | {"prompt" if on == "exchange" else "text": example}


def required(tree: dict[str, Any]) -> dict[str, Any]:
    """Return what the top-level AND of a rule demands: column = constant, and plain booleans."""
    parts = tree["children"] if tree["type"] == "CONJUNCTION_AND" else [tree]
    demands: dict[str, Any] = {}
    for part in parts:
        if part["class"] == "COLUMN_REF":
            demands[part["column_names"][0]] = True
        elif part["type"] == "COMPARE_EQUAL" and part["left"]["class"] == "COLUMN_REF":
            if part["right"]["class"] == "CONSTANT":
                demands[part["left"]["column_names"][0]] = part["right"]["literal"].get("text")
        elif part["class"] == "CONJUNCTION" and part["type"] == "CONJUNCTION_AND":
            demands |= required(part)
    return demands
