"""Other people's tools open a build as it is: datasets, polars, DuckDB."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import orjson
import polars as pl
import pytest

from lanes.split import SPLITS


def build(agp, *args: str) -> Path:
    return Path(orjson.loads(agp("lanes", "build", "sft", "--json", *args).stdout)["path"])


def without_nulls(value):
    """Parquet has every column in every row; JSONL leaves out what is not there."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("tools", ["fold", "keep", "none"])
def test_parquet_and_jsonl_agree_for_polars_and_duckdb(many, agp, tools):
    folder = build(agp, "--tools", tools)
    for split in SPLITS:
        lines = (folder / f"{split}.jsonl").read_bytes().splitlines()
        rows = [orjson.loads(line) for line in lines]
        assert without_nulls(pl.read_parquet(folder / f"{split}.parquet").to_dicts()) == rows
        with duckdb.connect() as con:
            count = f"select count(*) from '{folder / split}.parquet'"
            assert con.execute(count).fetchall() == [(len(rows),)]


@pytest.mark.slow
def test_datasets_opens_all_splits_offline(many, agp, tmp_path):
    folder = build(agp)
    code = (
        "import sys, datasets; d = datasets.load_dataset(sys.argv[1], cache_dir=sys.argv[2]);"
        "print(sorted(d), d['train'][0]['messages'][0]['role'])"
    )
    out = python("-c", code, str(folder), str(tmp_path / "cache"))
    assert out.strip() == f"{sorted(SPLITS)} user"


def python(*args: str) -> str:
    """Run Python without a network; return what it printed."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, env=os.environ | offline
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
