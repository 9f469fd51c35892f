"""Stage 2's evaluation for a reader: a document in, tables, titles and sentences out."""

from typing import Any

from train.eval.gates import interval
from train.stages.closing import closing

COLUMNS = {
    "augrc": "AUGRC",
    "aurc": "AURC",
    "ece": "ECE",
    "brier": "Brier",
    "coverage": "covered",
    "false_accepts": "false",
    "depth": "depth",
}
Document = dict[str, Any]


def shown(document: Document) -> Document:
    """Return `title`, `names`, `tables` and `words` of a document."""
    title = f"{document['run_id']} on {document['pack']}, {document['positions']:,} positions"
    tables = [method_table(document), death_table(document)]
    return {"title": title, "names": {}, "tables": tables, "words": words(document)}


def values(document: Document) -> dict[str, float]:
    """Return each measure's value by name."""
    return {m["name"]: m["value"] for m in document["measures"]}


def method_table(document: Document) -> Document:
    """Return a row a method, the smallest area first."""
    found = values(document)
    names = sorted(
        (n.removeprefix("aurc.") for n in found if n.startswith("aurc.")),
        key=lambda name: found[f"augrc.{name}"],
    )
    rows = [[name, *(number(found.get(f"{part}.{name}")) for part in COLUMNS)] for name in names]
    title = f"{document['run_id']}, {document['split']} split, {document['positions']:,} positions"
    return {"title": title, "columns": ["method", *COLUMNS.values()], "rows": rows}


def death_table(document: Document) -> Document:
    """Return a row a way of damage: how well heads see it, and how much of it they accept."""
    found = values(document)
    kinds = [n.removeprefix("dead_accepted.") for n in found if n.startswith("dead_accepted.")]
    rows = [
        [kind, number(found[f"death.{kind}"]), number(found[f"dead_accepted.{kind}"])]
        for kind in kinds
    ]
    return {"title": "damaged states", "columns": ["kind", "AUROC", "accepted"], "rows": rows}


def number(value: float | None) -> str:
    """Return a number as tables show it."""
    return "" if value is None else f"{value:.4f}"


def words(document: Document) -> list[str]:
    """Return the result in sentences."""
    gates, found = {g["name"]: g for g in document["gates"]}, values(document)
    best = document["best_baseline"]
    said = [beaten(gates.get("augrc"), best["augrc"])]
    certificates = [document["certificates"][seed] for seed in document["seeds"]]
    refused = [c["reason"] for c in certificates if c["threshold"] is None]
    if refused:
        said.append(
            f"{len(refused)} of {len(certificates)} seeds have no certificate: {refused[0]}."
        )
    else:
        c = certificates[0]
        said.append(
            f"Certified (risk ≤ {c['alpha']:.0%}, broken at most {c['delta']:.0%} of the time, "
            f"{c['n']} prompts, {c['method']}): the heads run {found['depth.heads']:.1%} of the "
            f"layers, {best['coverage']} under its own certificate "
            f"{found['depth.' + best['coverage']]:.1%}, an oracle {found['depth.oracle']:.1%}."
        )
    behind = [seed for seed, row in document["seeds"].items() if row["augrc.high"] >= 0]
    if behind:
        said.append(f"Seeds that alone do not beat that baseline: {', '.join(behind)}.")
    broken = [
        f"{name} passes {row['name']}"
        for name, rows in document["controls"].items()
        for row in rows
        if row["verdict"] == "passed"
    ]
    said.append(
        f"A gate is broken: {'; '.join(broken)}." if broken else "No control passes a gate."
    )
    return said + closing(document)


def beaten(gate: Document | None, best: str) -> str:
    """Return whether heads rank states better than the best baseline."""
    if gate is None or gate["value"] is None:
        return "The areas were not measured."
    verb = {
        "passed": "rank states better than",
        "failed": "do not rank states better than",
        "too_few": "may or may not rank states better than",
    }[gate["verdict"]]
    return f"The heads {verb} {best}: AUGRC {interval(gate)}, {gate['n']} prompts."
