"""Packs that are read whole, or refused in one line."""

import json

import pytest

from train.harness.packs import Message, Prompt, load_pack, pack_of, write_pack
from warehouse.errors import AgpError


def prompt(i=0, **more):
    turns = [Message(role="user", content="Which port?"), Message(role="assistant", content="8437")]
    given = {"id": f"p{i}", "messages": turns, "kind": "fact", "script": "Latin", "split": "test"}
    return Prompt(**(given | more))


def test_a_pack_comes_back_as_it_was_written(tmp_path):
    write_pack(
        tmp_path / "p", "mine", "by hand", [prompt(0), prompt(1, split="calib")], ["A text."]
    )
    pack = load_pack(tmp_path / "p")
    assert [p.id for p in pack.split("calib")] == ["p1"]
    assert pack.general == ["A text."]


def test_same_content_same_digest(tmp_path):
    for name in "ab":
        write_pack(tmp_path / name, "mine", "by hand", [prompt()])
    assert load_pack(tmp_path / "a").digest == load_pack(tmp_path / "b").digest


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"messages": []}, "line 2: messages"),
        ({"split": "holdout"}, "line 2: split"),
        ({"checks": [{"type": "shell"}]}, "line 2: checks"),
        ({"messages": [{"role": "user", "content": ""}] * 2}, "line 2: messages"),
        ({"id": "p0"}, "one id"),
        ({"messages": [{"role": "user", "content": "?"}] * 2}, "last turn"),
    ],
)
def test_a_bad_line_is_named(tmp_path, change, says):
    write_pack(tmp_path, "mine", "by hand", [prompt(0)])
    (tmp_path / "pack.toml").write_text('name = "mine"\n')
    row = json.loads(prompt(1).model_dump_json()) | change
    with (tmp_path / "prompts.jsonl").open("a") as f:
        f.write(json.dumps(row) + "\n")
    with pytest.raises(AgpError, match=says):
        load_pack(tmp_path)


def test_a_changed_prompt_is_noticed(tmp_path):
    write_pack(tmp_path, "mine", "by hand", [prompt()])
    path = tmp_path / "prompts.jsonl"
    path.write_text(path.read_text().replace("8437", "8438"))
    with pytest.raises(AgpError, match="not what"):
        load_pack(tmp_path)


def test_a_capture_s_pack_is_found_where_it_lay_or_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("AGP_HOME", str(tmp_path / "home"))
    for folder in ("elsewhere", "home/packs/mine"):
        write_pack(tmp_path / folder, "mine", "by hand", [prompt()])
    there, named = tmp_path / "elsewhere", tmp_path / "home" / "packs" / "mine"
    assert pack_of({"pack": "mine", "pack_folder": str(there)}) == there
    assert pack_of({"pack": "mine", "pack_folder": str(tmp_path / "gone")}) == named
    assert pack_of({"pack": "mine"}) == named
    with pytest.raises(AgpError, match="no pack at other"):
        pack_of({"pack": "other"})
