"""Tables at any width: no word is cut where a row can be a paragraph instead."""

import pytest

from warehouse.console import print_table

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
