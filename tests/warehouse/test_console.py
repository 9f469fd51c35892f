"""Tables at any width: no word is cut where a row can be a paragraph instead."""

import pytest

from warehouse.console import print_entries, print_table

COLUMNS = ("source", "files", "records", "exchanges", "from")
ROWS = [["claude", 200, 48336, None, "2026-03-01"]]


@pytest.fixture
def printed(monkeypatch, capsys):
    """Return a function that prints a table at a width and returns its lines."""

    def lines(width, *table, **keys):
        monkeypatch.setenv("COLUMNS", str(width))
        print_table(*table, **keys)
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return lines


def test_a_wide_terminal_shows_a_table(printed):
    assert printed(80, COLUMNS, ROWS) == [
        "source  files  records  exchanges  from",
        "claude    200   48,336             2026-03-01",
    ]


def test_a_narrow_one_shows_paragraphs_without_empty_cells(printed):
    assert printed(30, COLUMNS, ROWS) == [
        "claude",
        "  files      200",
        "  records    48,336",
        "  from       2026-03-01",
    ]


def test_a_title_is_not_as_narrow_as_its_table(printed):
    title = "left out: 3,219 of 20,000 exchanges"
    assert printed(80, ("a", "b"), [[1, 2]], title=title)[0] == title


def test_a_table_without_rows_is_a_line(printed):
    assert printed(20, COLUMNS, []) == ["nothing of this kind is here"]
    makes = "no run yet; `agp train run [1]` makes one"
    assert printed(20, COLUMNS, iter([]), title="Runs", empty=makes) == ["Runs", makes]


def test_an_id_is_whole_and_prose_has_the_room_that_is_left(printed):
    name = "10da7fe6-9cdb-443a-a8e0-d6313433b6e5"
    row = [name, "krume", "krume: till", "2026-04-17", 1, 47]
    lines = printed(80, ("session", "project", "title", "last word", "files", "kB"), [row])
    assert sum(name in line for line in lines) == 1
    lines = printed(50, ("a", "b", "why"), [["short", "two words", "much longer prose " * 5]])
    assert lines[1].startswith("short  two words  much longer prose")


def test_entries_read_alike_at_any_width(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "30")
    print_entries([("warmup", ["drop", None, "sft"], "The harness warms its cache with it.")])
    assert capsys.readouterr().out.splitlines() == [
        "warmup  drop  sft",
        "  The harness warms its cache",
        "  with it.",
    ]
