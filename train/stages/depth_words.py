"""Stage 3's evaluation for a reader: a document in, tables, titles and sentences out."""

from typing import Any

from train.eval.gates import interval
from train.stages.closing import closing

Document = dict[str, Any]
TITLES = {"kl": "KL", "agree": "top-1", "cross_entropy": "CE"}


def shown(document: Document) -> Document:
    """Return `title`, `names`, `tables` and `words` of a document."""
    title = f"{document['run_id']} on {document['pack']}, {document['tokens']:,} tokens"
    tables = [*ways_tables(document), *generation_tables(document)]
    return {"title": title, "names": {}, "tables": tables, "words": words(document)}


def ways_tables(document: Document) -> list[Document]:
    """Return a table an exit, a row a way, the least divergence first."""
    found = {m["name"]: m["value"] for m in document["measures"]}
    made = []
    for k in document["exits"]:
        prefix = f"kl.{k}."
        names = [n.removeprefix(prefix) for n in found if n.startswith(prefix)]
        rows = [
            [
                f"seed {name}" if name.isdigit() else name,
                document["work"].get(name, 0),
                *(f"{found[f'{fact}.{k}.{name}']:.3f}" for fact in TITLES),
            ]
            for name in sorted(names, key=lambda name: found[prefix + name])
        ]
        title = f"before layer {k}: {document['tokens']:,} tokens, {document['split']} split"
        made.append({"title": title, "columns": ["way", "work", *TITLES.values()], "rows": rows})
    return made


def generation_tables(document: Document) -> list[Document]:
    """Return what leaving at half depth does to whole answers, easy and hard apart."""
    groups = document["generation"]
    if not groups:
        return []
    names = {
        "layers": "layers a token",
        "work": "work, share of full depth",
        "time": "seconds a token, share",
        "agree": "tokens full depth agrees with",
        "same": "tokens of the free-running text",
    }
    rows = [
        [name, *(estimate(group[key]) for group in groups.values())] for key, name in names.items()
    ]
    title = f"every token leaves before layer {document['half']}"
    return [{"title": title, "columns": ["generation", *groups], "rows": rows}]


def estimate(value: Document) -> str:
    """Return a value with its interval."""
    return f"{value['value']:.2f} [{value['low']:.2f}, {value['high']:.2f}]"


def words(document: Document) -> list[str]:
    """Return the result in sentences."""
    gates = {g["name"]: g for g in document["gates"]}
    found = {m["name"]: m for m in document["measures"]}
    said = []
    if (gate := gates.get("kl_ratio")) and gate["value"] is not None:
        said.append(
            f"At layer {document['half']} the worst seed's divergence is {estimate(gate)} of the "
            f"affine lens's, at equal work ({gate['n']} prompts)."
        )
    for name in ("learned affine", "extra block"):
        if row := found.get(f"kl_ratio.against {name}"):
            verb = "beats" if row["high"] < 1 else "does not beat"
            said.append(f"It {verb} the {name}, trained in the same way: {estimate(row)}.")
    if control := gates.get("control"):
        passes = control["high"] is not None and control["high"] < control["threshold"]
        said.append(
            f"The gate is broken: the shuffled control passes it ({interval(control)})."
            if passes
            else "The shuffled control does not pass."
        )
    return said + closing(document)
