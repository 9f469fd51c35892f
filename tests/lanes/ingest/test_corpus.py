"""Real transcripts of other people, where they are at hand."""

import json
import os
from pathlib import Path

import pytest

from lanes.sources.discover import discover
from warehouse.payloads import file_bytes
from warehouse.store import open_reader

CORPUS = os.environ.get("AGP_CORPUS")


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS, reason="AGP_CORPUS names no folder")
def test_the_corpus_is_kept_whole(agp, rows):
    first = json.loads(agp("ingest", CORPUS, "--json").stdout)
    found = discover([str(CORPUS)]).files
    assert first["files"]["unreadable"] == [] and first["new"]["files"] == len(found)
    assert first["warehouse"]["bytes"] == sum(stat.st_size for _, stat in found)
    assert rows("select sum(byte_length)::bigint from raw_records") == [
        (first["warehouse"]["bytes"],)
    ]
    with open_reader() as con:
        for file_id, path in con.execute("select file_id, path from files").fetchall():
            assert b"".join(file_bytes(con, file_id)) == Path(path).read_bytes(), path
    second = json.loads(agp("ingest", CORPUS, "--json").stdout)
    assert set(second["new"].values()) == {0} and second["files"]["read"] == 0
