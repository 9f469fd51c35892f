"""Stage 0 as a person meets it: a map, a gate, rows; a capture goes on where it was cut off."""

import json
from pathlib import Path
from typing import Any

import pytest

from train.harness import shards
from train.harness.packs import Message, Prompt, write_pack


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    made = []
    for i in range(6):
        turns = [("user", f"What is {i} + {i}?"), ("assistant", str(2 * i))]
        messages = [Message(role=role, content=text) for role, text in turns]
        split = ("heads", "valid")[i % 2]
        made.append(Prompt(id=f"p{i}", messages=messages, kind="chat", script="latin", split=split))
    write_pack(tmp_path / "pack", "sums", "a test", made)
    return tmp_path / "pack"


def test_the_map_the_gate_and_what_is_written_down(agp: Any, home: Path, pack: Path, rows: Any):
    found = json.loads(agp("train", "run", "0", "--pack", pack, "--json").stdout)
    assert found["bit_equal"] is True
    assert [g["verdict"] for g in found["gates"]] == ["too_few"]  # three prompts, thirty wanted
    assert rows("select stage, name, verdict from v_gates") == [(0, "oracle_layers", "too_few")]
    [(captures, prompts)] = rows("select count(*), sum(prompts)::int from captures")
    assert (captures, prompts) == (1, 6)
    sums = "select sum(rows)::int from captures"
    once = "select count(*) from trace_layers where lens = 'full'"
    assert rows(sums) == rows(once)
    said = agp("train", "run", "0", "--pack", pack).output  # the capture is there already
    assert "oracle stops at" in said and "too few" in said
    assert rows("select count(*) from captures") == [(1,)]
    assert max(map(len, said.splitlines())) <= 80


def test_a_capture_goes_on_where_it_was_cut_off(
    agp: Any, home: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("train.harness.capture.PROMPTS", 2)
    args = ("train", "capture", "--pack", str(pack), "--layers", "4", "--length", "3", "--json")
    whole = json.loads(agp(*args).stdout)
    folder = Path(whole["path"])
    (folder / "manifest.json").unlink()
    for suffix in (".json", ".safetensors"):
        shards.shard_path(folder, 2).with_suffix(suffix).unlink()
    kept = shards.shard_path(folder, 0).stat().st_mtime_ns
    again = json.loads(agp(*args).stdout)
    assert again["rows"] == whole["rows"]
    assert shards.shard_path(folder, 0).stat().st_mtime_ns == kept
    listed = json.loads(agp("captures", "list", "--json").stdout)
    assert [c["capture_id"] for c in listed] == [whole["capture_id"]]
    said = agp("captures", "show", whole["capture_id"]).output
    assert "prompts of heads, valid, calib," in " ".join(said.split())


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--layers", "9"), "boundaries 1 to 7"),
        (("--layers", "two"), "no list of numbers"),
        (("--splits", "calib"), "no prompt in calib"),
        (("--model", "nowhere"), "no model at nowhere"),
    ],
)
def test_what_cannot_be_captured_is_one_line(
    agp: Any, home: Path, pack: Path, arguments: tuple[str, str], said: str
):
    result = agp("train", "capture", "--pack", pack, *arguments, exit_code=2)
    assert said in result.stderr and result.stderr.count("\n") == 1
