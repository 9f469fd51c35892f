"""`agp sql`: what it prints, what it refuses, and that it tells everything in a line."""

import json

import pyarrow.parquet
import pytest

from warehouse.sql_catalog import examples
from warehouse.sql_table import lines
from warehouse.store import open_writer

ONE = "select prompt, author from v_exchanges"


def test_a_table(small, agp):
    assert agp("sql", ONE).stdout.splitlines() == [
        "prompt                    author",
        "Water the roses, please.  person",
    ]


def test_csv_and_json(small, agp):
    assert agp("sql", ONE, "--csv").stdout == 'prompt,author\n"Water the roses, please.",person\n'
    rows = json.loads(agp("sql", ONE, "--json").stdout)
    assert rows == [{"prompt": "Water the roses, please.", "author": "person"}]
    assert json.loads(agp("sql", ONE + " where false", "--json").stdout) == []


def test_parquet(small, agp, tmp_path):
    agp("sql", "select range i from range(5000)", "--parquet", tmp_path / "out.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet")["i"].to_pylist()[-1] == 4999
    assert [p.name for p in tmp_path.glob("*part*")] == []


def test_query_from_file_and_standard_input(small, agp, tmp_path):
    (tmp_path / "q.sql").write_text("select 1 + 1 as two;")
    assert agp("sql", "-f", tmp_path / "q.sql", "--csv").stdout == "two\n2\n"
    assert agp("sql", "-", "--csv", stdin="select 3 as three").stdout == "three\n3\n"


def test_a_long_result_says_so(small, agp):
    result = agp("sql", "from range(100)", "--limit", "3")
    assert result.stdout.split() == ["range", "0", "1", "2"]
    assert "first 3 rows" in result.stderr


@pytest.mark.parametrize(
    "query, word",
    [
        ("drop table files", "only reads"),
        ("insert into files select * from files", "only reads"),
        ("copy files to '/tmp/x'", "only reads"),
        ("set threads = 1", "only reads"),
        ("select 1; select 2", "one statement"),
        ("", "empty"),
        ("selct 1", "syntax error"),
        ("select nope from v_files", "agp sql --tables"),
        ("from v_nope", "agp sql --tables"),
        ("select * from read_csv('/etc/passwd')", "disabled by configuration"),
        ("from 'other.parquet'", "disabled by configuration"),
        ("select prompt::int from v_exchanges", "Conversion Error"),
        ("from longest_sessions", "write it with parentheses: from longest_sessions()"),
    ],
)
def test_what_is_refused(small, agp, query, word):
    line = agp("sql", query, exit_code=2).stderr
    assert word in line and line.count("\n") == 1


def test_without_a_warehouse(agp):
    assert "run `agp ingest` first" in agp("sql", "select 1", exit_code=2).stderr


@pytest.mark.parametrize("name", examples())
def test_every_example_runs_and_says_what_it_shows(small, agp, name):
    assert examples()[name].shows
    assert examples()[name].sql.startswith("-- ")
    agp("sql", "--example", name)


@pytest.mark.parametrize("name", examples())
def test_every_example_is_a_macro_too(transcript, agp, name):
    item = examples()[name]
    whole = agp("sql", "--example", name, "--json").stdout
    assert agp("sql", f"from {item.macro}()", "--json").stdout == whole
    assert len(json.loads(agp("sql", f"from {item.macro}(1)", "--json").stdout)) <= 1
    says = f"select comment from duckdb_functions() where function_name = '{item.macro}'"
    assert json.loads(agp("sql", says, "--json").stdout) == [{"comment": item.shows}]


def test_a_macro_is_as_safe_as_a_query_and_joins_like_a_table(transcript, agp):
    query = "select project from longest_sessions() join v_sessions using (session_id, project)"
    assert json.loads(agp("sql", "--safe", query).stdout) == [{"project": "garden"}]


def test_an_example_that_is_gone_leaves_no_macro(transcript, rows):
    with open_writer() as con:
        con.execute("create macro forgotten() as table select 1; delete from schema_views")
    with open_writer():
        pass
    assert rows("select 1 from duckdb_functions() where function_name = 'forgotten'") == []


def test_the_lists(agp):
    assert "longest-sessions" in agp("sql", "--examples").stdout
    assert "v_usage" in agp("sql", "--tables").stdout
    assert "v_files" not in agp("sql", "--tables", "v_usage").stdout
    assert "no view" in agp("sql", "--tables", "v_nope", exit_code=2).stderr


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width):
    rows = [["x" * n, 12345, "漢字" * n, None, "a\nb"] for n in (1, 10, 90)]
    for line in lines(["name", "number", "wide", "empty", "lines"], rows, width):
        assert len(line) + line.count("漢") + line.count("字") <= width


def test_explain_and_pivot(small, agp):
    assert "Projection" in agp("sql", "explain " + ONE).stdout
    pivot = "pivot (select author, tool_calls from v_exchanges) on author using count(*)"
    assert "person" in agp("sql", pivot).stdout
