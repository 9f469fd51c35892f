"""Publishing a build: whoever dies in between, a complete build is there or comes back."""

import os
import shutil
from pathlib import Path

import orjson
import pytest

from lanes.manifest import FORMAT
from lanes.publish import check_target, clear, publish, staging
from warehouse.errors import AgpError


class Died(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def folder_of(name: str, folder: Path) -> Path:
    """Write a small build."""
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_bytes(orjson.dumps({"format": FORMAT, "build_id": name}))
    (folder / "train.jsonl").write_text(name)
    return folder


def name_of(folder: Path) -> str | None:
    """Return which build stands in a folder, whole; None if the folder is not there."""
    if not folder.exists():
        return None
    text = (folder / "train.jsonl").read_text()
    assert orjson.loads((folder / "manifest.json").read_bytes())["build_id"] == text
    return text


def dying_at(monkeypatch: pytest.MonkeyPatch, step: int, after: bool) -> None:
    """Die just before or just after a folder is renamed for the step-th time."""
    real, calls = Path.rename, iter(range(1000))

    def rename(self: Path, target: Path) -> Path:
        now = next(calls) == step
        if now and not after:
            raise Died
        moved = real(self, target)
        if now:
            raise Died
        return moved

    monkeypatch.setattr(Path, "rename", rename)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(3))
def test_an_earlier_build_outlives_a_death_at_any_rename(tmp_path, monkeypatch, step, after):
    target = folder_of("old", tmp_path / "data")
    stage = staging(tmp_path)
    folder_of("new", stage / "build")
    with monkeypatch.context() as patch, pytest.raises(Died):
        dying_at(patch, step, after)
        publish(stage, target)
        clear(stage)
    assert name_of(target) in ("old", "new") or name_of(stage / "earlier" / "data") == "old"
    stage = staging(tmp_path)
    assert name_of(target) == ("old" if (step, after) < (1, True) else "new")
    folder_of("new", stage / "build")
    publish(stage, target)
    clear(stage)
    assert name_of(target) == "new" and [p.name for p in tmp_path.iterdir()] == ["data"]


def test_what_is_half_removed_never_comes_back(tmp_path, monkeypatch):
    target = folder_of("old", tmp_path / "data")
    stage = staging(tmp_path)
    folder_of("new", stage / "build")
    publish(stage, target)
    monkeypatch.setattr("lanes.publish.rmtree", lambda *_, **__: None)
    clear(stage)
    shutil.rmtree(target)
    monkeypatch.undo()
    shutil.rmtree(staging(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_failed_move_leaves_the_earlier_build_where_it_was(tmp_path):
    target = folder_of("old", tmp_path / "data")
    stage = staging(tmp_path)
    folder_of("new", stage / "build")
    shutil.rmtree(stage / "earlier")
    with pytest.raises(OSError):
        publish(stage, target)
    clear(stage)
    assert name_of(target) == "old" and [p.name for p in tmp_path.iterdir()] == ["data"]


def test_the_stage_of_a_build_that_runs_is_left_alone(tmp_path):
    other = tmp_path / f".partial-{os.getppid()}"
    (other / "build").mkdir(parents=True)
    clear(staging(tmp_path))
    assert [*tmp_path.iterdir()] == [other]


@pytest.mark.parametrize("name", ["thesis.tex", ".git", "manifest.json", "train.jsonl"])
def test_only_a_build_and_nothing_else_is_replaced(tmp_path, name):
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / name).write_text("[1]")
    with pytest.raises(AgpError, match="holds other files"):
        check_target(alone)
    beside = folder_of("old", tmp_path / "beside")
    check_target(beside)
    (beside / "adapters").mkdir()
    with pytest.raises(AgpError, match="adapters"):
        check_target(beside)
