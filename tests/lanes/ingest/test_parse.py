"""Parsing gives the same rows, however it is cut into batches and wherever it runs."""

import os

import pyarrow as pa

from lanes.ingest.parse import parse
from lanes.ingest.plan import Job
from lanes.ingest.worker import Workers, deal
from lanes.sample_history import copy_to
from lanes.sources.discover import discover

# Where bytes are packed depends on where a batch ends; what is packed does not.
CUT = {"raw_records": ["segment", "stored_offset"]}


def together(batches) -> dict[str, pa.Table]:
    tables: dict[str, list[pa.Table]] = {}
    for batch in batches:
        for name, table in batch.tables.items():
            tables.setdefault(name, []).append(table)
    return {name: pa.concat_tables(parts) for name, parts in tables.items()}


def test_batches_and_processes_make_no_difference(home):
    copy_to(home)
    jobs = deal([Job(f, False, size=stat.st_size) for f, stat in discover().files], 1)[0]
    large, small = together(parse(jobs)), together(parse(jobs, 20_000))
    workers = Workers(1)
    try:
        outside = together(workers.batches(jobs))
    finally:
        workers.stop()
    assert large["messages"].num_rows > 500
    for name, table in large.items():
        assert table.equals(outside[name]), name
        apart = CUT.get(name, [])
        if name != "segments":
            assert table.drop_columns(apart).equals(small[name].drop_columns(apart)), name


def test_ctrl_c_is_not_for_those_that_parse(home):
    workers = Workers(1)
    try:
        assert os.getpgid(workers.all[0].process.pid) != os.getpgid(0)
    finally:
        workers.stop()
