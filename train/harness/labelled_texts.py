"""A build of the semantic lane as arrays: a split in, texts with their labels out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from warehouse.errors import AgpError

COLUMNS = ("primitives", "invariants")
LIKELY = 0.5  # a label holds from this probability on


@dataclass(frozen=True)
class LabelledTexts:
    """The n distinct texts of a split, l labels, and the rows of the file that repeat them."""

    split: str
    ids: list[str]
    asked: list[str]
    before: list[list[str]]  # the prompts before it in its thread, the nearest last
    labels: tuple[str, ...]
    target: np.ndarray  # [n x l] probability, NaN where nobody ever judged the label
    voted: np.ndarray  # [n x l] bool: a labeling function spoke
    weight: np.ndarray  # [n] by the rules
    bundles: list[list[str]]
    neighbours: list[list[str]]
    rows: np.ndarray  # [r] the text of each row, copies and all

    @property
    def holds(self) -> np.ndarray:
        """Return [n x l]: 1 where a label holds, 0 where not, NaN where nobody can tell."""
        return np.where(np.isnan(self.target), np.nan, self.target >= LIKELY)

    def with_before(self, most: int) -> list[str]:
        """Return each text behind at most so many of the prompts before it."""
        pairs = zip(self.before, self.asked, strict=True)
        return ["\n\n".join([*(before[-most:] if most else ()), asked]) for before, asked in pairs]

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self.ids)


def read_texts(folder: Path, split: str) -> LabelledTexts:
    """Return a split of a build; AgpError where it is no build of the semantic lane."""
    file = folder / f"{split}.jsonl"
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise AgpError(
            f"{folder} has no {split}.jsonl; `agp lanes build semantic` makes a build, and a small "
            "history may leave a split empty"
        ) from None
    found: dict[str, dict[str, Any]] = {}
    order = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = parsed(file, number, line)
            found.setdefault(row["exchange_id"], row)
            order.append(row["exchange_id"])
    if not found:
        raise AgpError(f"{file} is empty; build with more history")
    place = {name: i for i, name in enumerate(found)}
    rows = list(found.values())
    labels = tuple(name for column in COLUMNS for name in rows[0][column] or {})
    values = [{**(r[COLUMNS[0]] or {}), **(r[COLUMNS[1]] or {})} for r in rows]
    if any(tuple(v) != labels for v in values):
        raise AgpError(f"{file}: rows differ in their labels; build it anew")
    return LabelledTexts(
        split,
        list(found),
        [r["text"] for r in rows],
        [r["before"] for r in rows],
        labels,
        np.array([[v[n] if v[n] is not None else np.nan for n in labels] for v in values], float),
        np.array([[name in r["voted"] for name in labels] for r in rows], bool),
        np.array([r["weight"] for r in rows], float),
        [r["bundles"] for r in rows],
        [r["neighbours"] for r in rows],
        np.array([place[name] for name in order]),
    )


def parsed(file: Path, number: int, line: str) -> dict[str, Any]:
    """Return a line as a row of the semantic lane."""
    wanted = {"exchange_id", "text", "before", "voted", "bundles", "neighbours", "weight", *COLUMNS}
    try:
        row = json.loads(line)
        missing = sorted(wanted - row.keys())
    except (ValueError, AttributeError):
        raise AgpError(f"{file}, line {number}: not a row of the semantic lane") from None
    if missing:
        raise AgpError(
            f"{file}, line {number}: no {', '.join(missing)}; `agp lanes build semantic` makes "
            "such rows"
        )
    return row
