"""Memory tables through the real client: what is there arrives once, changes and deletions too."""

import pytest

COUNT = "select count(*), count(distinct text) from v_memories where not deleted"


@pytest.mark.slow
def test_new_rows_arrive_once_and_again_only_what_is_new(agp, project, turns, rows):
    turns(2500)
    agp("ingest", "supabase")
    assert rows(COUNT) == [(2500, 2500)]
    turns(10, first=2501)
    out = agp("ingest", "supabase").output
    assert rows(COUNT) == [(2510, 2510)] and "10" in out
    assert rows("select count(*) from v_memory_versions") == [(2510,)]


@pytest.mark.slow
def test_a_changed_row_becomes_another_version(agp, project, turns, sql, rows):
    turns(20)
    agp("ingest", "supabase")
    sql("update memory_turns set content_text = 'anew', updated_at = now() where id = 7")
    agp("ingest", "supabase")
    assert rows("select text, versions from v_memories where row_key = '[7]'") == [("anew", 2)]
    assert rows("select count(*) from v_memory_versions") == [(21,)]


def test_a_deletion_marks_and_a_return_unmarks(agp, project, turns, sql, rows):
    turns(20)
    agp("ingest", "supabase")
    sql("delete from memory_turns where id in (3, 4)")
    agp("ingest", "supabase")
    gone = "select row_key, text from v_memories where deleted order by 1"
    assert rows(gone) == [("[3]", "memory number 3"), ("[4]", "memory number 4")]
    turns(1, first=3)
    agp("ingest", "supabase")
    assert rows(gone) == [("[4]", "memory number 4")]


@pytest.mark.slow
def test_a_key_that_sees_less_deletes_nothing(agp, project, turns, sql, rows):
    turns(20)
    agp("ingest", "supabase")
    sql("delete from memory_turns where id > 2")
    out = agp("ingest", "supabase").output
    assert "18 of 20 rows are not to be seen" in out
    assert rows(COUNT) == [(20, 20)]
    agp("ingest", "supabase", "--full")
    assert rows(COUNT) == [(2, 2)]


@pytest.mark.slow
def test_embeddings_are_arrays_of_any_dimension(agp, project, turns, sql, rows):
    turns(2)
    sql("update memory_turns set embedding = '[1,2,3,4]' where id = 2")
    sql("insert into memory_turns (id, content_text, updated_at) values (3, 'none', now())")
    agp("ingest", "supabase")
    found = rows("select embedding, dimensions from v_memories order by row_key")
    assert found == [([1.0, 0.5, 1.0], 3), ([1.0, 2.0, 3.0, 4.0], 4), (None, None)]


@pytest.mark.slow
def test_many_rows_of_one_time_and_rows_without(agp, project, turns, sql, rows):
    turns(11_200, at="'2026-03-01'::timestamptz")
    sql("update memory_turns set updated_at = null where id <= 1200")
    agp("ingest", "supabase")
    agp("ingest", "supabase")
    assert rows(COUNT) == [(11_200, 11_200)]
    assert rows("select count(*) from v_memory_versions") == [(11_200,)]


ODD_KEYS = ("a\nb", 'x,"y"', "p)q(", "%", "back\\slash", "it's", "ߛ", " ", "null", "a.b:c", "*")


def test_keys_of_odd_letters_on_pages_of_two(agp, project, sql, rows, home):
    own = home / ".agp" / "memories.toml"
    own.write_text(own.read_text() + "page = 2\n")
    sql("drop table memory_turns")
    sql(
        "create table memory_turns (id text primary key, content_text text, updated_at timestamptz)"
    )
    for key in ODD_KEYS:
        quoted = key.replace("'", "''")
        sql(f"insert into memory_turns values ('{quoted}', 'of {quoted}', '2026-03-01 09:00+00')")
    agp("ingest", "supabase")
    agp("ingest", "supabase")
    found = "select json_extract_string(row_key, '$[0]'), text, versions, deleted from v_memories"
    assert sorted(rows(found)) == sorted((key, f"of {key}", 1, False) for key in ODD_KEYS)
    sql("delete from memory_turns where id like 'a%' or id = '*'")
    agp("ingest", "supabase", "--full")
    gone = rows("select json_extract_string(row_key, '$[0]') from v_memories where deleted")
    assert sorted(gone) == [("*",), ("a\nb",), ("a.b:c",)]


@pytest.mark.slow
def test_a_table_without_optional_columns(agp, project, sql, rows):
    sql("drop table memory_turns, memory_turn_edges, claude_prompts")
    sql("create table memory_turns (id uuid primary key default gen_random_uuid(), content text)")
    sql("insert into memory_turns (content) select 'row ' || n from generate_series(1, 30) n")
    out = agp("ingest", "supabase").output
    assert rows(COUNT) == [(30, 30)] and "there is no such table" in out
    sql("update memory_turns set content = 'anew' where content = 'row 7'")
    agp("ingest", "supabase")
    assert rows("select versions from v_memories where text = 'anew'") == [(2,)]


@pytest.mark.slow
def test_every_fault_is_tried_again(agp, project, turns, rows):
    turns(3000)
    project.fail("429", "500", "503", "502", "slow", "cut", "reset", every=2)
    agp("ingest", "supabase")
    assert project.failed() == 7
    assert rows(COUNT) == [(3000, 3000)]


def test_prompts_become_sightings_of_the_exchange(agp, project, claude_tree, sql, rows):
    s = claude_tree("s1")
    s.person("Fix the parser")
    s.agent("Fixed.")
    into = "insert into claude_prompts values"
    sql(f"{into} (1, 's1', 'Fix the parser', null, '2026-03-01 09:01+00')")
    sql(f"{into} (2, 's9', 'Long ago', '/srv/old', '2024-01-01 09:00+00')")
    agp("ingest")
    agp("ingest")
    found = rows("select prompt, source, sightings from v_exchanges order by asked_at")
    assert found == [("Long ago", "supabase", 1), ("Fix the parser", "claude", 2)]


def test_a_prompt_that_changed_has_its_newest_words_and_keeps_the_others(agp, project, sql, rows):
    sql("insert into claude_prompts values (1, 's9', 'Long ago', '/srv/old', '2024-01-01')")
    for change, wanted in (
        ("set cwd = '/srv/old'", ("Long ago", "s9", 1)),
        ("set prompt_text = 'Long, long ago'", ("Long, long ago", "s9", 1)),
        ("set session_id = 's10'", ("Long, long ago", "s10", 1)),
    ):
        sql(f"update claude_prompts {change}")
        agp("ingest", "supabase", "--full")
        assert rows("select prompt, session_id, sightings from v_exchanges") == [wanted]
    versions = """select count(*), count(distinct m.text) from v_memory_versions v
        join messages m using (file_id, record_ordinal)"""
    assert rows(versions) == [(3, 2)]
    sql("delete from claude_prompts")
    agp("ingest", "supabase", "--full")
    assert rows("select prompt, sightings from v_exchanges") == [("Long, long ago", 1)]
    agp("warehouse", "diff")


def test_an_unreachable_project_loses_nothing_else(agp, home, claude_tree, monkeypatch, rows):
    s = claude_tree("s1")
    s.person("Fix the parser")
    s.agent("Fixed.")
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SUPABASE_KEY", "sb_secret_b31f0c57a9")
    (home / ".agp").mkdir()
    (home / ".agp" / "memories.toml").write_text("tries = 2\nfirst_wait_seconds = 0\n")
    out = agp("ingest").output
    assert "not read: supabase://127.0.0.1:9: 127.0.0.1:9: no connection after 2 tries" in out
    assert rows("select prompt from v_exchanges") == [("Fix the parser",)]
