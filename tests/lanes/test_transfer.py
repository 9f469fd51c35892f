"""The transfer lane: rows of a capture's shards, from captures alone; and every lane at once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from lanes.split import SPLITS
from warehouse.store import open_writer

CONTENT = "d82de936c2169a0c902fb3872130c14243b1632d4ac6dd2c454c2f55048a35e4"


@pytest.fixture
def made(captured: Path, agp: Any) -> dict[str, Any]:
    """Return the manifest of a transfer build."""
    return json.loads(agp("lanes", "build", "transfer", "--json").stdout)


def test_a_row_is_a_state_and_what_was_said_from_there(made, rows):
    assert set(made["splits"]) == set(SPLITS) - {"train"}
    said = {
        prompt: tokens
        for prompt, tokens in rows(
            "select prompt_id, list(token order by step) from trace_layers where lens = 'full' "
            "group by all"
        )
    }
    first = dict(rows("select prompt_id, first_row from capture_prompts"))
    for split in made["splits"]:
        found = pl.read_parquet(Path(made["path"]) / f"{split}.parquet").to_dicts()
        assert {(r["step"], r["split_layer"]) for r in found} == {
            (step, layer) for step in range(3) for layer in (2, 4, 6)
        }
        for row in found:
            assert row["continuation"] == said[row["prompt_id"]][row["step"] :]
            assert row["row"] == first[row["prompt_id"]] + row["step"]
            assert row["reference"] == {"first_row": row["row"], "rows": 3 - row["step"]}
            assert row["state"] == f"h.{row['split_layer']}" and row["prompt_tokens"] == 21
    fewer = "select count(*) from v_lane_rows where lane = 'transfer' and exchange_id is null"
    assert rows(fewer) == [(0,)]


def test_the_bytes_on_every_machine(made):
    assert made["content_sha256"] == CONTENT


def test_a_row_leads_back_to_its_bytes_and_its_shard(made, agp):
    split = next(iter(made["splits"]))
    found = json.loads(agp("lanes", "show", made["build_id"], f"{split}:0", "--json").stdout)
    assert found["captured"][0]["sha256"] == found["row"]["shard_sha256"]
    assert found["origin"] and all(o["sha256"] for o in found["origin"])


def test_a_prompt_that_nobody_asked_leads_to_its_shard_alone(captured, agp):
    with open_writer() as con:
        con.execute("update capture_prompts set exchange_id = null where split = 'heads'")
    made = json.loads(agp("lanes", "build", "transfer", "--json").stdout)
    found = json.loads(agp("lanes", "show", made["build_id"], "heads:0", "--json").stdout)
    assert not found["origin"] and found["captured"] and found["row"]["exchange_id"] is None


def test_nothing_but_a_whole_capture_will_do(captured, agp, tmp_path):
    (tmp_path / "rows.jsonl").write_text("{}\n")
    said = agp("lanes", "build", "transfer", "--capture", tmp_path / "rows.jsonl", exit_code=2)
    assert "made from captured forward passes alone" in said.stderr
    shard = captured / "shard-00000.safetensors"
    flipped = bytearray(shard.read_bytes())
    flipped[0] ^= 1
    shard.write_bytes(flipped)
    assert "is not what was captured" in agp("lanes", "build", "transfer", exit_code=2).stderr
    shard.unlink()
    assert "is not what was captured" in agp("lanes", "build", "transfer", exit_code=2).stderr


def test_after_a_cut_in_time_only_test_has_prompts(captured, agp, rows):
    asked = "from exchanges join capture_prompts using (exchange_id) where split "
    [(day, late)] = rows(f"select max(asked_at)::date::varchar, count(*) {asked} <> 'test'")
    made = json.loads(agp("lanes", "build", "transfer", "--test-after", day, "--json").stdout)
    assert made["left_out"]["reasons"] == {"after-cut": late}
    assert set(made["splits"]) == {"test"}


def test_card_and_audit_say_where_it_comes_from(made, agp):
    card = (Path(made["path"]) / "README.md").read_text()
    assert "Made from capture `c1` of tiny" in card and "split: heads" in card
    assert "Capture c1 holds nothing for train: " in agp("lanes", "build", "transfer").stdout
    said = agp("lanes", "audit", made["build_id"]).output
    assert "tokens left to say" in said and "too little: heads has" in said


@pytest.mark.slow
def test_all_lanes_at_once(captured, agp):
    found = json.loads(agp("lanes", "build", "all", "--json").stdout)
    assert list(found) == ["sft", "routing", "semantic", "transfer"]
    assert all("build_id" in made for made in found.values())


@pytest.mark.slow
def test_all_builds_what_it_can_and_names_what_is_missing(many, agp, tmp_path):
    said = agp("lanes", "build", "all", "--out", tmp_path / "every").output
    text = " ".join(said.split())
    assert "built b" in text
    assert "not built: the lane transfer wants a capture; run `agp train capture` first" in text
    assert "`agp packs build --data" in text
    assert sorted(p.name for p in (tmp_path / "every").iterdir()) == ["semantic", "sft"]
    assert "wants a capture" in agp("lanes", "build", "transfer", exit_code=2).stderr


def test_all_on_nothing_names_the_first_command(home, agp):
    with open_writer():
        pass
    assert "run `agp ingest` first" in agp("lanes", "build", "all").output


@pytest.mark.slow
@pytest.mark.parametrize("lane", ["routing", "transfer"])
def test_others_open_it(captured, agp, tmp_path, lane):
    made = json.loads(agp("lanes", "build", lane, "--json").stdout)
    folder = made["path"]
    for split, facts in made["splits"].items():
        frame = pl.read_parquet(f"{folder}/{split}.parquet")
        with duckdb.connect() as con:
            table = con.execute(f"select count(*) from '{folder}/{split}.parquet'").fetchall()
            lines = con.execute(f"select count(*) from '{folder}/{split}.jsonl'").fetchall()
        assert len(frame) == facts["rows"] and table == lines == [(facts["rows"],)]
    code = (
        "import json, sys, datasets; d = datasets.load_dataset(sys.argv[1], cache_dir=sys.argv[2]);"
        "print(json.dumps({k: len(v) for k, v in d.items()}))"
    )
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, folder, str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        env=os.environ | offline,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {
        split: facts["rows"] for split, facts in made["splits"].items()
    }
