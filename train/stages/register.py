"""A run's row and numbers into the warehouse: one short transaction, never while training."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from train.stages.runs import metrics, summary
from warehouse.errors import AgpError
from warehouse.store import open_writer

WAIT = 30.0  # seconds for another writer to finish


def register(run: Path) -> None:
    """Bring a run's row and metrics up to date; a warehouse that is busy is only mentioned."""
    facts = summary(run)
    rows = metric_rows(run, facts)
    insert = (files("train.stages") / "register.sql").read_text(encoding="utf-8")
    try:
        with open_writer(wait=WAIT) as con:
            con.execute("begin")
            con.execute("delete from runs where run_id = $1", [facts["run_id"]])
            con.execute("delete from metrics where run_id = $1 and own", [facts["run_id"]])
            con.execute(insert, run_row(facts))
            con.execute("delete from run_captures where run_id = $1", [facts["run_id"]])
            for capture in captures_of(facts):
                con.execute("insert into run_captures values (?, ?)", [facts["run_id"], capture])
            if rows:
                columns = "run_id, stage, name, split, value, n, step, own"
                marks = f"insert into metrics ({columns}) values (?, ?, ?, ?, ?, ?, ?, true)"
                con.executemany(marks, rows)
            con.execute("commit")
    except AgpError as error:
        click.echo(f"agp: {run.name} is not in the warehouse yet: {error.message}", err=True)


def captures_of(facts: dict[str, Any]) -> list[str]:
    """Return the captures that a run learned from."""
    return list(facts.get("captures") or filter(None, [facts.get("capture_id")]))


def run_row(facts: dict[str, Any]) -> list[Any]:
    """Return the columns of `runs` in order."""
    names = ("run_id", "stage", "model", "model_digest", "adapter", "base_run_id", "build_id")
    last = ("state", "reason", "started_at", "seconds", "path")
    return [facts.get(name) for name in (*names, *last)]


def metric_rows(run: Path, facts: dict[str, Any]) -> list[list[Any]]:
    """Return the numbers worth asking for: losses at every evaluation and at the last step."""
    values = metrics(run)
    head = [facts["run_id"], facts["stage"]]
    rows: list[list[Any]] = [
        [*head, "loss", "valid", m["valid_loss"], None, m["step"]]
        for m in values
        if "valid_loss" in m
    ]
    for m in [m for m in values if "loss" in m][-1:]:
        rate = m["tokens"] / m["seconds"] if m["seconds"] else None
        rows += [
            [*head, "loss", "train", m["loss"], m["supervised"], m["step"]],
            [*head, "tokens_per_second", "train", rate, m["tokens"], m["step"]],
            [*head, "peak_mb", "train", m["peak_mb"], None, m["step"]],
        ]
    return rows
