"""The page: what `gather` found comes in, is redacted, drawn and written; or nothing is written."""

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agp.report.figures import figure, months
from agp.report.overlap import heat_map
from agp.report.sankey import Link, sankey
from agp.report.templating import environment
from filters.secrets import Redactor, scan_files
from warehouse.errors import AgpError


def write_page(found: dict[str, Any], redactor: Redactor, out: Path) -> None:
    """Write the page; AgpError, and nothing written, where a detector fires on what would be."""
    html = page(redactor.value(found), datetime.now(UTC))
    part = out.with_name(f".{out.name}.{os.getpid()}.html")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(html)
        kinds = sorted({finding.kind for finding in scan_files([part], redactor.look)})
        if kinds:
            raise AgpError(
                f"a secret would have left with this page ({', '.join(kinds)}); nothing was written"
            )
        os.replace(part, out)
    except OSError as error:
        raise AgpError(f"cannot write {out} ({error.strerror or error})") from None
    finally:
        part.unlink(missing_ok=True)


def page(found: dict[str, Any], now: datetime) -> str:
    """Return the page's HTML; every string of `found` is redacted already."""
    return (
        environment()
        .get_template("page.html")
        .render(
            **found,
            now=now,
            records_flow=records_flow(found["records"]),
            exchanges_flow=exchanges_flow(found["outcomes"]),
            months_figure=months_figure(found),
            heat={lane["lane"]: heat_map(lane["overlap"]) for lane in found["lanes"]},
            run_figures={run["run_id"]: run_figures(run, i) for i, run in enumerate(found["runs"])},
            map_figures=[map_figures(one, i) for i, one in enumerate(found["layer_maps"])],
        )
    )


def records_flow(rows: list[dict[str, Any]]) -> str:
    """Return the diagram from sources to what became of their records, and whose messages."""
    links: Counter[tuple[int, str, str]] = Counter()
    for row in rows:
        links[0, row["source"], row["fate"]] += row["n"]
        if row["author"]:
            links[1, row["fate"], f"of {row['author']}"] += row["n"]
    said = "From every record to what became of it"
    return sankey([Link(*key, n) for key, n in links.items()], said)


def exchanges_flow(rows: list[dict[str, Any]]) -> str:
    """Return the diagram from sources over who asked to the lanes that keep an exchange."""
    links: Counter[tuple[int, str, str]] = Counter()
    for row in rows:
        links[0, row["source"], row["author"]] += row["n"]
        links[1, row["author"], row["lanes"]] += row["n"]
    return sankey([Link(*key, n) for key, n in links.items()], "From exchanges to lanes")


def months_figure(found: dict[str, Any]) -> str:
    """Return the bars of the months; empty where nothing has a date."""
    rows = found["months"]
    if not rows:
        return ""
    dropped = next((dict(lane["months"]) for lane in found["lanes"]), {})
    return figure(months(rows, dropped), "months", "Exchanges by month", (9.2, 3.2))


def run_figures(run: dict[str, Any], number: int) -> list[str]:
    """Return a run's curves: losses, risk over coverage, reliability, whatever it has."""
    from train.eval.plots import panels_of

    panels = panels_of(run["metrics"], run["documents"])
    alt = f"A curve of run {run['run_id']}"
    return [figure(panel, f"run{number}-{i}", alt) for i, panel in enumerate(panels)]


def map_figures(one: dict[str, Any], number: int) -> list[str]:
    """Return a capture's map of layers: KL, agreement, how deep an oracle goes."""
    from train.eval.plots_map import map_panels

    if not one["layers"]:
        return []
    panels = map_panels(one["layers"], dict(one["exits"]))
    alt = f"The map of capture {one['capture_id']}"
    return [figure(panel, f"map{number}-{i}", alt) for i, panel in enumerate(panels)]
