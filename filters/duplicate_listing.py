"""Clusters and templates in, what a person reads of them out: the largest, and what differs."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

import duckdb

from filters.samples import excerpts
from filters.secrets import home_redactor
from warehouse.ids import find_exchange
from warehouse.statements import execute_file

SHOWN = 12  # changes of a copy
COMPARED = 3_000  # words of a text


def listing(con: duckdb.DuckDBPyConnection, alike: str | None, limit: int) -> dict[str, Any]:
    """Return the largest clusters and templates, and how many there are in all.

    Where `alike` says how, only clusters that hold such a copy, or templates alone.

    Their words are not redacted: `shown` does that, when the warehouse is closed.
    """
    totals = execute_file(con, "filters", "duplicate_totals.sql")[0]
    names = ("clusters", "exchanges", "templates", "made", "compared")
    values = {"alike": alike, "most": limit or 2**31}
    clusters = named(con, "duplicate_clusters.sql", **values)
    most = values["most"] if alike in (None, "template") else 0
    templates = named(con, "duplicate_templates.sql", most=most)
    counted = dict(zip(names, totals, strict=True))
    return {"totals": counted, "clusters": clusters, "templates": templates}


def shown(found: dict[str, Any]) -> dict[str, Any]:
    """Return a listing whose words are excerpts without secrets."""
    rows = [*found["clusters"], *found["templates"]]
    for row, text in zip(rows, excerpts([row["begins"] or "" for row in rows], 36), strict=True):
        row["begins"] = text
    return found


def named(con: duckdb.DuckDBPyConnection, file: str, **values: object) -> list[dict[str, Any]]:
    """Return the rows of a statement as dictionaries."""
    rows = execute_file(con, "filters", file, **values)
    names = [column[0] for column in con.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def copies_of(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    """Return the copies in an exchange's cluster, the best first; it alone where it has none."""
    exchange_id = find_exchange(con, name)
    found = named(con, "duplicate_copies.sql", exchange_id=exchange_id)
    return found or [{"exchange_id": exchange_id, "prompt": "", "answer": ""}]


def differences(copies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return copies with what differs from the best in each, word by word.

    Secrets are replaced before anything is compared, so a copy may differ in a secret alone.
    """
    redactor = home_redactor()
    texts = redactor.texts([copy[side] or "" for copy in copies for side in ("prompt", "answer")])
    best = texts[:2]
    for i, copy in enumerate(copies):
        sides = zip(("prompt", "answer"), best, texts[2 * i : 2 * i + 2], strict=True)
        found = [{"in": side} | change for side, a, b in sides for change in changes(a, b)]
        copy |= {"changes": found[:SHOWN], "changed": len(found)}
        del copy["prompt"], copy["answer"]
    begins = excerpts([best[0]], redactor=redactor)[0]
    return {"cluster_id": copies[0]["exchange_id"], "begins": begins, "copies": copies}


def changes(best: str, here: str) -> Iterator[dict[str, str]]:
    """Yield what stands in one text in the place of another's words.

    >>> list(changes("Fix the bug now", "Fix that bug"))
    [{'best': 'the', 'here': 'that'}, {'best': 'now', 'here': ''}]
    """
    a, b = best.split()[:COMPARED], here.split()[:COMPARED]
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            yield {"best": cut(a[i:j]), "here": cut(b[k:m])}


def cut(words: Sequence[str]) -> str:
    """Return words as a short text."""
    return " ".join(words) if len(words) < 13 else " ".join([*words[:12], "…"])
