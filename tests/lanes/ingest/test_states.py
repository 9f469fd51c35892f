"""A file grows, shrinks, is rewritten, goes and comes back; what was read is never lost."""

import os
import time
from pathlib import Path

import pytest


@pytest.fixture
def states(rows):
    def ask():
        return rows("select version, state, bytes, records from files order by version")

    return ask


def age(file: Path, seconds: int) -> None:
    then = time.time() - seconds
    os.utime(file, (then, then))


def test_an_appended_file_goes_on_where_it_ended(tree, agp, kept, states, line):
    file = tree / "s.jsonl"
    file.write_bytes(line(1) + line(2))
    agp("ingest")
    with file.open("ab") as end:
        end.write(line(3))
    agp("ingest")
    assert states() == [(1, "present", len(file.read_bytes()), 3)]
    assert kept(file) == [file.read_bytes()]


def test_a_cut_last_line_waits_until_it_is_whole(tree, agp, kept, states, line):
    file = tree / "s.jsonl"
    whole = line(1) + line(2)
    file.write_bytes(whole[:-20])
    agp("ingest")
    assert states() == [(1, "present", len(line(1)), 1)]
    file.write_bytes(whole)
    agp("ingest")
    assert states() == [(1, "present", len(whole), 2)]
    assert kept(file) == [whole]


def test_a_last_line_without_its_end_is_read_and_ended_later(tree, agp, rows, states, line):
    file = tree / "s.jsonl"
    file.write_bytes(line(1) + line(2)[:-1])
    agp("ingest")
    assert states()[0][2:] == (len(file.read_bytes()), 2)
    file.write_bytes(line(1) + line(2) + line(3))
    agp("ingest")
    assert [n for (n,) in rows("select byte_length from raw_records order by ordinal")] == [
        len(line(n)) for n in (1, 2, 3)
    ]


def test_a_last_line_that_stays_cut_is_kept_after_a_while(tree, agp, kept, rows, line):
    file = tree / "s.jsonl"
    file.write_bytes(line(1) + b'{"type":')
    agp("ingest")
    age(file, 7200)
    agp("ingest")
    assert rows("select reason from raw_records order by ordinal") == [(None,), ("cut off",)]
    assert kept(file) == [file.read_bytes()]
    with file.open("ab") as end:
        end.write(b'"user"}\n')
    agp("ingest")
    assert rows("select reason from raw_records order by ordinal") == [(None,), (None,)]


@pytest.mark.parametrize("shorter", [True, False])
def test_a_rewritten_file_is_a_new_version(tree, agp, kept, states, line, shorter):
    file = tree / "s.jsonl"
    old, new = line(1) + line(2), line(5) if shorter else line(5) + line(6) + line(7)
    file.write_bytes(old)
    agp("ingest")
    file.write_bytes(new)
    agp("ingest")
    assert [row[:2] for row in states()] == [(1, "rewritten"), (2, "present")]
    assert kept(file) == [old, new]


def test_a_deleted_file_is_gone_and_kept_and_may_come_back(tree, agp, kept, states, line):
    file = tree / "s.jsonl"
    file.write_bytes(line(1))
    (tree / "other.jsonl").write_bytes(line(2))
    agp("ingest")
    file.unlink()
    agp("ingest")
    assert sorted(row[1] for row in states()) == ["gone", "present"]
    assert kept(file) == [line(1)]
    file.write_bytes(line(1))
    agp("ingest")
    assert {row[:2] for row in states()} == {(1, "present")}


def test_a_folder_given_says_nothing_of_files_elsewhere(tree, agp, states, line, tmp_path):
    file = tree / "s.jsonl"
    file.write_bytes(line(1))
    agp("ingest")
    file.unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    agp("ingest", elsewhere)
    assert states()[0][1] == "present"


def test_a_touched_file_is_the_same_version(tree, agp, states, rows, line):
    file = tree / "s.jsonl"
    file.write_bytes(line(1))
    agp("ingest")
    age(file, 60)
    agp("ingest")
    assert states() == [(1, "present", len(line(1)), 1)]
    assert rows("select mtime_ns from files") == [(file.stat().st_mtime_ns,)]


def test_the_same_size_with_other_words_is_a_new_version(tree, agp, kept, line):
    file = tree / "s.jsonl"
    file.write_bytes(line(1))
    agp("ingest")
    file.write_bytes(line(2))
    age(file, 60)
    agp("ingest")
    assert kept(file) == [line(1), line(2)]


def test_changed_tool_output_is_a_new_version(tree, agp, kept):
    file = tree / "s" / "tool-results" / "t.txt"
    file.parent.mkdir(parents=True)
    for text in (b"some", b"some and more"):
        file.write_bytes(text)
        agp("ingest")
    assert kept(file) == [b"some", b"some and more"]
