"""Two builds in, what differs out: exchanges, splits, weights, copies, and how they were made."""

from importlib.resources import files
from typing import Any

from lanes.manifest import read_manifest
from lanes.read import find
from warehouse.errors import AgpError
from warehouse.interrupt import read

MADE_BY = ("lane", "rule_set", "parameters", "looked_for")


def diff(one: str, other: str) -> dict[str, Any]:
    """Compare two builds, named by id or folder, exchange by exchange.

    Only exchanges that earn something count: one repeated as context stands in no build for itself.
    """
    (folder_a, a), (folder_b, b) = find(one), find(other)
    query = (files("lanes") / "diff.sql").read_text(encoding="utf-8")
    lines = read(lambda con: con.sql(query, params={"one": a, "other": b}).pl()).to_dicts()
    for name, key in ((a, "split"), (b, "other_split")):
        if not any(line[key] for line in lines):
            raise AgpError(f"this warehouse does not know {name}; build that lane here")
    both = [line for line in lines if line["split"] and line["other_split"]]
    moved = [line for line in both if line["split"] != line["other_split"]]
    return {
        "builds": [a, b],
        "same": sum(unchanged(line) for line in both),
        "only_first": [line["exchange_id"] for line in lines if not line["other_split"]],
        "only_second": [line["exchange_id"] for line in lines if not line["split"]],
        "split_changed": [named(line, "split") for line in moved],
        "weight_changed": [named(x, "weight") for x in both if x["weight"] != x["other_weight"]],
        "rows_changed": [named(x, "rows") for x in both if x["rows"] != x["other_rows"]],
        "settings": settings(read_manifest(folder_a), read_manifest(folder_b)),
    }


def unchanged(line: dict[str, Any]) -> bool:
    """Say whether an exchange stands in both builds alike."""
    return all(line[key] == line[f"other_{key}"] for key in ("split", "weight", "rows"))


def named(line: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an exchange with what it had and what it has."""
    return {"exchange_id": line["exchange_id"], "was": line[key], "is": line[f"other_{key}"]}


def settings(one: dict[str, Any], other: dict[str, Any]) -> dict[str, list[Any]]:
    """Return what the two builds were made by, where it differs: name -> [first, second].

    >>> made = {"lane": "sft", "rule_set": "r1", "parameters": {"chars": 9}}
    >>> settings(made | {"looked_for": {"off": ["host"]}}, made | {"looked_for": {"off": []}})
    {'looked_for.off': [['host'], []]}
    """
    a, b = (flat({key: made.get(key) for key in MADE_BY}) for made in (one, other))
    names = dict.fromkeys([*a, *b])
    return {name: [a.get(name), b.get(name)] for name in names if a.get(name) != b.get(name)}


def flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return a nested value with dotted names.

    >>> flat({"a": {"b": 1}, "c": [2]})
    {'a.b': 1, 'c': [2]}
    """
    found: dict[str, Any] = {}
    for key, item in value.items():
        found |= flat(item, f"{before}{key}.") if isinstance(item, dict) else {before + key: item}
    return found
