"""A promotion's record as a page for people: record in, Markdown out."""

from typing import Any

from train.eval.gates import interval


def page(record: dict[str, Any]) -> str:
    """Return the record as Markdown."""
    said = record["dataset"]
    lines = [
        f"# {record['decision'].capitalize()}: run {record['run_id']}, stage {record['stage']}",
        "",
        f"{record['reason'].capitalize()}.",
        "",
        f"Decided {record['decided_at']}, record {record['promotion_id']}.",
        "",
        "| gate | pack | passes with its | measured | n | verdict |",
        "|---|---|---|--:|--:|---|",
        *(
            f"| {g['name']} | {g['pack']} | {g['rule']} | {interval(g)} | {g['n']} "
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


def evaluation(found: dict[str, Any]) -> list[str]:
    """Return an evaluation's numbers as a table."""
    opened = found["openings"]
    return [
        f"## On {found['pack']} ({found['pack_digest']})",
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
