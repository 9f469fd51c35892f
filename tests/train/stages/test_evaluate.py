"""`agp eval` as a person meets it: numbers, verdicts, what is written down, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from train.harness.pack_build import build_pack
from train.harness.packs import load_pack
from train.stages import loop, stage1


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def run(home: Path, build: Path) -> Path:
    changes = ["max_steps=4", "rank=2", "accumulate=1", "batch_tokens=128", "learning_rate=0.02"]
    folder, stage = stage1.start("tiny", build, changes)
    stage1.train(folder, stage, loop.Progress(), lambda line, total: None, lambda: False)
    return folder


@pytest.fixture
def pack(build: Path, tmp_path: Path) -> Path:
    (build / "manifest.json").write_text("{}")
    build_pack(build, tmp_path / "pack", "mine", 400)
    return tmp_path / "pack"


def test_numbers_verdicts_and_what_is_written_down(agp: Any, run: Path, pack: Path, rows: Any):
    found = json.loads(agp("eval", run.name, "--pack", pack, "--max-tokens", "4", "--json").stdout)
    values = {m["name"]: m for m in found["measures"]}
    assert values["cross_entropy"]["high"] < 0
    gates = {g["name"]: g["verdict"] for g in found["gates"]}
    assert gates["cross_entropy"] == "too_few"  # four prompts, thirty wanted
    assert dict(rows("select name, verdict from v_gates")) == gates
    measured = rows("select value from v_metrics where name = 'cross_entropy' and split = 'test'")
    assert measured == [(pytest.approx(values["cross_entropy"]["value"]),)]
    opening = json.loads((run / "openings.jsonl").read_text())
    assert opening["gates_digest"] == found["gates_digest"]
    assert opening["pack_digest"] == load_pack(pack).digest
    said = agp("eval", run.name, "--pack", pack, "--max-tokens", "4", "--show", "1").output
    assert "opened 2 × for this run" in said
    assert max(map(len, said.splitlines())) <= 80
