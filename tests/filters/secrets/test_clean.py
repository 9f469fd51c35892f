"""Ordinary texts stay as they are: prose about secrets, code, digests, lock files, addresses."""

import random
import tomllib
from pathlib import Path

import pytest

from filters.secrets import Redactor, scan, scan_many

CLEAN = tomllib.loads((Path(__file__).parent / "clean.toml").read_text(encoding="utf-8"))
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("text", CLEAN["text"])
def test_text_stays(text):
    assert [(f.kind, text[f.start : f.end]) for f in scan(text)] == []


def test_false_positives_on_generated_texts(grow):
    rng = random.Random(7)
    lines = [line for template in CLEAN["line"] for line in [template]]
    texts = [
        "\n".join(grow(template, seed) for template in rng.sample(lines, 6)) for seed in range(3000)
    ]
    hits = [
        (f.kind, text[max(0, f.start - 30) : f.end])
        for text, found in zip(texts, scan_many(texts), strict=True)
        for f in found
    ]
    assert len(hits) <= 3, hits


def test_our_own_sources_stay():
    """Code that speaks of passwords, tokens and keys all day is clean text."""
    files = [p for name in ("agp", "warehouse", "lanes") for p in (ROOT / name).rglob("*.py")]
    texts = [p.read_text(encoding="utf-8") for p in files if "sample_history" not in p.parts]
    hits = [f.kind for found in scan_many(texts) for f in found]
    assert hits == []


def test_the_lock_file_stays():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert Redactor(b"s").text(text) == text
