"""Opening the warehouse: every way it can go wrong is one line, and leaves the file as it was."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from warehouse import migrations
from warehouse.errors import AgpError
from warehouse.home import warehouse_path
from warehouse.sql import running
from warehouse.store import open_reader, open_writer

HOLD = """
import sys
import threading
from warehouse.store import open_writer
with open_writer():
    print("held", flush=True)
    sys.stdin.read()
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def held(small):
    """Another process that holds the warehouse open for writing."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout and child.stdin and child.stdout.readline() == "held\n"
    yield child
    child.communicate()


@pytest.mark.parametrize("opener", [open_reader, open_writer])
def test_a_held_file_names_its_holder(held, opener):
    words = rf"process {held.pid} \(python.*\) holds"
    with pytest.raises(AgpError, match=words) as error, opener(wait=0.1):
        pass
    assert "\n" not in error.value.message


def test_a_reader_waits_for_a_short_writer(held, agp):
    threading.Timer(0.3, held.terminate).start()
    assert "person" in agp("sql", "select author from v_exchanges").stdout


DAMAGE = {
    "empty": lambda f: f.write_bytes(b""),
    "text": lambda f: f.write_text("not a database\n" * 1000),
    "cut": lambda f: os.truncate(f, f.stat().st_size // 2),
    "cut in the header": lambda f: os.truncate(f, 5000),
    "magic bytes": lambda f: flip(f, 8, 4),
    "first header": lambda f: flip(f, 100, 64),
    "second header": lambda f: flip(f, 4096, 64),
}


def flip(path: Path, offset: int, count: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset : offset + count] = bytes(b ^ 0xFF for b in data[offset : offset + count])
    path.write_bytes(data)


@pytest.mark.parametrize("opener", [open_reader, open_writer])
@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_left_as_it_was(small, how, opener):
    path = warehouse_path()
    DAMAGE[how](path)
    before = digest(path)
    with pytest.raises(AgpError, match="damaged or no warehouse"), opener():
        pass
    assert digest(path) == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_folder_in_its_place(home, agp):
    warehouse_path().mkdir(parents=True)
    assert "damaged or no warehouse" in agp("sql", "select 1", exit_code=2).stderr


@pytest.mark.parametrize("place", ["/dev/null/agp", "/proc/agp"])
def test_a_home_that_cannot_be_made(home, monkeypatch, place):
    monkeypatch.setenv("AGP_HOME", place)
    with pytest.raises(AgpError, match="set AGP_HOME to another"), open_writer():
        pass


@pytest.mark.parametrize("seconds", [0.1, 0.4, 0.7, 1.0])
def test_an_interrupted_query_is_an_interrupt(small, seconds):
    query = "select count(*) from range(1000000) a, range(10000000) b where a.range*b.range%7=1"
    with pytest.raises(KeyboardInterrupt):
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
        with running(query) as result:
            list(result.rows)


def test_another_programs_database(home):
    warehouse_path().parent.mkdir()
    with duckdb.connect(str(warehouse_path())) as con:
        con.execute("create table theirs (a int)")
    for opener in (open_reader, open_writer):
        with pytest.raises(AgpError, match="no warehouse of agp"), opener():
            pass


def test_a_newer_schema_is_refused(small):
    with open_writer() as con:
        con.execute("insert into schema_ledger values (9999, now()::timestamp)")
    before = digest(warehouse_path())
    for opener in (open_reader, open_writer):
        with pytest.raises(AgpError, match=r"schema 9999, .* update agp"), opener():
            pass
    assert digest(warehouse_path()) == before


def test_an_older_schema_is_copied_then_brought_up(small, monkeypatch):
    before = digest(warehouse_path())
    have = migrations.newest()
    steps = [*migrations.migrations(), (have + 1, "create table more (a int)")]
    monkeypatch.setattr(migrations, "migrations", lambda: steps)
    with pytest.raises(AgpError, match="run `agp ingest` to bring it up"), open_reader():
        pass
    with open_writer() as con:
        assert con.execute("select count(*) from more").fetchall() == [(0,)]
        assert con.execute("select count(*) from v_exchanges").fetchall() == [(1,)]
    assert digest(warehouse_path().with_name(f"warehouse.duckdb.schema-{have}")) == before


def test_a_step_of_a_lower_number_that_came_later_is_taken(small, monkeypatch):
    have = migrations.newest()
    steps = [*migrations.migrations(), (have + 2, "create table later (a int)")]
    monkeypatch.setattr(migrations, "migrations", lambda: steps)
    with open_writer():
        pass
    steps.insert(-1, (have + 1, "create table between_them (a int)"))
    with open_writer() as con:
        assert con.sql("select count(*) from between_them, later").fetchall() == [(0,)]


def test_a_broken_migration_changes_nothing(small, monkeypatch):
    have = migrations.newest()
    steps = [*migrations.migrations(), (have + 1, "create table more (a int); select 1/'x'::int")]
    monkeypatch.setattr(migrations, "migrations", lambda: steps)
    with pytest.raises(duckdb.Error), open_writer():
        pass
    monkeypatch.undo()
    os.environ.setdefault("AGP_HOME", str(small / ".agp"))
    with open_reader(small / ".agp" / "warehouse.duckdb") as con:
        assert migrations.state(con)[0] == have


def test_mended_views_are_made_anew(small, monkeypatch):
    text = migrations.views_sql() + "create view v_new as select 1 as one;"
    monkeypatch.setattr(migrations, "views_sql", lambda: text)
    with pytest.raises(AgpError, match="another version"), open_reader():
        pass
    with open_writer():
        pass
    with open_reader() as con:
        assert con.execute("from v_new").fetchall() == [(1,)]


FILL = """
import resource, sys
from warehouse.errors import AgpError
from warehouse.store import open_writer
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with open_writer() as con:
        con.execute("insert into sessions (session_id, agent, source, family_id) select "
                    "uuid()::varchar, uuid()::varchar, uuid()::varchar, '' from range(100000)")
except AgpError as error:
    print(error.message)
"""


@pytest.mark.parametrize("limit", [100_000, 4_000_000])
def test_a_full_disk_is_a_line(home, limit):
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(limit)], capture_output=True, text=True, check=False
    )
    assert "no room to write" in done.stdout, done
    if warehouse_path().exists():
        with open_writer() as con:
            assert con.execute("select count(*) from sessions").fetchall() == [(0,)]


def test_nobody_else_may_read_what_was_typed(home: Path):
    """A file that others could read is closed to them when it is written next."""
    with open_writer():
        pass
    path = home / ".agp" / "warehouse.duckdb"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    with open_writer():
        pass
    assert path.stat().st_mode & 0o077 == 0
