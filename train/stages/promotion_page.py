"""A promotion's record as a page for people: record in, Markdown out."""

from typing import Any

from train.eval.gates import interval


def page(record: dict[str, Any]) -> str:
    """Return the record as Markdown."""
    said = record["dataset"]
    lines = [
        f"# {record['decision'].capitalize()}: {of(record)}, stage {record['stage']}",
        "",
        f"{record['reason'].capitalize()}.",
        "",
        f"Decided {record['decided_at']}, record {record['promotion_id']}.",
        "",
        "| gate | of | pack | passes with its | measured | n | verdict |",
        "|---|---|---|---|--:|--:|---|",
        *(
            f"| {g['name']} | {g['run_id']} | {g['pack']} | {g['rule']} | {interval(g)} | {g['n']} "
            f"| {g['verdict'].replace('_', ' ')} |"
            for g in record["gates"]
        ),
        "",
        *(line for e in record["evaluations"] for line in evaluation(e)),
        "## Made of",
        "",
        *facts(record["model"]),
        *facts({k: v for k, v in said.items() if not isinstance(v, dict | list)}),
        *facts({f"sha-256 of {k}": v for k, v in said.get("data_digests", {}).items()}),
        *facts({f"manifest of {k}": v for k, v in said.get("captures", {}).items()}),
        *facts({"parents": ", ".join(record["parents"]) or None, "seed": record["seed"]}),
        *facts({"artifact": record["artifact_sha256"]}),
        "",
        "## Made with",
        "",
        *facts({k: v for k, v in record["trained"].items() if k != "settings"}),
        *facts({k: v for k, v in record["made_with"].items() if k != "command"}),
        *facts({"energy": record["energy"] or "not told by the machine"}),
        "",
        "## Limitations",
        "",
        *(f"* {line}" for line in record["limitations"] or ["none that the checks know of"]),
        "",
        "## Reproduce",
        "",
        *(f"    {line}" for line in record["reproduce"]),
        "",
    ]
    return "\n".join(lines)


def of(record: dict[str, Any]) -> str:
    """Return what was decided over.

    >>> of({"run_id": "s1-x"}), of({"run_id": "bundle-3f"})
    ('run s1-x', 'bundle 3f')
    """
    kind, dash, name = record["run_id"].partition("-")
    return f"bundle {name}" if kind == "bundle" and dash else f"run {record['run_id']}"


def evaluation(found: dict[str, Any]) -> list[str]:
    """Return an evaluation's numbers as a table."""
    opened = found["openings"]
    return [
        f"## {found['run_id']} on {found['pack']} ({found['pack_digest']})",
        "",
        f"Test split opened {opened['of_run']} × for this run, {opened['of_pack']} × in all.",
        "",
        "| measure | value | low | high | n |",
        "|---|--:|--:|--:|--:|",
        *(
            f"| {m['name']} | {m['value']:.4f} | {m['low']:.4f} | {m['high']:.4f} | {m['n']} |"
            for m in found["measures"]
        ),
        "",
    ]


def facts(values: dict[str, Any]) -> list[str]:
    """Return facts as a list; what is not known is left out.

    >>> facts({"seed": 0, "parents": None})
    ['* seed: 0']
    """
    return [f"* {name}: {value}" for name, value in values.items() if value is not None]
