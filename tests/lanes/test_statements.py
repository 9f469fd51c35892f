"""Every statement of the lanes' .sql files binds against an empty warehouse."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lanes
from lanes.ingest.buffers import FILES, PAYLOADS, columns
from lanes.lane import LANES, lane_named
from lanes.settings import load
from lanes.split import SPLITS
from warehouse.store import in_memory

FOLDER = Path(str(lanes.__file__)).parent
# A `.pg.sql` is said to PostgreSQL: tests of memory tables run it there.
FILES_OF_SQL = sorted(f for f in FOLDER.rglob("*.sql") if not f.name.endswith(".pg.sql"))
# What Python hands over to the statements, empty.
HANDED = """
create temp table verdict_rows as
    select exchange_id, true as keep, 1.0 as weight, [''] as flags, [''] as dropped_by
    from exchanges limit 0;
create temp table verdict_strips as select exchange_id, '' as message_id, '' as span from exchanges;
create temp table touched as select session_id from sessions;
create temp table superseded as select memory_id, file_id, record_ordinal from memory_versions;
create temp table thread as select exchange_id from exchanges;
create temp table new_sessions as
    select session_id, family_id, parent_session_id, source from sessions;
create temp table new_placements as from placements;
create temp table new_exchanges as
    select * exclude (tool_calls, tool_errors, edits, sightings, caller_id, complexity,
                      logged_tokens)
    from exchanges;
create temp table new_pastes as select file_id, record_ordinal, message_id, text from messages;
create temp table new_aliases as from aliases;
create temp table new_ambiguous_prompts as from ambiguous_prompts;
create temp table known as select row_key, ''::blob as sha256, deleted from memory_versions;
create temp table now_rows as select row_key, ''::blob as sha256 from memory_versions;
create temp table seen_keys as select row_key from memory_versions;
create temp table asked as
    select exchange_id, session_id, asked_at, '' as project, '' as cwd, '' as prompt from exchanges;
create temp table linked as
    select exchange_id, memory_id, created_at, phase, text from exchanges, memories;
create temp table remembered as select memory_id, conversation_id, text as key from memories;
create temp table seen_prompts as
    select message_id, session_id, '' as folder, sent_at, true as logged, true as loose,
           true as open_ended, '' as opening, text from messages
"""


@pytest.fixture
def con(tmp_path):
    """An empty warehouse, with what a build and an ingest have beside its tables."""
    with in_memory() as con:
        con.execute(HANDED)
        con.register("seen", pa.Table.from_pylist([], schema=FILES))
        con.register("new_rows", columns([], PAYLOADS))
        for name in ("exchanges", "plan", "words", "captured", "transfer_prompts"):
            run(con, FOLDER / f"{name}.sql", tmp_path, explain=False)
        yield con


def run(con: duckdb.DuckDBPyConnection, file: Path, folder: Path, explain: bool = True) -> None:
    """Explain each statement of a file, then execute it: what follows may need it."""
    known = {
        "splits": list(SPLITS),
        "test_after": None,
        "absent": ["f1"],
        "path": str(folder / "empty.parquet"),
    }
    for statement in duckdb.extract_statements(file.read_text(encoding="utf-8")):
        values = {name: known.get(name, "1") for name in statement.named_parameters}
        if explain:
            con.execute("explain " + statement.query, values).fetchall()
        con.execute(statement.query, values).fetchall()


@pytest.mark.parametrize("file", FILES_OF_SQL, ids=lambda file: file.name)
def test_statement_binds(con, file, tmp_path):
    lane = lane_named(next((name for name in LANES if file.name.startswith(name)), "sft"))
    schema = lane.schema(load(lane.settings, lane.name, {}))
    pq.write_table(schema.empty_table(), tmp_path / "empty.parquet")
    run(con, file, tmp_path)
