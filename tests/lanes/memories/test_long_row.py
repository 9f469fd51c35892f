"""A row of 50 MB among short ones: it arrives whole, either way, in bounded memory."""

import subprocess
import sys

import pytest

MOST = 900  # MB; some 550 were measured
# The ingest is a child of a small process: what its parent had before counts as a process's own.
RUN = """import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "agp", "ingest", "supabase"], check=True, stdout=2)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["client", "database"])
def test_a_row_of_fifty_megabytes(agp, project, database, turns, sql, rows, home, way, monkeypatch):
    (home / ".agp" / "memories.toml").unlink()  # a second would be too short a time
    turns(50)
    sql("update memory_turns set content_text = repeat('said \"so\" ', 5000000) where id = 25")
    if way == "database":
        monkeypatch.setenv("SUPABASE_DB_URL", database)
    command = [sys.executable, "-c", RUN]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    assert int(result.stdout) / unit < MOST
    found = rows("select length(text), count(*) from v_memories group by 1 order by 1 desc limit 1")
    assert found == [(50_000_000, 1)]
    assert "every byte as it was read" in agp("warehouse", "verify").stdout
