"""The public SQL surface: the names that DESIGN promises, all explained."""

from pathlib import Path

import pytest

from warehouse.sql_catalog import examples, markdown, views

PROMISED = {
    "v_files": "file_id source path bytes records quarantined state first_seen last_read",
    "v_quarantine": "file_id path byte_offset byte_length reason excerpt",
    "v_sessions": "session_id agent source project cwd git_branch parent_session_id started_at "
    "ended_at exchanges",
    "v_exchanges": "exchange_id session_id agent source project ordinal asked_at author prompt "
    "answer tool_calls tool_errors edits interrupted sightings",
    "v_messages": "message_id exchange_id session_id ordinal role author text sent_at agent_id",
    "v_tool_calls": "tool_call_id exchange_id tool original_name input output ok exit_code "
    "duration_ms",
    "v_usage": "call_id session_id agent model called_at input_tokens cache_read_tokens "
    "cache_write_tokens output_tokens reasoning_tokens",
    "v_decisions": "rule_set rule_id lane exchange_id message_id action evidence",
    "v_lane_rows": "build_id lane split row turn exchange_id session_id weight",
}
TYPES = {"bytes": "BIGINT", "interrupted": "BOOLEAN", "ok": "BOOLEAN", "weight": "DOUBLE"}
VIEWS = {view.name: view for view in views()}


@pytest.mark.parametrize("name", PROMISED)
def test_promised_columns_are_there(name):
    assert set(PROMISED[name].split()) <= {column.name for column in VIEWS[name].columns}


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_and_column_says_what_it_means(name):
    assert VIEWS[name].row, f"{name} wants a `comment on view` in warehouse/schema/comments.sql"
    for column in VIEWS[name].columns:
        assert column.meaning, f"{name}.{column.name} wants a comment in schema/comments.sql"


@pytest.mark.parametrize("name", VIEWS)
def test_types_are_plain(name):
    for column in VIEWS[name].columns:
        if column.name.endswith("_at"):
            assert column.type == "TIMESTAMP", column
        if column.name.endswith("_id"):
            assert column.type == "VARCHAR", column
        assert column.type == TYPES.get(column.name, column.type), column


def test_quarantine_shows_the_shape_and_no_word(small, agp):
    shown = agp("sql", "select excerpt from v_quarantine", "--csv").stdout
    assert shown == 'excerpt\n"{""aaa"":""aa"\n'


def test_the_docs_say_the_same():
    page = (Path(__file__).parents[2] / "docs" / "warehouse.md").read_text()
    assert page.endswith(markdown()), "copy warehouse.sql_catalog.markdown() to its end"
    for item in examples().values():
        assert f"| `{item.name}` | {item.shows} |" in page
