"""`agp warehouse rebuild` makes of the stored bytes what the ingest made of the files."""

import json

from lanes.sample_history import copy_to
from lanes.sources.rows import TABLES

DERIVED = ("sessions", "placements", "exchanges", "exchange_sources", "tool_calls")


def contents(con) -> dict[str, list]:
    return {
        table: sorted(con.execute(f"select * from {table}").fetchall(), key=repr)
        for table in (*TABLES, *DERIVED)
    }


def test_a_rebuild_gives_the_same_rows_without_the_files(home, agp, line, tree):
    from warehouse.store import open_reader

    image = b'"%s"' % (b"QUJD" * 8000)
    folder = tree / "s" / "tool-results"
    folder.mkdir(parents=True)
    (folder / "toolu_1.txt").write_bytes(b"output \xff")
    (tree / "s.jsonl").write_bytes(
        line(1) + line(2).replace(b'"number 2"', image) + line(3)[:-1] + line(4) + b"{broken\n"
    )
    copy_to(home)
    agp("ingest")
    with open_reader() as con:
        before = contents(con)
    for file in home.rglob("*.jsonl"):
        file.unlink()
    counts = json.loads(agp("warehouse", "rebuild", "--json").stdout)
    with open_reader() as con:
        after = contents(con)
    assert counts["before"] == counts["after"] and before["messages"]
    for table, rows in before.items():
        assert rows == after[table], table
