"""The pack that ships: our own questions and a seed in, the same prompts every time.

`shipped/questions.toml` holds tables of questions, `shipped_families` computes others, and
`shipped/general.txt` is general text. A row of a family stands in one split only.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from pydantic import TypeAdapter

from train.harness.checks import Check
from train.harness.packs import SHIPPED, Message, Prompt, write_pack
from train.harness.shipped_families import FAMILIES, Row
from train.harness.strata import kind_of, script_of
from train.model.corpus import documents

SEED = 11
# A family's rows go to these splits in turn.
TURNS = ("heads", "test", "calib", "heads", "valid", "test", "heads", "calib", "heads")
GROWN = 40  # general texts that grow from the tiny model's banks, under a seed it never saw


def build_shipped(out: Path, seed: int = SEED) -> None:
    """Write the pack that the package carries."""
    rng = Random(seed)
    prompts = [p for family in families(rng) for p in in_splits(family, rng)]
    order = {split: i for i, split in enumerate(("heads", "valid", "calib", "test"))}
    prompts.sort(key=lambda p: order[p.split])
    write_pack(out, "shipped", f"written for this project, seed {seed}", prompts, general(seed))


def families(rng: Random) -> Iterator[list[Row]]:
    """Yield every family's rows."""
    text = (SHIPPED / "questions.toml").read_text(encoding="utf-8")
    for table in tomllib.loads(text)["family"]:
        yield [table_row(table, row, rng) for row in table["rows"]]
    for grow, count in FAMILIES.items():
        rows: dict[str, Row] = {}
        while len(rows) < count:
            turns, checks = grow(rng)
            rows.setdefault(" ".join(turns[:-1]), (turns, checks))
        yield list(rows.values())


def table_row(table: dict[str, Any], row: list[str], rng: Random) -> Row:
    """Return one row of a table, asked in one of its ways."""
    turns = [rng.choice(table["asked"]).format(*row), table["answer"].format(*row)]
    filled = {k: v.format(*row) for k, v in table.get("check", {}).items()}
    checks: list[Check] = [TypeAdapter(Check).validate_python(filled)] if filled else []
    return turns, checks


def in_splits(family: list[Row], rng: Random) -> Iterator[Prompt]:
    """Yield a family's rows as prompts, shuffled and dealt to the splits in turn."""
    for i, (turns, checks) in enumerate(rng.sample(family, len(family))):
        roles = ("user", "assistant")
        messages = [Message(role=roles[k % 2], content=t) for k, t in enumerate(turns)]
        yield Prompt(
            id=hashlib.sha256(json.dumps(turns).encode()).hexdigest()[:16],
            messages=messages,
            kind=kind_of(turns[-1]),
            script=script_of(turns[-2]),
            split=TURNS[i % len(TURNS)],
            checks=checks,
        )


def general(seed: int) -> list[str]:
    """Return general texts: paragraphs of our own, and fresh ones of the tiny model's kind."""
    own = (SHIPPED / "general.txt").read_text(encoding="utf-8").splitlines()
    grown = [d for d in documents(8 * GROWN, seed) if isinstance(d, str) and len(d) > 120]
    return own + grown[:GROWN]
