"""The normal layer is a pure function of the raw one, however the records came in."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanes.exchanges import resolve
from lanes.sources.claude import normalise
from lanes.sources.files import SourceFile
from lanes.sources.rows import Rows
from warehouse.store import open_writer

VIEWS = ("v_sessions", "v_exchanges", "v_messages", "v_tool_calls", "v_usage")
TABLES = ("messages", "blocks", "tool_uses", "tool_results", "tool_outputs", "links", "facts")
DERIVED = ("usage_lines", "sessions", "placements", "exchanges", "exchange_sources", "tool_calls")


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_writer(tmp_path / "w.duckdb") as con:
        yield con


def build(claude_tree) -> list[Path]:
    """Write a family: an origin, a fork, a resumed fork, a subagent, and a session apart."""
    s = claude_tree("m-origin")
    s.person("Start.")
    s.tool("Task", "found", prompt="Search")
    there = s.agent("Found.")
    fork = s.fork("a-fork")
    s.person("Go on.")
    s.tool("Bash", "Exit code 1", error=True, command="false")
    s.user("[Request interrupted by user]")
    fork.count += 100
    fork.person("Something else.")
    fork.agent("Fine.")
    resumed = fork.fork("b-resumed")
    resumed.record("progress", data={})
    resumed.person("And now?")
    resumed.at = there
    resumed.person("Back here.")
    child = s.subagent("c1")
    child.user("Search")
    child.agent("Here.")
    apart = claude_tree("z-apart")
    apart.line(json.dumps({"type": "summary", "summary": "Found it", "leafUuid": there}))
    apart.person("Alone.")
    return [t.path for t in (s, fork, resumed, child, apart)]


def read_in(con: duckdb.DuckDBPyConnection, pieces: list[tuple[Path, int, int]]) -> dict:
    """Bring pieces of files in, resolving after each; return what the public views hold."""
    for table in (*TABLES, *DERIVED):
        con.execute(f"delete from {table}")
    for path, start, end in pieces:
        agent = path.stem[6:] if path.stem.startswith("agent-") else None
        kind = "subagent" if agent else "transcript"
        file = SourceFile("claude", str(path), kind, None, agent, path.stem)
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = Rows()
        normalise(file, [(n, json.loads(lines[n])) for n in range(start, end)], rows)
        for name, table in rows.to_arrow().items():
            con.register("new_rows", table)
            con.execute(f"insert into {name} by name select * from new_rows")
            con.unregister("new_rows")
        resolve(con, rows.sessions())
    return {view: con.execute(f"select * from {view} order by all").fetchall() for view in VIEWS}


@pytest.fixture
def paths(claude_tree) -> list[Path]:
    return build(claude_tree)


def test_files_and_their_halves_may_come_in_any_order(paths, con):
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    whole = read_in(con, [(path, 0, sizes[path]) for path in paths])
    first = [(path, 0, sizes[path] // 2) for path in reversed(paths)]
    second = [(path, sizes[path] // 2, sizes[path]) for path in reversed(paths)]
    assert read_in(con, first + second) == whole
    assert len(whole["v_exchanges"]) == 7


@pytest.mark.slow
@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(data=st.data())
def test_the_order_of_arrival_changes_nothing(paths, con, data):
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    whole = read_in(con, [(path, 0, sizes[path]) for path in paths])
    queues = []
    for path in paths:
        cuts = data.draw(st.lists(st.integers(1, sizes[path] - 1), max_size=3, unique=True))
        ends = [*sorted(cuts), sizes[path]]
        queues.append([(path, a, b) for a, b in zip([0, *ends], ends, strict=False)])
    order = data.draw(st.permutations([i for i, queue in enumerate(queues) for _ in queue]))
    assert read_in(con, [queues[i].pop(0) for i in order]) == whole
