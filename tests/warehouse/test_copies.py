"""`agp warehouse backup | restore | compact`: whole or not there, and nothing written over."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from warehouse.home import warehouse_path
from warehouse.store import open_reader, open_writer


def everything(path: Path | None = None) -> dict[str, list]:
    with open_reader(path) as con:
        tables = con.execute("select table_name from duckdb_tables()").fetchall()
        return {t: con.execute(f'from "{t}" order by all').fetchall() for (t,) in tables}


def left_over(home: Path) -> list[Path]:
    return list((home / ".agp").rglob("*.part*"))


def test_a_backup_is_the_warehouse(transcript, agp, home):
    made = json.loads(agp("warehouse", "backup", "--check", "--json").stdout)
    assert Path(made["path"]).parent == home / ".agp/backups"
    assert everything(Path(made["path"])) == everything() and made["report"]["records"] == 6
    assert Path(made["path"]).stat().st_mode & 0o077 == 0
    named = home / "mine.duckdb"
    assert str(named) in agp("warehouse", "backup", named).stdout
    before = named.read_bytes()
    assert "is there already" in agp("warehouse", "backup", named, exit_code=2).stderr
    assert named.read_bytes() == before and not left_over(home)


def test_a_backup_holds_what_stands_in_the_log_alone(transcript, agp, home):
    code = (
        "import os; from warehouse.store import open_writer\n"
        "with open_writer() as con:\n"
        " con.execute(\"update files set path = '/moved'\"); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert Path(f"{warehouse_path()}.wal").exists()
    agp("warehouse", "backup", home / "mine.duckdb")
    assert {row[2] for row in everything(home / "mine.duckdb")["files"]} == {"/moved"}


@pytest.mark.slow
def test_a_backup_in_the_middle_of_writing_is_of_one_moment(small, agp, home):
    code = (
        "import time; from warehouse.store import open_writer\n"
        "end = time.time() + 6\n"
        "while time.time() < end:\n"
        " try:\n"
        "  with open_writer() as con:\n"
        "   con.execute('begin; update files set bytes = bytes + 1')\n"
        "   con.execute('update files set size = bytes; commit')\n"
        " except Exception: pass\n"
        " time.sleep(0.05)"
    )
    with open_writer() as con:
        con.execute("update files set size = bytes")
    writer = subprocess.Popen([sys.executable, "-c", code])
    try:
        for number in range(4):
            agp("warehouse", "backup", home / f"{number}.duckdb")
            with open_reader(home / f"{number}.duckdb") as con:
                assert con.execute("select count(*) from files where bytes <> size").fetchall() == [
                    (0,)
                ]
            time.sleep(0.2)
    finally:
        writer.kill()
        writer.wait()


def test_damage_is_not_backed_up(transcript, agp, home):
    with open_writer() as con:
        con.execute("update raw_records set sha256 = 'x'::blob where ordinal = 2")
    done = agp("warehouse", "backup", home / "mine.duckdb", "--check", exit_code=2)
    assert "1 places are damaged" in done.stderr and not (home / "mine.duckdb").exists()


def test_a_backup_is_put_back(transcript, agp, home):
    kept, mine = everything(), home / "mine.duckdb"
    agp("warehouse", "backup", mine)
    assert "--replace" in agp("warehouse", "restore", mine, exit_code=2).stderr
    with open_writer() as con:
        con.execute("delete from messages")
    made = json.loads(agp("warehouse", "restore", mine, "--replace", "--json").stdout)
    assert everything() == kept and everything(Path(made["aside"]))["messages"] == []
    for path in (warehouse_path(), Path(f"{warehouse_path()}.wal")):
        path.unlink(missing_ok=True)
    agp("warehouse", "restore", mine)
    assert everything() == kept and not left_over(home)


@pytest.mark.parametrize("what", ["nothing", "words", "cut", "another database"])
def test_what_is_no_backup_is_refused(transcript, agp, home, what):
    import duckdb

    mine, kept = home / "mine.duckdb", everything()
    if what == "words":
        mine.write_text("words " * 9000)
    elif what == "cut":
        mine.write_bytes(warehouse_path().read_bytes()[:-300_000])
    elif what == "another database":
        duckdb.connect(str(mine)).execute("create table t (a int)").close()
    agp("warehouse", "restore", mine, "--replace", exit_code=2)
    assert everything() == kept and not left_over(home)
    assert not list((home / ".agp").glob("*.before-*"))


def test_a_damaged_warehouse_makes_way(transcript, agp, home):
    agp("warehouse", "backup", home / "mine.duckdb")
    warehouse_path().write_text("broken")
    agp("warehouse", "restore", home / "mine.duckdb", "--replace")
    assert everything()["messages"]
    (aside,) = (home / ".agp").glob("*.before-*")
    assert aside.read_text() == "broken"


def test_a_held_warehouse_stays(transcript, agp, home):
    agp("warehouse", "backup", home / "mine.duckdb")
    code = (
        "from warehouse.store import open_writer\n"
        "with open_writer():\n print('held', flush=True); input()"
    )
    pipe, before = subprocess.PIPE, warehouse_path().read_bytes()
    child = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True)
    try:
        assert child.stdout and child.stdout.readline() == "held\n"
        for words in (["backup"], ["compact"], ["restore", home / "mine.duckdb", "--replace"]):
            assert f"{child.pid}" in agp("warehouse", *words, exit_code=2).stderr
    finally:
        child.communicate("\n")
    assert warehouse_path().read_bytes() == before and not left_over(home)


def test_compacting_gives_room_back_and_keeps_all(transcript, agp, home):
    with open_writer() as con:
        con.execute("create table waste as select hash(i) as h from range(400000) t(i)")
        con.execute("checkpoint; create table later as from range(90000) t(i); checkpoint")
        con.execute("drop table waste; checkpoint")
    kept, before = everything(), warehouse_path().stat().st_size
    made = json.loads(agp("warehouse", "compact", "--json").stdout)
    assert made["before"] == before > 2 * made["after"] == 2 * warehouse_path().stat().st_size
    assert everything() == kept and not left_over(home)
    assert "every byte as it was read" in agp("warehouse", "verify").stdout
    again = json.loads(agp("warehouse", "compact", "--json").stdout)
    assert again["after"] <= made["after"]


def test_no_room_for_a_copy(transcript, agp, home):
    import resource

    limit = warehouse_path().stat().st_size // 2
    kept = everything()

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    for words in (["backup", str(home / "mine.duckdb")], ["compact"]):
        command = [sys.executable, "-m", "agp", "warehouse", *words]
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=small_disk)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert "no room" in done.stderr
    assert everything() == kept and not left_over(home) and not os.path.exists(home / "mine.duckdb")


def test_every_copy_is_its_owners_alone(transcript, agp, home):
    """Also a compacted one, which DuckDB itself makes, and with a umask that lets others read."""
    agp("warehouse", "backup", home / "mine.duckdb")
    with open_writer() as con:
        con.execute("create table big as select range as n, random() as x from range(300000)")
        con.execute("checkpoint")
        con.execute("drop table big")
    assert json.loads(agp("warehouse", "compact", "--json").stdout)["after"] < 4_000_000
    assert warehouse_path().stat().st_mode & 0o077 == 0
    agp("warehouse", "restore", home / "mine.duckdb", "--replace")
    assert warehouse_path().stat().st_mode & 0o077 == 0


def test_what_is_no_backup_is_named_by_its_own_path(transcript, agp, home):
    (home / "README.md").write_text("# no warehouse\n" * 1000)
    said = agp("warehouse", "restore", home / "README.md", "--replace", exit_code=2).stderr
    assert "README.md" in said and ".part" not in said
