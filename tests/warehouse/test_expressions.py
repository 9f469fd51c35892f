"""The first wall: what may stand in an expression, and forty ways of asking for more."""

import pytest

from warehouse.expressions import ExpressionError, check
from warehouse.expressions.language import FUNCTIONS

COLUMNS = {"prompt", "answer", "prompt_chars", "author", "tools", "asked_at", "interrupted"}

HOSTILE = [
    "read_text('/etc/passwd') = ''",
    "prompt in (select content from read_text('/etc/passwd'))",
    "exists (select 1 from read_csv('/etc/passwd'))",
    "(select count(*) from t) > 0",
    "prompt = any(['a'])",
    "true) from t; drop table t; select (true",
    "true) from read_csv('/etc/passwd') where (true",
    "true) from t, duckdb_settings() where (true",
    "true) from t limit (1",
    "true), (false",
    "true union select true",
    "getenv('HOME') = ''",
    "current_setting('threads') = '1'",
    "current_user = 'duckdb'",
    "current_timestamp > asked_at",
    "now() > asked_at",
    "random() < 0.5",
    "gen_random_uuid() is null",
    "hash(prompt) = 1",
    "nextval('s') = 1",
    "count(*) > 1",
    "sum(prompt_chars) > 1",
    "row_number() over () = 1",
    "lag(prompt) over (order by prompt) = ''",
    "length(repeat(prompt, 1000000)) > 1",
    "length(lpad(prompt, 100000000, 'x')) > 1",
    "len(range(1000000000)) > 1",
    "len(list_transform(tools, lambda x: x || x)) > 1",
    "list_reduce([1, 2], lambda a, b: a + b) = 1",
    "replace(prompt, '', 'xxxxxxxx') = ''",
    "printf('%1000000000d', 1) = ''",
    "regexp_matches(prompt, prompt)",
    "regexp_matches(prompt, 'a' || answer)",
    "prompt like answer",
    "prompt ~ answer",
    "main.lower(prompt) = ''",
    "prompt.lower() = ''",
    "t.prompt = ''",
    "rowid = 1",
    "columns('p.*') = ''",
    "*",
    "$1 = 1",
    "? = 1",
    "#1 = 1",
    "prompt collate nocase = 'a'",
    "prompt::json = '{}'",
    "cast(prompt as enum('a')) = 'a'",
    "asked_at at time zone 'UTC' > asked_at",
    "{'a': prompt}.a = ''",
    "prompt = 'a' -- and more",
    "prompt = /* hidden */ 'a'",
    "prompt = 'a\0b'",
    "prompt = 'a\u202eb'",
    "prompt\u200b = 'a'",
    "prompt = E'\\x07'",
    "(" * 200 + "true" + ")" * 200,
    "not " * 200 + "true",
    " or ".join(["interrupted"] * 500),
    "prompt = '" + "a" * 5_000 + "'",
    "prompt = 'unterminated",
    "attach 'x.db'",
    "copy t to '/tmp/x'",
    "pragma_version() is null",
    "query('select 1') is null",
    "getvariable('x') = 1",
    "write_log(prompt) is null",
    "error(prompt) is null",
    "lower(distinct prompt) = ''",
    "lower(prompt) filter (where true) = ''",
    "rule(prompt)",
    "",
    " ",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_not_of_the_language_is_refused(text):
    with pytest.raises(ExpressionError):
        check(text, COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        "author = 'harness' and starts_with(prompt, '<task-notification>')",
        "prompt_chars between 1 and 3 or not interrupted",
        "regexp_matches(lower(prompt), '^(hi|ok)\\b', 'i')",
        "prompt ilike 'warm%' and author in ('person', 'command')",
        "case when contains(prompt, 'x') then length(answer) > 3 else false end",
        "coalesce(try_cast(prompt as bigint), 0) > 10 and list_contains(tools, 'Bash')",
        "asked_at >= date '2026-01-01' and month(asked_at) is distinct from 3",
        "interrupted is true and prompt similar to 'a.*'",
        "(prompt_chars + 1) * 2 // 3 % 4 - 1 > -5 and prompt || answer <> ''",
    ],
)
def test_the_language_is_enough_and_its_canonical_form_is_a_fixed_point(text):
    once = check(text, COLUMNS)
    assert check(once.text, COLUMNS).text == once.text


def test_an_unknown_column_is_named_with_the_nearest_known_one():
    with pytest.raises(ExpressionError, match="no column promt; did you mean prompt") as caught:
        check("author = 'a' and promt = 'b'", COLUMNS)
    assert caught.value.column == 18


def test_an_unknown_function_is_named_with_its_column():
    with pytest.raises(ExpressionError, match=r"start_with .*starts_with") as caught:
        check("start_with(prompt, 'a')", COLUMNS)
    assert caught.value.column == 1


def test_every_function_depends_on_its_arguments_alone():
    import duckdb

    sql = "select distinct stability from duckdb_functions() where function_name = ?"
    of_times = {"year", "month", "day", "hour"}  # of a time with a zone they would not
    for name in FUNCTIONS.keys() - {"rule"}:
        found = {row[0] for row in duckdb.execute(sql, [name]).fetchall()}
        allowed = {"CONSISTENT", None} | (
            {"CONSISTENT_WITHIN_QUERY"} if name in of_times else set()
        )
        assert "CONSISTENT" in found and found <= allowed, name
