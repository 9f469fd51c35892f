"""Captures of another model: nothing that was trained on one is taken further on another."""

import json
from pathlib import Path
from typing import Any

import pytest

from train.model.digest import model_digest
from train.model.load import TINY
from train.stages import continued, joint_parents, runs
from train.stages.stage import Request
from warehouse.errors import AgpError


def facts(**changes: Any) -> dict[str, Any]:
    known = {"capture_id": "c1", "model": "tiny", "model_digest": model_digest(TINY)}
    return known | {"adapter_run_id": None, "adapter_digest": None, "layers": [2, 4]} | changes


def test_the_model_and_the_adapter_are_those_of_the_capture(part_run: Any):
    with pytest.raises(AgpError, match="tiny is not the model that c1 is of"):
        continued.backbone(facts(model_digest="0" * 16))
    tuned = facts(adapter_run_id=part_run(1), adapter_digest="0" * 16)
    with pytest.raises(AgpError, match="is not the adapter that c1 was made with"):
        continued.backbone(tuned)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"model_digest": "0" * 16}, "is a capture of tiny with no adapter, not with"),
        ({"adapter_run_id": "s1-of-another"}, "is a capture of tiny with s1-of-another, not with"),
        ({"layers": [2]}, r"holds no states of layers \[4\]"),
    ],
)
def test_a_joint_finetune_learns_from_its_own_model(
    part_run: Any, tmp_path: Path, change: dict[str, Any], said: str
):
    adapter = part_run(1)
    (tmp_path / "c1").mkdir()
    own = facts(adapter_run_id=adapter) if "layers" in change else facts()
    (tmp_path / "c1" / "manifest.json").write_text(json.dumps(own | change))
    depth = {"exits": [2, 4], "capture": "c0"}
    known = {"adapter": runs.summary(runs.find_run(adapter)), "depth": depth}
    with pytest.raises(AgpError, match=said) as refused:
        joint_parents.capture_of(Request(captures=(tmp_path / "c1",)), known)
    assert "\n" not in str(refused.value)
