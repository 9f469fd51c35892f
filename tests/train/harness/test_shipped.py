"""The pack that ships: as large as it says, the same from its command, and new to the sample."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from train.harness.checks import outcomes
from train.harness.packs import SHIPPED, Pack, load_pack
from train.harness.shipped import build_shipped

WORDS_IN_A_ROW = 8


@pytest.fixture(scope="module")
def shipped() -> Pack:
    return load_pack(SHIPPED)


def test_enough_of_everything(shipped: Pack):
    counts = Counter(p.split for p in shipped.prompts)
    assert counts["heads"] >= 300
    assert counts["calib"] >= 150
    assert counts["test"] >= 150
    assert counts["valid"] >= 90
    assert len(shipped.general) >= 60
    for split in counts:
        prompts = shipped.split(split)
        assert {p.script for p in prompts} >= {"Latin", "Arabic", "Nko"}
        assert {p.kind for p in prompts} == {"json", "code", "list", "prose"}
        assert {c.type for p in prompts for c in p.checks} == {
            "exact",
            "contains",
            "json",
            "python",
        }


def test_its_command_makes_the_same_bytes(shipped: Pack, tmp_path: Path):
    build_shipped(tmp_path)
    for name in ("prompts.jsonl", "general.jsonl", "pack.toml"):
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes()


def test_no_question_stands_in_two_splits(shipped: Pack):
    splits: dict[str, set[str]] = {}
    for p in shipped.prompts:
        asked = " ".join(m.content for m in p.messages[:-1])
        splits.setdefault(asked, set()).add(p.split)
    assert all(len(found) == 1 for found in splits.values())


def test_every_reference_passes_its_own_checks(shipped: Pack):
    for p in shipped.prompts:
        run_code = p.split == "test"  # a process each: one split is enough
        assert all(outcomes(p.checks, p.messages[-1].content, run_code).values()), p.messages[-2]


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + WORDS_IN_A_ROW]) for i in range(len(words) - WORDS_IN_A_ROW + 1)}


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in inside for text in strings(part)]


def test_nothing_of_it_stands_in_the_sample_history(shipped: Pack, home: Path):
    """All that the demo's train split is made of is in these files, so it is new to them too."""
    from lanes.sample_history import copy_to

    copy_to(home)
    files = home.rglob("*.jsonl")
    lines = (line for file in files for line in file.read_text(errors="replace").splitlines())
    seen: set[tuple[str, ...]] = set()
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):  # the sample's broken and hostile lines
            continue
        for text in strings(record):
            seen |= shingles(text)
    assert len(seen) > 10_000
    texts = [m.content for p in shipped.prompts for m in p.messages] + list(shipped.general)
    assert not seen & {shingle for text in texts for shingle in shingles(text)}


def test_packs_are_known_by_name(agp: Any, build: Path):
    (build / "manifest.json").write_text("{}")
    agp("packs", "build", "--data", build, "--name", "mine")
    listed = json.loads(agp("packs", "list", "--json").stdout)
    assert [row["pack"] for row in listed] == ["shipped", "mine"]
    assert "mine: " in agp("packs", "show", "mine").output
    assert "shipped: " in agp("packs", "show").output
    assert "there are shipped, mine" in agp("packs", "show", "other", exit_code=2).output
