"""Real transcripts, where they are at hand: 100 records read by eye, against the program."""

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from lanes.sources.claude import normalise
from lanes.sources.files import classify
from lanes.sources.lines import records
from lanes.sources.rows import TABLES, Rows
from warehouse.payloads import Factory

CORPUS = Path(os.environ.get("AGP_CORPUS") or "nowhere")
BY_EYE = Path(__file__).with_name("read_by_eye.tsv")


def authors(path: Path) -> dict[int, str]:
    """Return the author of each message of a file by the record's ordinal."""
    file, rows = classify(str(path)), Rows()
    assert file
    with path.open("rb") as stream:
        found = records(stream, path.stat().st_size, Factory(), lambda _: None, True)
        parsed = [(n, r.parsed) for n, r in enumerate(found) if r is not None]
    normalise(replace(file, file_id="f"), parsed, rows)
    author = list(TABLES["messages"]).index("author")
    return {row[1]: row[author] for row in rows.messages}


def test_the_sheet_is_whole():
    with BY_EYE.open(encoding="utf-8") as sheet:
        assert sum(1 for _ in csv.DictReader(sheet, delimiter="\t")) == 100


@pytest.mark.slow
def test_who_typed_it_agrees_with_a_reader():
    with BY_EYE.open(encoding="utf-8") as sheet:
        read = [row for row in csv.DictReader(sheet, delimiter="\t") if CORPUS.is_dir() and row]
    said = {file: authors(CORPUS / file) for file in {row["file"] for row in read}}
    wrong = [r for r in read if said[r["file"]][int(r["ordinal"])] != r["author"]]
    assert wrong == []
