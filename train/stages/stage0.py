"""Stage 0: a capture of the base model read as a map of where it could be split, and what an exit
could save at best. Nothing is trained.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from train.eval.gates import load_gates
from train.eval.stage1 import Measure, rule
from train.eval.statistics import weighted_mean
from train.harness.capture import read_manifest
from train.stages import captures, record, register, runs
from warehouse.errors import AgpError

GATES = Path(__file__).with_name("stage0.toml")
READ_ON = "valid"  # thresholds and tests have splits of their own


@dataclass(frozen=True)
class Report:
    """What a capture says of a model on one split."""

    capture_id: str
    layers: list[dict[str, Any]]  # a row a layer and lens
    exits: dict[int, int]  # layer → positions that an oracle stops at
    flips: float  # share of positions that agree once and flip away
    first: float  # mean layers run where the first agreement counted
    lens: str
    measures: list[Measure]


def report(folder: Path, split: str = READ_ON) -> Report:
    """Read a finished capture; AgpError where it holds nothing of the split."""
    facts = read_manifest(folder)
    values = {"file": str(folder / "traces.parquet"), "split": split}
    layers = records("split_map", values)
    if not layers:
        raise AgpError(f"{folder.name} holds no prompt of the {split} split")
    lens = "affine" if any(row["lens"] == "affine" for row in layers) else "logit"
    depth = facts["n_layers"]
    rows = records("oracle", values | {"lens": lens, "n_layers": depth})
    prompts: dict[str, list[int]] = {}
    for row in rows:
        prompts.setdefault(row["prompt_id"], []).append(row["earliest"])
    share = weighted_mean(
        [sum(p) / depth for p in prompts.values()], [len(p) for p in prompts.values()]
    )
    return Report(
        folder.name,
        layers,
        dict(sorted(Counter(row["earliest"] for row in rows).items())),
        sum(row["first"] < row["earliest"] for row in rows) / len(rows),
        sum(row["first"] for row in rows) / len(rows),
        lens,
        [Measure("oracle_layers", share)],
    )


def records(name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a statement beside this module over a capture's facts; return its rows."""
    query = (files("train.stages") / f"{name}.sql").read_text(encoding="utf-8")
    with duckdb.connect() as con:
        result = con.execute(query, {k: v for k, v in values.items() if f"${k}" in query})
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def run(
    wanted: captures.Wanted, begin: Callable[[int], None], tick: Callable[[], None]
) -> tuple[Path, Report, dict[str, Any]]:
    """Capture the base model, read the map, hold it against the gate; a run like any other."""
    fixed = load_gates(GATES)
    folder = captures.make(wanted, begin, tick)
    facts = read_manifest(folder)
    found = report(folder)
    keys = ("model", "model_digest", "pack", "pack_digest", "capture_id")
    run = runs.new_run(0, {k: facts[k] for k in keys} | {"gates_digest": fixed.digest})
    document = {
        **{k: facts[k] for k in ("pack", "pack_digest")},
        **{"run_id": run.name, "stage": 0, "split": READ_ON, "gates_digest": fixed.digest},
        "bit_equal": facts["bit_equal"],
        "measures": [{"name": m.name, **asdict(m.estimate)} for m in found.measures],
        "gates": [r.row() for r in rule(fixed.gates, found.measures)],
        "layers": found.layers,
        "exits": [{"layer": k, "positions": n} for k, n in found.exits.items()],
        "flips": found.flips,
    }
    runs.write_json(run / "report.json", document)
    runs.set_state(run, "finished", steps=0, seconds=0.0)
    register.register(run)
    record.record(document)
    return run, found, document
