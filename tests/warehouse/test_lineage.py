"""`agp lineage`: from every kind of id to the same bytes and the same datasets."""

import json

import pytest

from warehouse.lineage import sections
from warehouse.store import in_memory, open_writer


def ids(tree: dict, way: str) -> set[str]:
    """Return the ids one comes by, going one way from a node."""
    found = set()
    for child in tree.get(way, []):
        found |= {child["id"]} | ids(child, way)
    return found


@pytest.mark.parametrize(
    "given, came_from, went_into",
    [
        ("b1", {"f1", "b1:train:4"}, set()),
        ("b1:train:4", {"x1", "m1", "m2", "f1:0", "f1:2", "f1"}, {"b1"}),
        ("x1", {"m1", "m2", "f1:0", "f1:2", "f1"}, {"b1:train:4", "b1"}),
        ("m1", {"f1:0", "f1"}, {"x1", "b1:train:4", "b1"}),
        ("f1:2", {"f1"}, {"m2", "x1", "b1:train:4", "b1"}),
        ("/h/one.jsonl:2", {"f1"}, {"m2", "x1", "b1:train:4", "b1"}),
        ("f1:1", {"f1"}, set()),
        ("f1", set(), {"s1", "x1", "b1"}),
        ("s1", {"f1"}, {"x1", "b1"}),
    ],
)
def test_both_ways_from_any_id(small, agp, given, came_from, went_into):
    tree = json.loads(agp("lineage", given, "--json").stdout)
    assert tree["kind"] in ("file", "record", "message", "exchange", "session", "row", "build")
    assert ids(tree, "came_from") == came_from
    assert ids(tree, "went_into") == went_into


@pytest.mark.parametrize("name", sections())
def test_every_query_binds(name):
    wanted = "with wanted as (select 'x' as id) "
    query = sections()[name]
    with in_memory() as con:
        values = {"id": "x"} if "$id" in query else {}
        con.execute((wanted if "wanted" in query else "") + query, values).fetchall()


def test_the_tree_says_where_the_bytes_are(small, agp):
    out = agp("lineage", "x1").stdout
    assert "record f1:2  bytes 20 to 30" in out
    assert "/h/one.jsonl" in out and "b1:train:4" in out and "“Water the roses" in out


def test_what_is_not_there(small, agp):
    for given in ("nothing", "f1:99", "b1:train:5", ":", "f1:x", "' or 1=1"):
        assert "nothing here has the id" in agp("lineage", given, exit_code=2).stderr


def test_the_exact_bytes(transcript, agp):
    whole = transcript.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert agp("lineage", str(transcript), "--bytes").stdout_bytes == whole
    for i, line in enumerate(lines):
        assert agp("lineage", f"{transcript}:{i}", "--bytes").stdout_bytes == line


def test_the_first_characters_of_an_id_are_enough(transcript, agp):
    out = agp("sql", "select file_id from v_files", "--csv").stdout.split()[1]
    assert out in agp("lineage", out[:8]).stdout
    assert "nothing here" in agp("lineage", out[:3], exit_code=2).stderr


def test_a_record_by_the_beginning_of_its_file_and_by_a_path_from_here(
    transcript, agp, monkeypatch
):
    line = transcript.read_bytes().splitlines(keepends=True)[1]
    file = agp("sql", "select file_id from v_files", "--csv").stdout.split()[1]
    monkeypatch.chdir(transcript.parent)
    for given in (f"{file[:6]}:1", f"{transcript.name}:1", f"../{transcript.parent.name}/./*:1"):
        given = given.replace("*", transcript.name)
        assert agp("lineage", given, "--bytes").stdout_bytes == line
    assert file in agp("lineage", transcript.name).stdout
    assert "nothing here" in agp("lineage", f"{file[:6]}:99", exit_code=2).stderr


def test_a_row_by_the_beginning_of_its_build(small, agp):
    with open_writer() as con:
        for build in ("ba0c43d2e1", "ba0c43ffff"):
            for table in ("lane_builds", "lane_rows"):
                same = f"insert into {table} select * replace (? as build_id) from {table}"
                con.execute(f"{same} where build_id = 'b1'", [build])
    assert "row ba0c43d2e1:train:4" in agp("lineage", "ba0c43d:train:4").stdout
    assert "one of several" in agp("lineage", "ba0c43:train:4", exit_code=2).stderr


def test_bytes_of_what_has_none(small, agp):
    assert "names its records" in agp("lineage", "x1", "--bytes", exit_code=2).stderr


def test_the_first_characters_of_an_exchange_are_enough_as_elsewhere(transcript, agp):
    whole = agp("sql", "select min(exchange_id) from v_exchanges", "--csv").stdout.split()[1]
    assert f"exchange {whole}" in agp("lineage", whole[:5]).stdout


def test_a_memory_and_what_it_led_to(home, agp, rows):
    folder = home / "memory"
    folder.mkdir()
    turns = [{"id": n, "content_text": f"Rose {n}", "conversation_id": "s1"} for n in (1, 2)]
    for name, lines in (
        ("memory_turns", [*turns, turns[0] | {"content_text": "Rose one"}]),
        ("memory_turn_edges", [{"parent_turn_id": 1, "child_turn_id": 2, "edge_type": "next"}]),
    ):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text)
    agp("ingest", folder)
    [(first,), (second,)] = rows("select memory_id from v_memories order by row_key")
    [(file,)] = rows("select file_id from v_files where path like '%turns.jsonl'")
    tree = json.loads(agp("lineage", first[:8], "--json").stdout)
    assert (tree["kind"], tree["text"], tree["versions"]) == ("memory", "Rose one", 2)
    assert ids(tree, "came_from") == {f"{file}:0", f"{file}:2", file}
    assert ids(tree, "went_into") == {second}
    assert ids(json.loads(agp("lineage", second, "--json").stdout), "came_from") >= {first}
    assert ids(json.loads(agp("lineage", f"{file}:2", "--json").stdout), "went_into") == {first}
    assert "Rose one" in agp("lineage", first).stdout


def test_a_tree_fits_eighty_columns_and_paths_stand_whole_below(transcript, agp, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    whole = agp("sql", "select min(exchange_id) from v_exchanges", "--csv").stdout.split()[1]
    lines = agp("lineage", whole).stdout.splitlines()
    assert lines[-2].endswith(str(transcript)) and all(len(x) <= 80 for x in lines[:-2])
    assert f"file {lines[-2].split()[1]}  {transcript.stat().st_size:,} bytes, present" in agp(
        "lineage", f"{transcript}:0"
    ).stdout.replace("└── ", "")
