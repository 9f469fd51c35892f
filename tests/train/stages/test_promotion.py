"""`agp promote` as a person meets it: the decision, its record, and every way to cheat it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from train.eval.promote import decide
from train.harness.pack_build import build_pack
from train.stages import decisions, evaluations, loop, promotion, runs, stage1, training
from train.stages.register import register
from train.stages.stage import Request
from warehouse.errors import AgpError
from warehouse.store import open_reader, open_writer

QUICK = ("max_steps=2", "rank=2", "accumulate=1", "batch_tokens=128")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Return a home with an evaluated run, and the run's id."""
    home = tmp_path_factory.mktemp("promoting")
    data = home / "data"
    data.mkdir()
    (data / "manifest.json").write_text("{}")
    for split, first in {"train": 0, "valid": 20, "test": 30}.items():
        rows = [
            {
                "messages": [
                    {"role": "user", "content": f"Fix line {first + i}."},
                    {"role": "assistant", "content": f"Fixed {first + i}."},
                ],
                "loss": [False, True],
            }
            for i in range(6)
        ]
        (data / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    build_pack(data, home / "pack", "mine", 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGP_HOME", str(home / "agp"))
        run, stage = stage1.start(Request("tiny", data, changes=QUICK))
        training.train(run, stage, loop.Progress(), lambda line, total: None, lambda: False)
        register(run)
        options = evaluations.Options(home / "pack", answers=1, most=4, max_tokens=2)
        evaluations.evaluate(run, options, lambda n: None, lambda: None)
    yield home, run.name


@pytest.fixture
def run(world: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the run in a copy of its home, to tamper with."""
    home, name = world
    shutil.copytree(home / "agp", tmp_path / "agp", symlinks=True)
    shutil.copytree(home / "data", tmp_path / "data")
    monkeypatch.setenv("AGP_HOME", str(tmp_path / "agp"))
    file = tmp_path / "agp" / "runs" / name / "run.json"
    facts = json.loads(file.read_text())
    file.write_text(json.dumps(facts | {"data": str(tmp_path / "data")}))
    best = file.parent / "best"
    for link in (best, file.parent / "last"):
        target = file.parent / "checkpoints" / link.resolve().name
        link.unlink()
        link.symlink_to(target)
    return file.parent


def document_of(run: Path) -> Path:
    [file] = (run / "evaluations").glob("*-test.json")
    return file


def change(file: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(file.read_text())
    edit(value)
    file.write_text(json.dumps(value))


def test_too_few_prompts_hold_and_are_kept(run: Path):
    record = promotion.promote(run)
    assert record["decision"] == "hold" and "cross_entropy (mine)" in record["reason"]
    page = (Path(record["path"]) / "record.md").read_text()
    assert page.startswith(f"# Hold: run {run.name}") and "agp reproduce" in page
    with open_reader() as con:
        found = con.sql("select run_id, decision from v_promotions").fetchall()
    assert found == [(run.name, "hold")]


def test_the_same_evidence_decides_once(run: Path):
    first, second = promotion.promote(run), promotion.promote(run)
    assert first["new"] and not second["new"]
    assert first["promotion_id"] == second["promotion_id"]
    assert [r["promotion_id"] for r in decisions.all_promotions()] == [first["promotion_id"]]


def test_a_failed_gate_rejects_and_only_passed_ones_promote():
    def gate(verdict: str) -> dict[str, Any]:
        return {
            "pack": "p",
            "openings": {"under_other_gates": 0},
            "gates": [{"name": "a", "verdict": "passed"}, {"name": "b", "verdict": verdict}],
        }

    words = [decide([gate(v)]).word for v in ("passed", "too_few", "failed")]
    assert words == ["promote", "hold", "reject"]
    other = gate("passed") | {"openings": {"under_other_gates": 1}}
    assert decide([other]).word == "hold"


def test_edited_numbers_are_seen(run: Path):
    change(document_of(run), lambda d: d["measures"][0].update(value=0.0))
    with pytest.raises(AgpError, match="other numbers"):
        promotion.promote(run)


def test_edited_verdicts_are_seen_in_both_places(run: Path):
    change(document_of(run), lambda d: d["gates"][0].update(verdict="passed"))
    with open_writer() as con:
        con.execute("update gates set verdict = 'passed' where position = 0")
    with pytest.raises(AgpError, match="gate cross_entropy says passed, not too_few"):
        promotion.promote(run)


def test_gates_edited_after_the_test_was_read_are_seen(run: Path):
    file = run / "openings.jsonl"
    file.write_text(file.read_text().replace("least = 30", "least = 1"))
    with pytest.raises(AgpError, match="not those it was held against"):
        promotion.promote(run)


def test_other_weights_are_seen(run: Path):
    weights = run / "best" / "adapters.safetensors"
    arrays = mx.load(str(weights))
    assert isinstance(arrays, dict)
    mx.save_safetensors(str(weights), {k: v + 1 for k, v in arrays.items()})
    with pytest.raises(AgpError, match="damaged"):
        promotion.promote(run)


def test_weights_replaced_with_their_checksums_are_seen(run: Path):
    (run / "best" / "adapter_config.json").write_text("{}")
    from train.model.digest import file_sha256

    def renew(sums: dict[str, str]) -> None:
        sums["adapter_config.json"] = file_sha256(run / "best" / "adapter_config.json")

    change(run / "best" / "checksums.json", renew)
    with pytest.raises(AgpError, match="other weights"):
        promotion.promote(run)


def test_another_dataset_is_seen_and_a_missing_one_is_a_limitation(run: Path):
    data = Path(json.loads((run / "run.json").read_text())["data"])
    train = data / "train.jsonl"
    kept = train.read_text()
    train.write_text(kept + kept)
    with pytest.raises(AgpError, match="not what"):
        promotion.promote(run)
    train.unlink()
    said = promotion.promote(run)["limitations"]
    assert any("no longer there" in line for line in said)


def test_what_was_not_measured_is_not_decided(run: Path):
    document_of(run).unlink()
    with pytest.raises(AgpError, match="agp eval"):
        promotion.promote(run)


def test_a_second_look_at_the_test_split_is_a_limitation(world: tuple[Path, str], run: Path):
    options = evaluations.Options(world[0] / "pack", answers=1, most=4, max_tokens=2)
    evaluations.evaluate(run, options, lambda n: None, lambda: None)
    record = promotion.promote(run)
    assert "the test split of mine was read 2 × for this run" in record["limitations"]
    assert record["evaluations"][0]["openings"]["of_run"] == 2


def test_two_at_once(run: Path):
    promotion.promotions_folder().mkdir(parents=True)
    with (
        promotion.one_at_a_time(),
        pytest.raises(AgpError, match="another process is deciding"),
    ):
        promotion.promote(run)


def test_a_full_disk_decides_nothing(run: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(promotion.os, "replace", full)
    with pytest.raises(AgpError, match="nothing was decided"):
        promotion.promote(run)
    monkeypatch.undo()


def test_a_run_that_goes_on_is_not_decided(run: Path):
    runs.set_state(run, "stopped")
    with pytest.raises(AgpError, match="not finished"):
        promotion.promote(run)
