"""Stage 1 as it is judged: three seeds on the tiny model, from the sample history to the gates."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SEEDS = 3
QUICK = (
    "window=256 batch_tokens=256 accumulate=1 max_steps=40 rank=16 learning_rate=2e-3 "
    "evaluate_every=40 valid_tokens=1500"
)


@pytest.mark.slow
def test_every_seed_beats_the_base_on_held_out_prompts(home: Path):
    """The commands run as a person types them, so that a faster BLAS is used where there is one."""
    from lanes.sample_history import copy_to

    copy_to(home)
    agp = Path(sys.executable).with_name("agp")

    def call(*words: str) -> str:
        done = subprocess.run(
            [agp, *words], cwd=home, env=dict(os.environ), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    call("ingest")
    call("lanes", "build", "sft", "--out", "sft")
    call("packs", "build", "--data", "sft", "--name", "history")
    settings = [word for setting in QUICK.split() for word in ("--set", setting)]
    few = ("--most", "40", "--answers", "3", "--max-tokens", "8")
    found: list[dict[str, Any]] = []
    for seed in range(SEEDS):
        made = call(
            "train", "run", "1", "--data", "sft", *settings, "--set", f"seed={seed}", "--json"
        )
        run = json.loads(made)["run_id"]
        found.append(json.loads(call("eval", run, "--pack", "history", *few, "--json")))
    for document in found:
        values = {m["name"]: m for m in document["measures"]}
        gates = {g["name"]: g for g in document["gates"]}
        assert values["cross_entropy"]["high"] < 0
        assert gates["cross_entropy"]["verdict"] == "passed"
        assert gates["control"]["verdict"] == "passed"
        assert gates["general_text"]["n"] > 30
        assert {g["verdict"] for g in gates.values()} <= {"passed", "failed", "too_few"}
        # the base never wrote JSON here that could be lost
        assert gates["checks.json"]["verdict"] == "too_few"
    adapters = {json.dumps(d["prompts"]) for d in found}
    assert len(adapters) == SEEDS
    assert [d["openings"]["of_pack"] for d in found] == [1, 2, 3]
    assert len(json.loads(call("sql", "--json", "select * from v_gates"))) == SEEDS * 7
