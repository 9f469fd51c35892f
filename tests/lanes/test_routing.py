"""The routing lane: exchanges beside what an oracle says of their captured states."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lanes.split import SPLITS

CONTENT = "87062a5eaca664bf08240b9067f86340b3a6c6b227ab3270dad8953fa223cc06"


@pytest.fixture
def made(captured: Path, agp: Any) -> dict[str, Any]:
    """Return the manifest of a routing build."""
    return json.loads(agp("lanes", "build", "routing", "--json").stdout)


def all_rows(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        row | {"split": split}
        for split in made["splits"]
        for row in pl.read_parquet(Path(made["path"]) / f"{split}.parquet").to_dicts()
    ]


def test_a_row_has_what_was_done_and_what_every_state_is(made):
    assert set(made["splits"]) == set(SPLITS) - {"train"}
    for row in all_rows(made):
        roles = [(t["role"], t["outcome"]) for t in row["turns"]]
        if roles == [("user", None), ("assistant", None)]:
            continue  # the letter of the first session
        assert roles == [("user", None), ("tool", "ok"), ("assistant", None)]
        assert row["turns"][1]["argument"].startswith("pytest tests/")
        assert row["turns"][1]["result"] == "3 passed (51 lines)"
        assert row["process"]["checks"] == 1 and row["process"]["outcome"] == "checked"
        assert [s["tokens"] for s in row["spans"]] == [3]
        assert [(s["step"], s["layer"], s["planted"]) for s in row["states"]][3:6] == [
            (1, 2, None), (1, 2, "zeroed"), (1, 4, None)
        ]  # fmt: skip
        assert all(s["route"] == "revive_local" for s in row["states"] if s["planted"])
        assert len(row["states"]) == 3 * 3 + 3


def test_the_same_capture_gives_the_same_bytes(made, agp, tmp_path):
    out = ("--out", tmp_path / "again", "--json")
    again = json.loads(agp("lanes", "build", "routing", *out).stdout)
    assert again["content_sha256"] == made["content_sha256"]
    assert again["build_id"] == made["build_id"]


def test_the_bytes_on_every_machine(made):
    assert made["content_sha256"] == CONTENT


def test_other_thresholds_are_another_build(made, agp):
    other = json.loads(agp("lanes", "build", "routing", "--set", "kl=0.2", "--json").stdout)
    assert other["build_id"] != made["build_id"]
    assert other["parameters"]["labels"]["thresholds"]["kl"] == 0.2


def test_what_is_too_little_is_said(made, agp):
    assert any("rows" in line for line in made["missing"])
    assert any("escalate" in line for line in made["missing"])
    said = agp("lanes", "build", "routing").output
    assert "too little: heads has" in said and "not-captured" in said


def test_a_family_stands_in_one_split_and_is_that_of_its_prompts(made, rows):
    query = (
        "select distinct l.split, s.split from v_lane_rows l join sessions using (session_id) "
        "join splits s using (family_id)"
    )
    assert all(lane == family for lane, family in rows(query))


def test_a_prompt_in_another_split_than_its_exchange_is_left_out(captured, agp):
    from warehouse.store import open_writer

    with open_writer() as con:
        con.execute("update capture_prompts set split = 'heads' where split = 'test'")
    made = json.loads(agp("lanes", "build", "routing", "--json").stdout)
    assert "test" not in made["splits"] and made["left_out"]["reasons"]["crosses-split"] > 0


def test_without_a_capture_the_missing_command_is_named(many, agp):
    said = agp("lanes", "build", "routing", exit_code=2).stderr
    assert "wants a capture of prompts of this history; run `agp lanes build sft` first" in said
    agp("lanes", "build", "sft")
    assert "agp packs build --data" in agp("lanes", "build", "routing", exit_code=2).stderr
    assert (
        "no capture named 'zz'"
        in agp("lanes", "build", "routing", "--capture", "zz", exit_code=2).stderr
    )


def test_a_row_leads_back_to_its_bytes_and_its_shard(made, agp):
    split = next(iter(made["splits"]))
    found = json.loads(agp("lanes", "show", made["build_id"], f"{split}:0", "--json").stdout)
    assert {o["role"] for o in found["origin"]} >= {"user", "assistant"}
    assert all(o["sha256"] for o in found["origin"])
    [shard] = found["captured"]
    assert shard["path"].endswith("shard-00000.safetensors") and len(shard["sha256"]) == 64
    said = "".join(agp("lanes", "show", made["build_id"], f"{split}:0").output.split())
    assert "shard-00000" in said and "pytesttests/" in said
    assert (
        "rows"
        in json.loads(agp("lanes", "audit", made["build_id"], "--json").stdout)["splits"][split]
    )
