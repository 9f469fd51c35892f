"""The database's own URL: the same rows, byte for byte, as by the project's client."""

import pytest

from lanes.ingest.run import ingest
from lanes.memories.access import access
from lanes.memories.ingest import Memories

BREAK = """select pg_terminate_backend(pid) from pg_stat_activity
where pid <> pg_backend_pid() and query like '%to_json%'"""
SAME = """select row_key, deleted, r.sha256, m.* exclude (file_id, record_ordinal)
from memory_versions v
join raw_records r on r.file_id = v.file_id and r.ordinal = v.record_ordinal
left join memories m on m.file_id = v.file_id and m.record_ordinal = v.record_ordinal
order by v.row_key, r.sha256"""


@pytest.fixture
def by_url(database, project, monkeypatch):
    """Return a function that takes the way by the database's URL, of the same project."""

    def change() -> None:
        monkeypatch.setenv("SUPABASE_DB_URL", database)

    return change


@pytest.mark.slow
def test_both_ways_bring_the_same_rows(agp, by_url, turns, sql, rows):
    turns(1500)
    sql("update memory_turns set updated_at = null, salience_score = 1e-7 where id % 5 = 0")
    said = "content_text = e'tab\\t \"quote\" ߛ \\\\', domain = 'x'"
    sql(f"update memory_turns set {said} where id = 9")
    agp("ingest", "supabase")
    before = rows(SAME)
    by_url()
    agp("ingest", "supabase", "--full")
    assert rows(SAME) == before and len(before) == 1500
    sql("update memory_turns set content_text = 'anew', updated_at = now() where id = 7")
    sql("delete from memory_turns where id = 3")
    agp("ingest", "supabase")
    changed = "where versions > 1 or deleted"
    found = rows(f"select row_key, text, versions, deleted from v_memories {changed}")
    assert sorted(found) == [("[3]", "memory number 3", 1, True), ("[7]", "anew", 2, False)]


EACH = "(random() * 2 - 1 + (i + id) * 0)::real"
RANDOM = f"(select array_agg({EACH}) from generate_series(1, {{}}) i)::vector"


def test_a_new_warehouse_by_url_equals_one_by_the_client(agp, by_url, turns, sql, rows, home):
    """Vectors of two dimensions, none, and a long text that holds a picture."""
    turns(60)
    sql(f"update memory_turns set embedding = {RANDOM.format(768)} where id % 3 = 0")
    sql(f"update memory_turns set embedding = {RANDOM.format(5)} where id % 3 = 1")
    sql("update memory_turns set embedding = null where id % 7 = 0")
    sql("update memory_turns set content_text = repeat('QUJD', 6000) where id = 9")
    sql("insert into claude_prompts values (1, 's9', 'Long ago', '/srv/old', '2024-01-01')")
    found = []
    for _ in range(2):
        agp("ingest", "supabase")
        found.append((rows(SAME), rows("select prompt, asked_at from v_exchanges")))
        assert "every byte as it was read" in agp("warehouse", "verify").stdout
        (home / ".agp" / "warehouse.duckdb").unlink()
        by_url()
    assert found[0] == found[1] and len(found[0][0]) == 61


def test_numbers_and_vectors_of_other_columns_too(agp, by_url, turns, sql, rows, home):
    """Columns that no setting names: an integer of any length, a second vector, a list of reals."""
    turns(4)
    sql("alter table memory_turns add n numeric, add more vector, add reals real[], add kept jsonb")
    kept = """'{"b": [1.50, 1e400], "a": "\\u00df"}'"""
    sql(f"update memory_turns set n = 10::numeric ^ 40 + 1, kept = {kept} where id > 2")
    sql("update memory_turns set more = '[0.00001,7]', reals = '{0.1,2}' where id <> 3")
    found = []
    for _ in range(2):
        agp("ingest", "supabase")
        found.append(rows(SAME))
        (home / ".agp" / "warehouse.duckdb").unlink()
        by_url()
    assert found[0] == found[1] and len(found[0]) == 4


@pytest.mark.slow
def test_a_connection_that_breaks_loses_nothing(agp, by_url, turns, sql, rows):
    """The server ends it as soon as the first page is committed."""
    turns(20_000)
    sql("update memory_turns set content_text = repeat('long ', 200) || id")
    by_url()
    way = access()
    assert way
    memories = Memories(way, alone=True, progress=lambda size: sql(BREAK))
    ingest(memories=memories)
    assert str(memories.failed).endswith("what was read is kept, run it again")
    [(kept,)] = rows("select count(*) from v_memory_versions")
    agp("ingest", "supabase")
    once = rows("select count(*), count(distinct memory_id) from v_memory_versions")
    assert 0 < kept < 20_000 and once == [(20_000, 20_000)]


@pytest.mark.slow
def test_check_and_tables_that_are_not_there(agp, by_url, turns, sql):
    turns(3)
    sql("drop table claude_prompts")
    by_url()
    out = agp("ingest", "supabase", "--check").output
    assert "right    memory_turns: 3 rows" in out and "absent   claude_prompts" in out


def test_a_password_is_never_shown(agp, home, monkeypatch):
    url = "postgresql://postgres:hunter2secret@127.0.0.1:9/postgres"
    monkeypatch.setenv("SUPABASE_DB_URL", url)
    for more in ((), ("--check",)):
        result = agp("ingest", "supabase", *more, exit_code=2)
        said = result.output + repr(result.exception)
        assert "127.0.0.1:9/postgres" in said and "hunter2secret" not in said


def test_what_is_no_database_is_said(agp, home, monkeypatch):
    monkeypatch.setenv("SUPABASE_DB_URL", "abc.supabase.co")
    result = agp("ingest", "supabase", exit_code=2)
    assert "SUPABASE_DB_URL is no database's URL" in result.output + str(result.exception)
