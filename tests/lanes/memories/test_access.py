"""Address, key and columns: what is wrong is said in one line that holds no key."""

import json

import pytest

from lanes.memories.access import access

KEY = "sb_secret_b31f0c57a9"
URL = "https://abc.supabase.co"


@pytest.mark.parametrize(
    ("url", "key", "says"),
    [
        ("abc.supabase.co", KEY, "SUPABASE_URL has no scheme"),
        ("http://abc.supabase.co", KEY, "would send the key in the clear"),
        ("https://abc supabase.co", KEY, "SUPABASE_URL has a blank"),
        ("https://me:pw@abc.supabase.co", KEY, "the key belongs into SUPABASE_KEY"),
        ("https://[abc", KEY, "SUPABASE_URL is no address"),
        (URL, f"{KEY[:9]}\n{KEY[9:]}", "SUPABASE_KEY has a blank, a line break"),
        (URL, f"{KEY}ß", "or a letter that no key has"),
        (URL, "", "SUPABASE_URL is set and SUPABASE_KEY is not"),
        ("", KEY, "SUPABASE_KEY is set and SUPABASE_URL is not"),
        ("", "", "set SUPABASE_URL and SUPABASE_KEY"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--check",)])
def test_what_is_wrong_is_said_before_anything_is_sent(agp, monkeypatch, url, key, says, more):
    monkeypatch.setenv("SUPABASE_URL", url)
    monkeypatch.setenv("SUPABASE_KEY", key)
    result = agp("ingest", "supabase", *more, exit_code=2)
    assert says in result.output + str(result.exception)
    assert KEY[9:] not in result.output + repr(result.exception)


def test_half_a_way_stops_no_other_source(agp, claude_tree, monkeypatch, rows):
    claude_tree("s1").person("Fix the parser")
    monkeypatch.setenv("SUPABASE_URL", URL)
    said = agp("ingest").output
    assert "not read: memory tables: SUPABASE_URL is set and SUPABASE_KEY is not" in said
    assert rows("select prompt from v_exchanges") == [("Fix the parser",)]


def test_a_key_in_an_environment_file_may_end_in_a_line_break(home, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", URL)
    monkeypatch.setenv("SUPABASE_KEY", f"{KEY}\n")
    found = access()
    assert found and found.key == KEY
    assert KEY not in repr(found)


def test_a_file_of_the_users_own_serves_where_the_environment_names_none(home, monkeypatch, agp):
    path = home / ".agp" / "supabase.env"
    path.parent.mkdir()
    path.write_text(f"# mine\nexport SUPABASE_URL={URL}\nSUPABASE_KEY='{KEY}'\nHOME=/nowhere\n")
    path.chmod(0o644)
    assert "run: chmod 600" in agp("ingest", "supabase", exit_code=2).stderr
    assert "run: chmod 600" in agp("ingest").stderr
    path.chmod(0o600)
    found = access()
    assert found and (found.host, found.key) == ("abc.supabase.co", KEY)
    monkeypatch.setenv("SUPABASE_URL", "https://other.supabase.co")
    assert "SUPABASE_KEY is not" in agp("ingest", "supabase", exit_code=2).stderr


def test_a_databases_rows_go_by_the_projects_host(home, monkeypatch):
    monkeypatch.setenv(
        "SUPABASE_DB_URL", "postgresql://postgres:pw@db.abc.supabase.co:5432/postgres"
    )
    found = access()
    assert found and found.host == "abc.supabase.co" and "pw" not in repr(found)


def test_check_says_what_is_there(agp, project, turns, sql):
    turns(3)
    sql("alter table memory_turns drop column phase")
    sql("drop table memory_turn_edges")
    found = json.loads(agp("ingest", "supabase", "--check", "--json").stdout)
    assert [line["mark"] for line in found] == ["right", "right", "right", "absent", "right"]
    assert "3 rows; ordered by updated_at" in found[2]["says"] and "phase" in found[2]["says"]


def test_check_names_a_column_that_must_be_there(agp, project, sql):
    sql("alter table memory_turns rename column content_text to words")
    out = agp("ingest", "supabase", "--check", exit_code=2).output
    assert "wrong    memory_turns: there is no column content_text or content" in out


def test_a_wrong_key_is_refused_and_not_shown(agp, project, monkeypatch):
    monkeypatch.setenv("SUPABASE_KEY", "sb_secret_wrong00000")
    for more in ((), ("--check",)):
        result = agp("ingest", "supabase", *more, exit_code=2)
        said = result.output + repr(result.exception)
        assert "refuses the key (Invalid API key)" in said and "wrong00000" not in said
