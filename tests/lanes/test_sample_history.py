"""The sample history: the same bytes each time, and the truth about them holds."""

import hashlib
import json
from pathlib import Path

from lanes import sample_history
from lanes.sample_history.write import history


def test_it_is_laid_below_the_home(tmp_path: Path):
    sample_history.copy_to(tmp_path)
    assert sorted(p.suffix for p in (tmp_path / ".claude/projects").rglob("*.jsonl"))


def test_every_prompt_of_the_truth_stands_in_the_tree():
    files, _ = history()
    everything = b"".join(files.values())
    for prompt in sample_history.truth()["prompts"]:
        assert prompt["uuid"].encode() in everything


def test_truth_is_plain_json():
    assert json.loads(json.dumps(sample_history.truth()))["totals"]["prompts"] > 90


def test_the_same_bytes_come_out_again():
    before = _digest()
    history.cache_clear()
    assert _digest() == before


def _digest() -> str:
    files, _ = history()
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(name.encode() + files[name])
    return whole.hexdigest()
