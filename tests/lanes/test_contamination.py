"""Nothing that is held out is trained on: kept apart, left out, checked in what was written."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from lanes.contamination import Unit, overlaps
from lanes.settings import load
from lanes.split import SPLITS, SplitSettings, hashed

SETTINGS = load(SplitSettings, "split", {})
ASK = "Why does the gate of the garden behind the old house squeak when it is cold in the morning?"
WORDS = "Its lower hinge ran dry over the winter; a drop of oil on the pin mends it for a year."


def session_in(split: str, number: int = 0) -> str:
    """Return a session id whose family the hash puts into a split."""
    names = (f"{split}-{n}" for n in range(9999))
    return [name for name in names if hashed(name, SETTINGS) == split][number]


def unit(split: str, *document: str, name: str = "x", where: str = "build") -> Unit:
    return Unit(where, split, 0, name, document)


def filler(name: str, words: int = 16) -> str:
    """Return words that no other name gives."""
    dice = random.Random(name)
    made = (
        "".join(dice.choices("abcdefghilmnoprstuw", k=dice.randint(3, 8))) for _ in range(words)
    )
    return " ".join(made).capitalize()


def told(split: str, claude_tree: Any, prompt: str, answer: str, number: int = 0) -> None:
    """Write a session of a split: an exchange with these words, and three of its own."""
    session = claude_tree(session_in(split, number))
    session.person(prompt)
    session.agent(answer)
    for n in range(3):
        session.person(filler(f"{split} {number} {n} asked") + "?")
        session.agent(filler(f"{split} {number} {n} told") + ".")


def built(agp: Any, *args: str) -> dict[str, Any]:
    return orjson.loads(agp("lanes", "build", "sft", "--tools", "none", "--json", *args).stdout)


def words(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.jsonl")}


@pytest.mark.parametrize("pair", [("train", "test"), ("heads", "valid")])
def test_of_two_near_copies_in_two_splits_the_held_out_one_stays(claude_tree, agp, rows, pair):
    for split in pair:
        told(split, claude_tree, f"{ASK} ({split})", WORDS)
    agp("ingest")
    made = built(agp)
    assert made["left_out"]["reasons"] == {"crosses-split": 1} and made["crossing"] == 0
    found = words(Path(made["path"]))
    assert [WORDS in found[split] for split in pair] == [False, True]
    assert dict(rows("select split, reason from splits")) == dict.fromkeys(pair, "hash")


def test_a_new_family_of_near_copies_goes_where_the_first_is_and_nobody_moves(
    claude_tree, agp, rows
):
    told("test", claude_tree, ASK, WORDS)
    agp("ingest")
    built(agp)
    before = rows("select family_id, split from splits order by all")
    late = claude_tree(session_in("train"))  # nothing but a near copy: it joins the first
    late.person(f"{ASK} Please!")
    late.agent(WORDS)
    agp("ingest")
    built(agp)
    after = dict(rows("select family_id, split from splits"))
    assert after.items() >= dict(before).items()
    assert sorted(after.values()) == ["test", "test"]
    assert rows("select reason from splits order by all") == [("hash",), ("mirror",)]


def test_two_families_decided_before_that_come_to_share_a_cluster_stay_where_they_are(
    claude_tree, agp, rows
):
    told("train", claude_tree, ASK, WORDS)
    told("test", claude_tree, "Where do the swifts go in August?", "South, over the sea, at night.")
    agp("ingest")
    first = built(agp)
    assert first["left_out"]["reasons"] == {}
    before = rows("select * from splits order by all")
    session = claude_tree(session_in("test", 0))
    session.count = 100
    session.person(f"{ASK} Please!")
    session.agent(WORDS)
    agp("ingest")
    second = built(agp)
    assert rows("select * from splits order by all") == before
    assert second["left_out"]["reasons"] == {"crosses-split": 1}
    found = words(Path(second["path"]))
    assert WORDS not in found["train"] and WORDS in found["test"]
    across = agp("lanes", "contamination", second["path"], "--against", first["path"], exit_code=2)
    assert "train" in across.output  # what an earlier build trained on is held out now: it is said


def test_words_that_become_alike_as_they_are_written_are_left_out(claude_tree, agp):
    head, tail = filler("head", 600), filler("tail", 600)
    for split in ("train", "test"):  # of a long prompt the middle is cut out
        told(split, claude_tree, f"{head} {filler(split, 600)[:2600]} {tail}", WORDS)
    agp("ingest")
    made = built(agp)
    assert made["crossing"] == 1 and made["left_out"]["reasons"] == {"crosses-split": 1}
    found = words(Path(made["path"]))
    assert [WORDS in found[split] for split in ("train", "test")] == [False, True]
    audit = orjson.loads(agp("lanes", "audit", made["build_id"], "--json").stdout)
    assert audit["contamination"] == {"overlaps": {}, "exchanges": []}
    assert made["splits"]["train"]["exchanges"] == 3  # counted anew, not twice


def test_a_build_that_still_overlaps_is_refused(claude_tree, agp, monkeypatch, home):
    told("train", claude_tree, ASK, WORDS)
    agp("ingest")
    unit_of = unit("train", ASK, WORDS)
    monkeypatch.setattr("lanes.build.overlaps", lambda units: [type("O", (), {"unit": unit_of})])
    out = agp("lanes", "build", "sft", "--out", str(home / "data"), exit_code=2)
    assert "repeat one of another split" in out.output and not (home / "data").exists()


def test_an_audit_lists_what_overlaps(claude_tree, agp, monkeypatch):
    told("train", claude_tree, ASK, WORDS)
    agp("ingest")
    made = built(agp)
    pair = [unit("train", ASK, WORDS, name="x1"), unit("test", f"{ASK} Please!", WORDS, name="x2")]
    monkeypatch.setattr("lanes.audit.units", lambda folder: pair)
    out = agp("lanes", "audit", made["path"]).stdout
    assert "x1 (train:0)" in out and "x2 (test:0)" in out and "near" in out
    assert "1 exchanges repeat one of another split" in out


def test_what_overlaps_is_told_with_how_and_where():
    near = f"{ASK} Please!"
    found = overlaps(
        [
            unit("train", ASK, WORDS, name="a"),
            unit("heads", ASK.upper(), WORDS, name="b"),
            unit("test", near, WORDS, name="c"),
            unit("train", "ok", "Done.", name="d"),
            unit("calib", "ok", "Done.", name="e"),
            unit("train", "?!", "", name="f"),
            unit("test", "...", "", name="g"),
        ]
    )
    told = [(o.unit.exchange_id, o.other.exchange_id, o.kind) for o in found]
    assert told == [("a", "c", "near"), ("b", "c", "near"), ("d", "e", "exact")]
    assert found[0].plain()["unit"] == {
        "where": "build", "split": "train", "row": 0, "exchange_id": "a",
    }  # fmt: skip


def test_prompts_are_compared_with_a_pack(claude_tree, agp, home):
    told("train", claude_tree, ASK, WORDS)
    told("test", claude_tree, "Where do the swifts go in August?", "South, over the sea, at night.")
    agp("ingest")
    made = built(agp)
    agp("packs", "build", "--data", made["path"], "--name", "mine")
    agp("lanes", "contamination", made["path"])
    pack = home / "theirs"
    pack.mkdir()
    asked = [{"role": "user", "content": ASK.replace("garden", "orchard")}]
    prompt = {"id": "p1", "messages": [*asked, {"role": "assistant", "content": "Oil it."}]}
    prompt |= {"kind": "prose", "script": "latin", "split": "calib"}
    (pack / "prompts.jsonl").write_bytes(orjson.dumps(prompt) + b"\n")
    (pack / "pack.toml").write_text('name = "theirs"\n')
    out = agp("lanes", "contamination", made["path"], "--pack", str(pack), exit_code=2).output
    assert "with packs, whose prompts are compared without" in out and "lane again" not in out
    assert "pack theirs calib:0" in out and "near" in out
    found = agp("lanes", "contamination", made["path"], "--pack", str(pack), "--json", exit_code=2)
    assert '"train → calib": 1' in found.output


def test_prompts_of_one_template_weigh_no_more_than_the_cap(claude_tree, agp, rows):
    pasted = "Read the note below, say in three lines what is wrong with it, and name the line: "
    for n in range(20):
        session = claude_tree(f"s{n}")
        session.person(pasted + filler(f"note {n}", 25))
        session.agent(filler(f"verdict {n}") + ".")
        session.person(filler(f"next {n}") + "?")
        session.agent(filler(f"end {n}") + ".")
    agp("ingest")
    made = built(agp)
    query = (
        "select sum(weight), count(*) from v_lane_rows join v_templates using (exchange_id) "
        f"where build_id = '{made['build_id']}' and weight > 0"
    )
    weight, members = rows(query)[0]
    assert members == 20 and weight <= made["parameters"]["weights"]["template_cap"] + 1e-9 < 20
    assert made["left_out"]["reasons"] == {}
    others = rows(f"select max(weight) from v_lane_rows where build_id = '{made['build_id']}'")
    assert others == [(1.0,)]


def test_every_lane_of_the_sample_is_free_of_overlaps(sample):
    from lanes.contamination import units

    found = units(sample / "data")
    assert len({one.split for one in found}) == len(SPLITS) and len(found) > 600
    assert overlaps(found) == []
