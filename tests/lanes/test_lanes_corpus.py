"""Labels and lanes over real transcripts of other people, where they are at hand."""

import os

import orjson
import pytest

from filters.secrets import scan_files

CORPUS = os.environ.get("AGP_CORPUS")
FAMILIES = """
with members as (select distinct lane, exchange_id from v_lane_rows)
select lane, count(distinct family_id), count(*) from members join v_exchanges using (exchange_id)
group by lane order by lane
"""
STRADDLING = """
select count(*) from (
    select l.lane, e.family_id from v_lane_rows l join v_exchanges e using (exchange_id)
    group by all having count(distinct l.split) > 1)
"""


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS, reason="AGP_CORPUS names no folder")
def test_every_step_runs_no_family_leaks_and_no_detector_fires(agp, rows, tmp_path, capsys):
    agp("ingest", CORPUS)
    audit = agp("labels", "audit")
    tables = [audit.stdout]
    for lane in ("semantic", "sft"):
        folder = tmp_path / lane
        tables.append(agp("lanes", "build", lane, "--out", folder).stdout)
        tables.append(agp("lanes", "audit", folder).stdout)
        assert scan_files([folder]) == []
        made = orjson.loads((folder / "manifest.json").read_bytes())
        assert sum(facts["rows"] for facts in made["splits"].values()) > 50
    assert rows(STRADDLING) == [(0,)]
    with capsys.disabled():
        print("\n", *tables, *rows(FAMILIES), sep="\n")
    assert "cover" in audit.stdout and "conflict" in audit.stdout
