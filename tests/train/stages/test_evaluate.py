"""`agp eval` as a person meets it: numbers, verdicts, what is written down, what is refused."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from train import commands_eval
from train.harness.pack_build import build_pack
from train.harness.packs import load_pack
from train.model.load import load
from train.stages import evaluate_words, evaluations, loop, runs, stage1, training
from train.stages.record import open_test
from train.stages.stage import Request
from train.stages.subset import draw
from warehouse.errors import AgpError
from warehouse.store import open_reader

QUICK = ("max_steps=4", "rank=2", "accumulate=1", "batch_tokens=128", "learning_rate=0.02")


def options(
    pack: Path, split: str = "test", answers: int = 1, most: int = 6
) -> evaluations.Options:
    return evaluations.Options(pack, split=split, answers=answers, most=most, max_tokens=4)


def measured(run: Path, chosen: evaluations.Options) -> dict[str, Any]:
    return evaluations.evaluate(run, chosen, lambda n: None, lambda: None)


def query(text: str) -> list[tuple[Any, ...]]:
    with open_reader() as con:
        return con.sql(text).fetchall()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a home with a dataset, a short run and a pack; tests leave them as they are."""
    home = tmp_path_factory.mktemp("world")
    data = home / "data"
    data.mkdir()
    (data / "manifest.json").write_text("{}")
    for split, first in {"train": 0, "valid": 20, "test": 30}.items():
        rows = [
            {
                "messages": [
                    {"role": "user", "content": f"Fix line {first + i} of the parser."},
                    {"role": "assistant", "content": f"Fixed: parser {first + i}."},
                    {"role": "user", "content": "And the docs?"},
                    {"role": "assistant", "content": '{"done": true}'},
                ],
                "loss": [False, True, False, True],
            }
            for i in range(12 if split == "train" else 3)
        ]
        (data / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    build_pack(data, home / "pack", "mine", 400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("AGP_HOME", str(home / ".agp"))
        run, stage = stage1.start(Request("tiny", data, changes=QUICK))
        training.train(run, stage, loop.Progress(), lambda line, total: None, lambda: False)
        yield home


@pytest.fixture(scope="module")
def run(world: Path) -> Path:
    return next((world / ".agp" / "runs").iterdir())


@pytest.fixture(scope="module")
def document(world: Path, run: Path) -> dict[str, Any]:
    """Return the one evaluation that most tests look at."""
    return measured(run, options(world / "pack"))


def test_the_adapter_beats_its_base_and_its_scrambled_self(document: dict[str, Any]):
    values = {m["name"]: m for m in document["measures"]}
    assert values["cross_entropy"]["high"] < 0
    assert values["control"]["high"] < 0
    assert values["cross_entropy"]["n"] == 6
    assert values["cka.0"]["value"] == pytest.approx(1)
    assert values["cka.8"]["value"] < 1
    assert {"general_text", "checks.json", "cross_entropy.n-gram"} <= set(values)


def test_a_few_prompts_are_too_few(document: dict[str, Any]):
    gates = {g["name"]: g["verdict"] for g in document["gates"]}
    assert gates["cross_entropy"] == gates["checks.python"] == "too_few"
    assert "Too few prompts to tell" in " ".join(evaluate_words.words(document))


def test_it_is_all_in_the_warehouse(document: dict[str, Any]):
    verdicts = {g["name"]: g["verdict"] for g in document["gates"]}
    assert dict(query("select name, verdict from v_gates where pack = 'mine'")) == verdicts
    [(low, high, n)] = query(
        "select low, high, n from v_metrics where name = 'cross_entropy' and split = 'test'"
    )
    assert low <= high < 0
    assert n == 6


def test_it_fits_the_terminal(document: dict[str, Any], capsys: pytest.CaptureFixture[str]):
    commands_eval.print_measures(document)
    commands_eval.print_gates(document)
    commands_eval.print_answer(document["answers"][0])
    said = capsys.readouterr().out
    assert "adapter − base" in said
    assert max(map(len, said.splitlines())) <= 80


def test_the_look_and_the_gates_are_written_down_before_a_prompt_is_read(world: Path, run: Path):
    copy = world / "unreadable"
    shutil.copytree(world / "pack", copy)
    (copy / "prompts.jsonl").unlink()
    with pytest.raises(AgpError, match="is missing"):
        measured(run, options(copy))
    last = json.loads((run / "openings.jsonl").read_text().splitlines()[-1])
    assert 'name = "cross_entropy"' in last["gates"]
    assert last["pack_digest"] == load_pack(world / "pack").digest
    assert query("select count(*) from v_test_openings")[0][0] >= 1


def test_a_look_under_other_gates_is_told(world: Path, run: Path):
    head = {"run_id": run.name, "stage": 1, "pack": "p", "pack_digest": "d", "gates_digest": "a"}
    assert open_test(run, head, "")["under_other_gates"] == 0
    assert open_test(run, head | {"gates_digest": "b"}, "")["under_other_gates"] == 1


def test_the_valid_split_is_no_look_and_decides_nothing(world: Path, run: Path):
    looks = query("select count(*) from v_test_openings")
    found = measured(run, options(world / "pack", split="valid", answers=0, most=2))
    assert found["openings"] is None
    assert query("select count(*) from v_test_openings") == looks
    assert query("select count(*) from v_metrics where split = 'valid' and name = 'control'")


def test_an_adapter_of_another_base(run: Path, tmp_path: Path):
    shutil.copytree(run / "best", tmp_path / "adapter")
    file = tmp_path / "adapter" / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model_digest": "0" * 16}))
    with pytest.raises(AgpError, match=r"is an adapter of tiny \(0000000000000000\), not of"):
        load("tiny", tmp_path / "adapter")


def test_a_damaged_adapter_is_not_measured(run: Path, world: Path):
    copy = world / ".agp" / "runs" / "s1-damaged"
    shutil.copytree(run, copy, symlinks=True)
    file = copy / "best" / "adapters.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(AgpError, match=r"adapters\.safetensors is not as it was written"):
        measured(copy, options(world / "pack"))
    shutil.rmtree(copy)


def test_a_random_subset_is_half_as_much_and_the_same_each_time(world: Path):
    data = world / "data"
    folder, drawn = draw(data, data, 0.5, seed=1)
    assert drawn == {"rows": 6, "of_rows": 12}
    assert draw(data, data, 0.5, seed=1)[0] == folder != draw(data, data, 0.5, seed=2)[0]
    assert (folder / "valid.jsonl").read_bytes() == (data / "valid.jsonl").read_bytes()


@pytest.mark.slow
def test_the_random_subset_stands_in_the_table(world: Path, run: Path, agp: Any):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGP_HOME", str(world / ".agp"))
        made = json.loads(agp("train", "subset", run.name, "--json").stdout)
        assert made["steps"] == runs.summary(run)["steps"]
        said = agp(
            "eval", run.name, "--pack", world / "pack", "--random-subset", made["run_id"],
            "--answers", "1", "--max-tokens", "4",
        ).output  # fmt: skip
    assert "adapter − random subset" in said
    assert "random subset" in said.split("Supervised tokens trained")[1]
