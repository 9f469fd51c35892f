"""Fifty thousand rows through twenty faults, and through kills: each of them arrives once."""

import random
import subprocess
import sys
import time

import pytest

ROWS = 50_000
ONCE = """select count(*), count(distinct memory_id), sum(row_key[2:-2]::bigint)::bigint
from v_memory_versions"""
WANTED = [(ROWS, ROWS, ROWS * (ROWS + 1) // 2)]
FAULTS = ["429", "500", "503", "slow", "cut", "reset", "502"]


@pytest.mark.slow
def test_fifty_thousand_rows_through_twenty_faults(agp, project, turns, rows):
    turns(ROWS, at="'2026-03-01'::timestamptz + (n / 20000) * interval '1 s'")
    project.fail(*(FAULTS * 3)[:20], every=2)
    agp("ingest", "supabase")
    assert project.failed() == 20
    assert rows(ONCE) == WANTED
    agp("warehouse", "verify")


@pytest.mark.slow
def test_kills_in_the_middle_lose_and_double_nothing(agp, project, turns, rows, home):
    turns(ROWS)
    dice, command = random.Random(7), [sys.executable, "-m", "agp", "ingest", "supabase"]
    log = home / ".agp" / "warehouse.duckdb.wal"
    kept = [0]
    for _ in range(8):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        enough = dice.randrange(50_000, 2_000_000)  # bytes that it has committed when it dies
        while process.poll() is None and not (log.exists() and log.stat().st_size > enough):
            time.sleep(0.01)
        process.kill()
        process.wait()
        kept.append(rows("select count(*) from memory_versions")[0][0])
    agp("ingest", "supabase")
    assert rows(ONCE) == WANTED
    assert kept == sorted(kept) and any(0 < n < ROWS for n in kept), kept


@pytest.mark.slow
def test_rows_that_change_while_they_are_read(agp, project, turns, sql, rows):
    """Rows move behind the reader, are added and deleted, page by page; two runs see it all."""
    turns(20_000)
    process = subprocess.Popen([sys.executable, "-m", "agp", "ingest", "supabase"])
    step = 0
    while process.poll() is None:
        step += 1
        said = f"content_text = 'step {step}', updated_at = now()"
        sql(f"update memory_turns set {said} where id % 97 = {step % 97}")
        sql(f"delete from memory_turns where id % 1009 = {step % 1009}")
        turns(3, first=100_000 + 3 * step, at="now()")
        time.sleep(0.05)
    assert process.returncode == 0
    agp("ingest", "supabase")
    there = sql("select id, content_text from memory_turns order by id")
    query = "select row_key[2:-2]::bigint, text from v_memories where not deleted order by 1"
    assert rows(query) == there
