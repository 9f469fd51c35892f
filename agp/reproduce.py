"""`agp reproduce`: a run and its dataset made again in a clean folder, and compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from agp.clean_home import clean_home
from agp.compared import Line, compared, digest_of, losses, short, summary
from warehouse.console import console, print_json, print_table
from warehouse.errors import AgpError

OPTIMIZER, CERTIFICATE = "optimizer.safetensors", "certificate.json"


@click.command()
@click.argument("run")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Work in this new folder and leave it; else a temporary one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reproduce(run: str, out: Path | None, as_json: bool) -> None:
    """Build a run's dataset again, train it again, and compare: bytes, losses, weights.

    RUN is a run or a promotion; of a promoted bundle all its runs are made again. The dataset is
    built from what was ingested when it was built. On one machine and set of libraries everything
    is equal bit for bit; elsewhere losses may differ by a thousandth. Exit status 0 says so, 1 that
    something differs, with the reason where it is known, 2 that something is no longer there.

    \b
    Example:
      agp reproduce s1-20261125-0510
    """
    from train.blas import use_openblas
    from train.stages import runs

    if not run.startswith("p"):
        runs.find_run(run)
    use_openblas()
    ids = named(run)
    if out and out.exists() and any(out.iterdir()):
        raise AgpError(f"{out} is not empty; name a folder that is new or empty")
    lines: list[Line] = []
    for name in ids:
        folder = runs.find_run(name)
        facts = runs.summary(folder)
        known = [*facts.get("parents", []), facts.get("base_run_id")]
        parents = [runs.find_run(parent) for parent in dict.fromkeys(filter(None, known))]
        with clean_home(out / name if out and len(ids) > 1 else out, parents) as home:
            made = [*dataset(facts, home), *training(folder, facts)]
        lines += [replace(x, what=f"{name}: {x.what}") for x in made] if len(ids) > 1 else made
    if as_json:
        print_json({"run_id": ids[0], "runs": ids, "lines": [vars(line) for line in lines]})
    else:
        rows = [(x.what, x.recorded, x.again, x.verdict) for x in lines]
        print_table(("made again", "recorded", "now", "verdict"), rows)
        console().print(summary(lines), markup=False)
        for line in lines:
            if line.why:
                console().print(f"{line.what}: {line.why}", markup=False, soft_wrap=True)
    if any(line.verdict == "differs" for line in lines):
        raise SystemExit(1)


def named(name: str) -> list[str]:
    """Return the runs that are made again: one, or all that brought a part of a promoted bundle."""
    from train.stages.decisions import find_promotion

    if not name.startswith("p"):
        return [name]
    record = find_promotion(name)
    return record["parents"] if record["run_id"].startswith("bundle-") else [record["run_id"]]


def dataset(facts: dict[str, Any], home: Path) -> Iterator[Line]:
    """Build the run's dataset again from the copy of the warehouse; yield how it compares."""
    if not facts.get("build_id"):
        return
    from agp.as_of import go_back
    from filters.secrets import home_redactor
    from lanes.build import build
    from lanes.lane import lane_named
    from lanes.manifest import read_manifest
    from lanes.split import SplitSettings
    from warehouse.interrupt import write

    recorded = read_manifest(Path(facts["data"]))
    lane, wanted = lane_named(recorded["lane"]), recorded["parameters"]
    settings = lane.settings.model_validate(wanted["settings"])
    splits = SplitSettings.model_validate(wanted["splits"])
    redactor = home_redactor()
    since = write(lambda con: go_back(con, facts["build_id"]))
    made = write(lambda con: build(con, lane, settings, splits, redactor, home / "dataset"))
    yield compared("rules", recorded["rule_set"], made["rule_set"])
    found = compared("dataset", recorded["content_sha256"], made["content_sha256"])
    yield replace(found, why=other_dataset(since) if found.verdict == "differs" else "")
    for name, digest in facts.get("data_digests", {}).items():
        yield compared(name, digest, digest_of(home / "dataset" / name))


def other_dataset(since: int) -> str:
    """Return why a dataset may have become another one.

    >>> other_dataset(3)[:44]
    '3 records that were ingested since were left'
    """
    left = f"{since:,} records that were ingested since were left out, and " if since else ""
    return (
        f"{left}it is still another: rules, labelers, salt or parsers changed, or the last line of "
        "a file was read again with more in it; the training reads the files that are kept of it"
    )


def training(run: Path, facts: dict[str, Any]) -> Iterator[Line]:
    """Train the run again from its own record; yield how losses and weights compare."""
    from train.stages import checkpoint, loop, runs, shelf
    from train.stages import training as machinery
    from train.stages.stage import stage_module

    if "before" in facts:  # a joint finetune: the bundle that it began from is made again, too
        kept = shelf.keep([runs.find_run(parent) for parent in facts["parents"]])
        yield compared("bundle before", facts["before"]["digest"], kept.manifest.digest)
        facts = facts | {"before": facts["before"] | {"path": str(kept.folder)}}
    stage = stage_module(facts["stage"]).again(facts)
    again = runs.new_run(facts["stage"], {**facts, "reproduces": facts["run_id"]})
    steps = facts["steps"]
    with progress_bar(again.name, steps) as watch:
        machinery.train(
            again, stage, loop.Progress(), lambda line, total: watch(line), lambda: False
        )
    for name in ("valid_loss", "loss"):
        yield losses(name, runs.metrics(run), runs.metrics(again))
    first, second = (checkpoint.read(folder / "best")[0] for folder in (run, again))
    parts = sorted(name for name in first if name != OPTIMIZER)
    for file in parts:
        what = "weights" if len(parts) == 1 else f"weights, {Path(file).stem}"
        shas = [digest_of(folder / "best" / file) for folder in (run, again)]
        same = all(bool((first[file][k] == second[file][k]).all()) for k in first[file])
        moved = Line(what, short(shas[0]), short(shas[1]), "within band")
        yield compared(what, *shas) if same else moved
    if (run / CERTIFICATE).is_file():
        one, two = (runs.read_json(folder / CERTIFICATE)["heads"] for folder in (run, again))
        yield Line("thresholds", said(one), said(two), "equal" if one == two else "differs")


def said(heads: dict[str, Any]) -> str:
    """Return the certified thresholds of heads in one line.

    >>> said({"0": {"threshold": 0.25}, "1": {"threshold": None}})
    '0.250000, none'
    """
    found = (of.get("threshold") for of in heads.values())
    return ", ".join("none" if t is None else f"{t:.6f}" for t in found)


@contextmanager
def progress_bar(name: str, steps: int) -> Iterator[Any]:
    """Show how far the training is; yields what hears its lines."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=steps)
        yield lambda line: bar.update(task, completed=line["step"])
