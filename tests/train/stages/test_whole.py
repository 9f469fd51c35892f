"""A bundle measured beside its stage 1 alone, as a person meets it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from train.stages import runs

FEW = ("--answers", "3", "--max-tokens", "4", "--json")


@pytest.fixture
def bundle(agp: Any, part_run: Callable[..., str]) -> Path:
    """Return a bundle of heads that nobody trained, which say they are certified."""
    agp("bundle", "make", part_run(2), part_run(5), "--out", "b")
    return Path("b")


@pytest.mark.slow
def test_random_heads_pass_no_gate(agp: Any, bundle: Path, rows: Any):
    document = json.loads(agp("eval", bundle, *FEW).stdout)
    assert list(document["ways"]) == ["stage 1 alone", "route", "draft"]
    assert {t["way"] for t in document["targets"]} == {"route", "draft"}
    drafted = next(m for m in document["measures"] if m["name"] == "disagreement.draft")
    assert drafted["value"] == 0  # a draft changes no answer
    assert {g["verdict"] for g in document["gates"]} <= {"too_few", "failed"}
    assert document["openings"]["of_run"] == 1
    name = document["run_id"]
    assert rows("select bundle_id from v_model_bundles") == [(name,)]
    assert rows(f"select count(*) from v_gates where run_id = '{name}'") == [(3,)]
    assert rows("select count(distinct role) from v_model_bundle_parts") == [(3,)]
    said = agp("eval", bundle, "--split", "valid", *FEW[:-1]).stdout
    assert "improved" in said and "heads" not in said


@pytest.mark.slow
def test_heads_without_a_certificate_only_draft(agp: Any, part_run: Callable[..., str]):
    run = part_run(2)
    file = runs.find_run(run) / "certificate.json"
    document = json.loads(file.read_text())
    document["heads"]["0"] |= {"threshold": None, "reason": "too few prompts"}
    file.write_text(json.dumps(document))
    agp("bundle", "make", run, "--out", "b")
    document = json.loads(agp("eval", "b", *FEW).stdout)
    assert list(document["ways"]) == ["stage 1 alone", "draft"]
    assert any("does not route" in line for line in document["words"])


def test_nothing_to_measure_is_one_line(agp: Any, part_run: Callable[..., str]):
    agp("bundle", "make", part_run(5), "--out", "b")
    error = agp("eval", "b", *FEW, exit_code=2).stderr
    assert "has no heads" in error and error.count("\n") == 1
