"""Packs come from rows that stage 1 never saw, spread over what there is."""

import json

import pytest

from train.harness.pack_build import build_pack
from train.harness.packs import load_pack
from warehouse.errors import AgpError

ANSWERS = ['{"port": 8437}', "```python\nx = 1\n```", "Yes.", "1. a\n2. b"]


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    for split in ("train", "heads", "calib"):
        rows = [
            {
                "messages": [
                    {"role": "user", "content": f"{split} question {i}"},
                    {"role": "assistant", "content": ANSWERS[min(i, 3)]},
                ],
                "loss": [False, True],
            }
            for i in range(12)
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder


def test_training_rows_stay_out(data, tmp_path):
    assert build_pack(data, tmp_path / "p", "mine", 400)["heads"] == 12
    assert all("train" not in p.messages[0].content for p in load_pack(tmp_path / "p").prompts)


def test_few_prompts_still_cover_every_kind(data, tmp_path):
    build_pack(data, tmp_path / "p", "mine", 4)
    pack = load_pack(tmp_path / "p")
    assert {p.kind for p in pack.split("calib")} == {"json", "code", "prose", "list"}
    assert [p.checks[0].type for p in pack.split("calib") if p.kind == "json"] == ["json"]


def test_general_text_comes_with_it(data, tmp_path):
    build_pack(data, tmp_path / "p", "mine", 4)
    assert len(load_pack(tmp_path / "p").general) >= 30


def test_same_dataset_same_pack(data, tmp_path):
    for name in "ab":
        build_pack(data, tmp_path / name, "mine", 5)
    assert load_pack(tmp_path / "a").digest == load_pack(tmp_path / "b").digest


def test_rows_without_loss_make_no_prompt(data, tmp_path):
    for path in data.glob("*.jsonl"):
        path.write_text(path.read_text().replace("true", "false"))
    with pytest.raises(AgpError, match="no rows outside"):
        build_pack(data, tmp_path / "p", "mine", 5)


def test_every_answer_that_earns_loss_is_a_prompt(data, tmp_path):
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}] * 3
    row = {"messages": turns, "loss": [False, True, False, False, False, True]}
    (data / "test.jsonl").write_text(json.dumps(row) + "\n")
    assert build_pack(data, tmp_path / "p", "mine", 9)["test"] == 2
    lengths = {len(p.messages) for p in load_pack(tmp_path / "p").split("test")}
    assert lengths == {2, 6}


def test_commands_say_what_a_pack_holds(agp, data, tmp_path):
    agp("packs", "build", "--data", data, "--out", tmp_path / "p")
    shown = json.loads(agp("packs", "show", tmp_path / "p", "--json").output)
    assert sum(row["prompts"] for row in shown["prompts"]) == 24


def test_a_prompt_knows_the_exchange_of_its_answer(data, tmp_path):
    for path in data.glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for i, row in enumerate(rows):
            row["messages"] += row["messages"]
            row["loss"] = [False, False, False, True]
            row |= {"exchange_ids": [f"a{i}", f"b{i}"], "exchange_of": [0, 0, 1, 1]}
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    build_pack(data, tmp_path / "p", "mine", 400)
    assert {p.exchange for p in load_pack(tmp_path / "p").split("heads")} == {
        f"b{i}" for i in range(12)
    }
