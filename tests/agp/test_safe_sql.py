"""`agp sql --safe`: what an agent may be given to call. Limits, exit codes, no file, no secret."""

import json
import subprocess
import sys
import time

import pytest

KEY = "sk-ant-" + "api03-" + "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY" * 3 + "AA"


@pytest.fixture
def asked(claude_tree, agp):
    """A prompt with a key in it, and its answer."""
    session = claude_tree()
    session.person(f"Use {KEY} for the roses")
    session.agent("Done.")
    agp("ingest")


def safe(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agp", "sql", "--safe", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_json_without_secrets(asked, agp):
    [row] = json.loads(
        agp(
            "sql",
            "--safe",
            "select prompt, answer, sent_at from v_exchanges "
            "join v_messages using (exchange_id) where role = 'user'",
        ).stdout
    )
    assert row["prompt"].startswith("Use [") and row["answer"] == "Done." and row["sent_at"]
    assert KEY not in agp("sql", "--redact", "from v_messages", "--csv").stdout
    assert KEY in agp("sql", "from v_messages", "--csv").stdout
    [row] = json.loads(agp("sql", "--safe", "select bytes from segments limit 1").stdout)
    assert row["bytes"].endswith(" bytes")


def test_a_cut_answer_is_whole_json_and_status_3(asked, agp):
    done = agp("sql", "--safe", "from range(5000)", exit_code=3)
    assert len(json.loads(done.stdout)) == 1000 and "stopped after 1,000 rows" in done.stderr
    done = agp("sql", "from range(5000)", "--csv", "--max-rows", "3", exit_code=3)
    assert done.stdout.split() == ["range", "0", "1", "2"]
    agp("sql", "--safe", "from range(1000)")


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from range(10000000) a, range(1000000) b where a.range * b.range % 7 = 3",
        "select levenshtein(repeat('a', 150000), repeat('b', 150000))",
    ],
)
def test_time_is_limited_also_within_a_single_value(asked, query):
    begun = time.monotonic()
    done = safe("--seconds", "0.5", query)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "agp: stopped after 0.5 seconds\n"
    assert time.monotonic() - begun < 20


def test_memory_is_limited(asked):
    for query in (
        "select count(distinct repeat(range::varchar, 100)) from range(20000000)",
        "select length(repeat('x', 3000000000) || 'y')",
    ):
        done = safe("--memory", "128", query)
        assert done.returncode == 3 and done.stderr.count("\n") == 1, done.stderr
        assert "more than 128 MB" in done.stderr


@pytest.mark.parametrize(
    "query",
    [
        "from read_text('/etc/hosts')",
        "from read_blob('{home}/.agp/warehouse.duckdb')",
        "from glob('/*')",
        "copy (select 1) to '{home}/out.csv'",
        "attach '{home}/new.db'",
        "set memory_limit = '8GB'",
        "reset disabled_filesystems",
        "delete from files",
        "select 1; select 2",
        "install httpfs",
        "call pragma_version()",
        "from '{home}/.claude/projects/-home-dev-garden/s1.jsonl'",
        "select * from sys_modules",
    ],
)
def test_no_file_no_setting_no_writing(asked, agp, home, query):
    done = agp("sql", "--safe", query.format(home=home), exit_code=2)
    assert done.stdout == "" and done.stderr.count("\n") == 1
    assert not (home / "out.csv").exists() and not (home / "new.db").exists()


def test_no_file_by_an_option(asked, agp, home):
    (home / "q.sql").write_text("select 1")
    assert "no file" in agp("sql", "--safe", "-f", home / "q.sql", exit_code=2).stderr
    out = ["--parquet", home / "x.parquet"]
    assert "no file" in agp("sql", "--safe", "select 1", *out, exit_code=2).stderr
    assert "no file" in agp("sql", "--redact", "select 1", *out, exit_code=2).stderr
