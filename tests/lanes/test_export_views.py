"""`agp warehouse export`: what other tools read is what the views hold, without its secrets."""

import json

import duckdb
import polars as pl
import pytest

from lanes import export_views
from warehouse.sql_catalog import views

KEY = "sk-ant-" + "api03-" + "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY" * 3 + "AA"
ADDRESS = "anna.weber@firma-beispiel.de"


@pytest.fixture
def told(claude_tree, agp):
    """A session that holds a key and an address, in words and in a tool's output."""
    session = claude_tree()
    session.person(f"Write to {ADDRESS} that the roses are watered")
    session.tool("Bash", f"export ANTHROPIC_API_KEY={KEY}", command="env")
    session.agent("The letter is written.")
    agp("ingest")


def test_other_tools_read_what_the_views_hold(told, agp, home, rows):
    made = json.loads(agp("warehouse", "export", "--out", home / "tables", "--json").stdout)
    folder = home / "tables"
    assert set(made["rows"]) == {view.name for view in views()} and made["redactions"]
    for name, count in made["rows"].items():
        assert rows(f"select count(*) from {name}") == [(count,)]
        frame = pl.read_parquet(folder / f"{name}.parquet")
        assert frame.columns == [c for c, *_ in rows(f"describe {name}")] and len(frame) == count
        found = duckdb.execute(f"select count(*) from '{folder}/{name}.parquet'").fetchall()
        assert found == [(count,)]
    asked = pl.read_parquet(folder / "v_exchanges.parquet")["prompt"][0]
    assert asked == "Write to [EMAIL_1] that the roses are watered"
    query = f"select prompt, asked_at, tool_calls from '{folder}/v_exchanges.parquet'"
    [(_, at, calls)] = duckdb.execute(query).fetchall()
    assert [(at, calls)] == rows("select asked_at, tool_calls from v_exchanges")
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    everything = str([pl.read_parquet(path).rows() for path in folder.glob("*.parquet")])
    for secret in (KEY, ADDRESS):
        assert secret not in everything and secret.encode() not in written


def test_only_some_and_never_over_what_stands(told, agp, home):
    agp("warehouse", "export", "--view", "v_usage", "--out", home / "tables")
    assert {p.name for p in (home / "tables").iterdir()} == {"README.md", "v_usage.parquet"}
    assert "not empty" in agp("warehouse", "export", "--out", home / "tables", exit_code=2).stderr
    out = ["--view", "v_strange", "--out", home / "more"]
    assert "no view is named v_strange" in agp("warehouse", "export", *out, exit_code=2).stderr


def test_it_fails_closed(told, agp, home, monkeypatch):
    monkeypatch.setattr(export_views, "clean", lambda column, redactor: column)
    done = agp("warehouse", "export", "--out", home / "tables", exit_code=2)
    assert "nothing was written" in done.stderr and KEY not in done.stderr
    assert not (home / "tables").exists() and not list(home.glob(".partial*"))
