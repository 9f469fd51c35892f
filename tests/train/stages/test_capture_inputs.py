"""What a capture makes of prompts and models that are not as it would like them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.harness.capture import Shape, capture_prompt
from train.harness.packs import Message, Prompt, write_pack
from train.harness.planted import KINDS, plant
from train.model.gemma import Gemma


def asked(text: str, split: str = "heads") -> Prompt:
    words = [Message(role="user", content=text), Message(role="assistant", content="Yes.")]
    return Prompt(id="p", messages=words, kind="chat", script="latin", split=split)


def test_a_prompt_longer_than_the_window_loses_its_beginning(tiny: Any):
    shape = Shape((2, 6), length=3, window=16)
    rows = capture_prompt(Gemma(tiny[0]), tiny[1], asked("word " * 400), shape)
    assert np.array(rows["position"]).tolist() == list(range(15, 15 + len(rows["token"])))


def test_one_token_is_a_capture_too(tiny: Any):
    rows = capture_prompt(Gemma(tiny[0]), tiny[1], asked("a"), Shape((2, 6), length=1, window=1))
    assert rows["h.2"].shape[0] == 1 and np.array(rows["position"]).tolist() == [0]
    note = {"prompts": ["p"], "splits": ["test"], "lengths": [1]}
    made = plant(note, rows, (2, 6))  # alone and the first: no other prompt, no earlier token
    kinds = {KINDS[k] for k in np.array(made["kind"])}
    assert len(made["row"]) == 2 and not kinds & {"foreign", "stale"}


def test_an_empty_prompt_is_refused_with_its_line(agp: Any, home: Path, tmp_path: Path):
    write_pack(tmp_path / "pack", "one", "a test", [asked("a")])
    file = tmp_path / "pack" / "prompts.jsonl"
    prompt = json.loads(file.read_text())
    prompt["messages"][0]["content"] = ""
    file.write_text(json.dumps(prompt) + "\n")
    said = agp("train", "capture", "--pack", tmp_path / "pack", exit_code=2).stderr
    assert "prompts.jsonl line 1" in said and said.count("\n") == 1


@pytest.mark.parametrize("option", ["--length", "--most"])
def test_nothing_to_capture_is_refused(agp: Any, home: Path, option: str):
    assert "x>=1" in agp("train", "capture", option, "0", exit_code=2).stderr


def test_a_flipped_byte_of_a_shard_is_found(agp: Any, home: Path, tmp_path: Path):
    write_pack(tmp_path / "pack", "one", "a test", [asked("a")])
    args = ("--pack", tmp_path / "pack", "--layers", "4", "--length", "2", "--json")
    made = json.loads(agp("train", "capture", *args).stdout)
    shard = Path(made["path"]) / "shard-00000.safetensors"
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)
    again = ("captures", "compare", made["capture_id"], made["capture_id"], "--split", "heads")
    said = agp(*again, exit_code=2).stderr
    assert "is damaged" in said and said.count("\n") == 1
    said = agp("lanes", "build", "transfer", exit_code=2).stderr
    assert "is not what was captured" in said
