"""A whole beside its stage 1 alone, for a reader: a document in, a table and sentences out."""

from typing import Any

Document = dict[str, Any]
WORDS = {
    "quality_per_compute": ("quality per compute", "more is better"),
    "easy_latency": ("median seconds a token on easy prompts", "less is better"),
    "energy_per_token": ("joules a token that full depth agrees with", "less is better"),
    "parameters_per_token": ("weights read a token that full depth agrees with", "less is better"),
}
COLUMNS = ("way", "target", "whole ÷ stage 1 alone", "n", "improved")


def shown(document: Document) -> Document:
    """Return `title`, `names`, `tables` and `words` of a document."""
    title = f"{document['run_id']} on {document['pack']}, beside its stage 1 alone"
    table = {"title": title, "columns": COLUMNS, "rows": rows(document["targets"])}
    return {"title": title, "names": {}, "tables": [table], "words": words(document)}


def rows(targets: list[Document]) -> list[list[Any]]:
    """Return a row a target of each way."""
    return [
        [t["way"], ", ".join(WORDS[t["name"]]), spread(t), t["n"], "yes" if t["improved"] else "no"]
        for t in targets
    ]


def spread(found: Document) -> str:
    """Return a value with its interval.

    >>> spread({"value": 0.71, "low": 0.66, "high": 0.77})
    '0.710 [0.660, 0.770]'
    """
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def words(document: Document) -> list[str]:
    """Return the result in sentences."""
    better = [t for t in document["targets"] if t["improved"]]
    said = [
        f"{t['way']}: {WORDS[t['name']][0]} is {spread(t)} of stage 1 alone, better for sure."
        for t in better
    ]
    if not better:
        said.append("None of the targets improved against stage 1 alone.")
    if "route" not in document["ways"]:
        said.append("It does not route: its heads have no certified threshold.")
    if document["energy"] is None:
        said.append("Energy is not measured: this machine does not tell it.")
    found = {m["name"]: m for m in document["measures"]}
    worst = found["disagreement"]
    said.append(
        f"Of the worst way's tokens {worst['value']:.1%} [{worst['low']:.1%}, "
        f"{worst['high']:.1%}] are not what full depth would have said."
    )
    unsure = [g["name"] for g in document["gates"] if g["verdict"] == "too_few"]
    if unsure:
        said.append(f"Too few to tell: {', '.join(unsure)}.")
    return said
