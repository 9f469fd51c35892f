"""Stage 2 on what real captures may hold: one prompt to calibrate on, labels that are all one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agp.cli import main
from train.harness.packs import Message, Prompt, write_pack
from train.stages import runs
from warehouse.store import open_writer

pytestmark = pytest.mark.slow
SIZES = {"heads": 6, "valid": 4, "calib": 1, "test": 4}
SMALL = ("seeds=1", "hidden=8", "projection=4", "max_steps=4", "evaluate_every=2", "positions=16")


def call(*args: Any, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(main, [*map(str, args), "--json"])
    assert result.exit_code == exit_code, result.output + str(result.exception)
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the home of a capture with a single prompt in calib."""
    home = tmp_path_factory.mktemp("labels")
    made = []
    for split, n in SIZES.items():
        for i in range(n):
            turns = [("user", f"What is {i} + {len(made)}?"), ("assistant", str(i + len(made)))]
            messages = [Message(role=role, content=text) for role, text in turns]
            name = f"{split}{i}"
            made.append(Prompt(id=name, messages=messages, kind="chat", script="x", split=split))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("AGP_HOME", str(home / ".agp"))
        patch.setattr("train.eval.resample.RESAMPLES", 100)
        patch.setattr("train.eval.route_baselines.STEPS", 40)
        write_pack(home / ".agp" / "packs" / "sums", "sums", "a test", made)
        few = ("--layers", "2,4,6", "--length", 4, "--pack", "sums")
        folder = call("train", "capture", *few, "--splits", ",".join(SIZES))["path"]
        yield Path(folder)


def trained(captured: Path) -> dict[str, Any]:
    sets = [word for change in SMALL for word in ("--set", change)]
    return call("train", "run", 2, "--capture", captured, *sets)


def test_one_prompt_to_calibrate_on_certifies_nothing(captured: Path):
    run = trained(captured)["run_id"]
    found = runs.read_json(runs.find_run(run) / "certificate.json")["heads"]["0"]
    assert found["threshold"] is None and "at least 48 are needed" in found["reason"]
    document = call("eval", run, "--pack", "sums")
    assert {g["verdict"] for g in document["gates"]} <= {"too_few", "failed", "passed"}
    assert document["positions"] > 0
    said = CliRunner().invoke(
        main, ["generate", "--prompt", "x", "--policy", "route", "--heads", run]
    )
    assert said.exit_code == 2 and "no certified threshold" in said.stderr


@pytest.mark.parametrize(
    "change",
    [
        "route = 'accept_local', vitality = 'alive', earliest = 2",  # all labels are one
        "route = case when route = 'escalate' then 'continue_local' else route end, "
        "vitality = case when vitality = 'dead' then 'weak' else vitality end",  # a class is absent
    ],
)
def test_labels_that_lack_classes_break_nothing(captured: Path, change: str):
    trained(captured)  # the labels are there now
    with changed(captured, "route_labels", f"{change} where planted is null"):
        breaks_nothing(captured)


def test_facts_that_are_no_numbers_break_nothing(captured: Path):
    trained(captured)
    no_numbers = "entropy = 'nan', margin = 'inf', norm = null where layer = 4"
    with changed(captured, "trace_layers", no_numbers):
        breaks_nothing(captured)


@contextmanager
def changed(captured: Path, table: str, change: str) -> Iterator[None]:
    """Change rows of a table, and have examples made anew; afterwards all is as it was."""
    with open_writer() as con:
        con.execute(f"create or replace table kept_rows as from {table}")
        con.execute(f"update {table} set {change}")
    try:
        forget(captured)
        yield
    finally:
        with open_writer() as con:
            con.execute(f"delete from {table}")
            con.execute(f"insert into {table} from kept_rows")
            con.execute("drop table kept_rows")
        forget(captured)


def forget(captured: Path) -> None:
    """Let the examples be made anew."""
    for part in captured.glob("examples-*"):
        part.unlink()


def breaks_nothing(captured: Path) -> None:
    """Train and measure: numbers come out, and a gate that only learning passes is not passed."""
    made = trained(captured)
    document = call("eval", made["run_id"], "--pack", "sums")
    values = {m["name"]: m["value"] for m in document["measures"]}
    assert all(v == v for name, v in values.items() if name.startswith(("augrc", "macro_f1")))
    assert not {g["name"] for g in document["gates"] if g["verdict"] == "passed"} & {"augrc"}
