"""Sixty rules on 200,000 exchanges: `agp filters` against its nearest peers, one run, one table.

    python -m bench filters

The history is written and ingested once, below bench/out, and is not part of what is measured.
Each peer reads the same exchanges from a Parquet file. Hits are compared rule by rule, so a number
stands in the table only for an engine that found what agp found.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.filters import history, rules
from bench.measure import OUT, Measured, environment, measure, write_table

HERE = Path(__file__).parent
FOLDER = OUT / "filters"
EXPORT = """
copy (
    select exchange_id, coalesce(prompt, '') as prompt, coalesce(answer, '') as answer,
           f.tool_calls, f.tool_errors, f.edits, f.messages, f.ordinal
    from v_exchanges join features f using (exchange_id))
to '{path}' (format parquet)
"""
PEERS = {
    "naive_sql": ("naive SQL (DuckDB)", ["duckdb"]),
    "polars": ("polars", ["polars"]),
    "plain_python": ("plain Python", ["pyarrow"]),
    "datatrove": ("datatrove, 60 filters in a row", ["datatrove[io]", "pyarrow", "regex"]),
}
HEAD = ["what", "seconds", "CPU s", "peak MB", "exchanges a second"]


def agp(*arguments: str | Path) -> Measured:
    """Run a command of this checkout on the benchmark's home."""
    env = clean() | {"HOME": str(FOLDER / "home"), "AGP_HOME": str(FOLDER / "store")}
    return measure([sys.executable, "-m", "agp", *arguments], env)


def prepare(count: int) -> None:
    """Write the history, ingest it, and keep the fresh warehouse aside; once for each size."""
    made = FOLDER / f"ingested-{count}.duckdb"
    if not made.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        history.write(FOLDER / "home", count)
        agp("ingest")
        shutil.move(FOLDER / "store" / "warehouse.duckdb", made)
    (FOLDER / "store").mkdir(exist_ok=True)
    shutil.copy(made, FOLDER / "store" / "warehouse.duckdb")
    (FOLDER / "rules").mkdir(exist_ok=True)
    (FOLDER / "rules" / "sixty.toml").write_text(rules.toml(), encoding="utf-8")


def measure_agp(count: int) -> tuple[list[list[str]], dict[str, int]]:
    """Return agp's rows of the table, and the hits of each rule."""
    own = ("--rules", FOLDER / "rules", "--json")
    agp("filters", "list", *own)  # the code is compiled and in memory, as the peers' is
    first = agp("filters", "run", *own)
    agp("filters", "run", "--json")  # the bundled rules: what the sixty said is forgotten
    anew = agp("filters", "run", *own)
    again = agp("filters", "run", *own)
    audit = agp("filters", "audit", *own)
    agp("filters", "diff", "bundled", FOLDER / "rules", "--json")
    differ = agp("filters", "diff", "bundled", FOLDER / "rules", "--json")
    pages = measure_report()
    effects = json.loads(audit.output)["exchanges"]["effects"]
    named = {
        "agp filters run, measuring all texts": first,
        "agp filters run, the 60 rules anew": anew,
        "agp filters run, nothing new": again,
        "agp filters audit, from stored verdicts": audit,
        "agp filters diff, from stored verdicts": differ,
        **pages,
    }
    return [cells(what, m, count) for what, m in named.items()], {
        e["rule_id"]: e["hits"] for e in effects
    }


def measure_report() -> dict[str, Measured]:
    """Return what the page takes when secrets were never looked for, and when they were."""
    page = FOLDER / "report.html"
    agp("filters", "run", "--json")  # the page speaks of the bundled rules
    first, again = (agp("report", "--out", page, "--json") for _ in range(2))
    size = page.stat().st_size / 1e6
    return {
        "agp report, secrets never looked for": first,
        f"agp report ({size:.1f} MB of HTML)": again,
    }


def cells(what: str, took: Measured, count: int) -> list[str]:
    """Return a row of the table."""
    numbers = (f"{took.seconds:.1f}", f"{took.processor:.1f}", f"{took.peak:.0f}")
    return [what, *numbers, f"{count / took.seconds:,.0f}"]


def refuse_difference(name: str, found: Mapping[str, int], wanted: Mapping[str, int]) -> None:
    """Raise if a peer found something else; of datatrove only what is left is known."""
    if name != "datatrove" and dict(found) != dict(wanted):
        strange = [n for n in wanted if found.get(n) != wanted[n]]
        raise RuntimeError(f"other hits for {', '.join(strange[:5])}")


def measure_peers(count: int, wanted: dict[str, int]) -> list[list[str]]:
    """Return a row for each peer; one that fails says so."""
    path = FOLDER / "exchanges.parquet"
    path.unlink(missing_ok=True)
    rows: list[list[str]] = []
    export(path)
    for name, (label, packages) in PEERS.items():
        try:
            python = environment(f"filters-{name}", packages)
            took = measure([python, HERE / "peers.py", name, path], clean())
            refuse_difference(name, json.loads(took.output), wanted)
            rows.append(cells(label, took, count))
        except (RuntimeError, OSError, ValueError) as error:
            rows.append([label, str(error).replace("|", "/"), "", "", ""])
        print("\t".join(rows[-1]), flush=True)
    return rows


def export(path: Path) -> None:
    """Write the exchanges as the peers read them."""
    import duckdb

    with duckdb.connect(str(FOLDER / "store" / "warehouse.duckdb"), read_only=True) as con:
        con.execute(EXPORT.format(path=path))


def clean() -> dict[str, Any]:
    """Return an environment without what this interpreter was started with."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}


def main() -> None:
    """Measure agp, then its peers."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--exchanges", type=int, default=200_000)
    count = options.parse_args().exchanges
    prepare(count)
    rows, hits = measure_agp(count)
    print(*("\t".join(row) for row in rows), sep="\n", flush=True)
    write_table("filters", HEAD, rows + measure_peers(count, hits))


if __name__ == "__main__":
    main()
