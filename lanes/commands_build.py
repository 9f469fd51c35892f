"""`agp lanes build LANE`: bring decisions and splits up to date and write one dataset."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lanes.bar import Bar
from lanes.build_shown import show
from warehouse.console import print_json

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@click.group()
def build() -> None:
    """Build a dataset from what is in the warehouse.

    \b
    agp lanes build sft
    """


def shared(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that every lane has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON."),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            help="Folder for the build.  [default: lanes/ID in AGP's home]",
        ),
        click.option(
            "--test-after",
            type=click.DateTime(["%Y-%m-%d"]),
            metavar="DATE",
            help="Sessions begun on this day or later are the test split, unless an earlier build "
            "has them elsewhere; nothing later is trained on.",
        ),
    ):
        command = option(command)
    return command


@build.command(short_help="Conversations to finetune on.")
@click.option("--tools", type=click.Choice(["fold", "keep", "none"]), help="How tool calls stand.")
@click.option("--max-chars", type=int, help="Longest row, in characters.")
@click.option("--max-exchanges", type=int, help="Most exchanges in a row.")
@click.option("--history-exchanges", type=int, help="Earlier exchanges repeated as context.")
@shared
def sft(out: Path | None, as_json: bool, test_after: datetime | None, **overrides: Any) -> None:
    """Conversations to finetune on: Parquet and mlx-lm JSONL in five splits, with a card.

    Loss stands only on answers that earn it; secrets are replaced, and a build in which any
    detector still fires is refused. Defaults stand in lanes/sft.toml.

    \b
    agp lanes build sft
    agp lanes build sft --tools keep --max-chars 8000 --out dataset/
    """
    run("sft", overrides, test_after, out, as_json)


@build.command(short_help="Texts with their labels, bundles and neighbours.")
@click.option("--max-chars", type=int, help="Longest text of a row, in characters.")
@click.option("--max-copies", type=int, help="Most copies of a row that holds what is rare.")
@click.option("--before-exchanges", type=int, help="Prompts before it that a row repeats.")
@shared
def semantic(
    out: Path | None, as_json: bool, test_after: datetime | None, **overrides: Any
) -> None:
    """Texts with the probability of each primitive and invariant, bundles and neighbours.

    Labels are brought up to date first. What is rare is repeated in train and heads, and each row
    says how often; the other splits hold it as often as it occurs. Defaults stand in
    lanes/semantic.toml.

    \b
    agp lanes build semantic
    agp lanes build semantic --max-copies 1 --out labelled/
    """
    run("semantic", overrides, test_after, out, as_json)


@build.command(short_help="Captured exchanges, and an oracle's routes.")
@click.option("--capture", help="Beginning of a capture's id; else the newest that will do.")
@click.option("--set", "thresholds", multiple=True, metavar="NAME=VALUE", help="Of the oracle.")
@shared
def routing(out: Path | None, as_json: bool, test_after: datetime | None, **overrides: Any) -> None:
    """Captured exchanges: how each went, and an oracle's route for every captured state.

    It wants a capture of a pack made from this history; the command that is missing is named.
    Defaults stand in lanes/routing.toml.

    \b
    agp lanes build routing
    agp lanes build routing --capture c4f1 --set kl=0.1
    """
    overrides["thresholds"] = list(overrides["thresholds"]) or None
    run("routing", overrides, test_after, out, as_json)


@build.command(short_help="Captured states, and what full depth went on to say.")
@click.option("--capture", help="Beginning of a capture's id; else the newest.")
@click.option("--positions", type=int, help="Of each continuation, at each split layer.")
@click.option("--set", "thresholds", multiple=True, metavar="NAME=VALUE", help="Of the oracle.")
@shared
def transfer(
    out: Path | None, as_json: bool, test_after: datetime | None, **overrides: Any
) -> None:
    """States at candidate split layers and what full depth went on to say, from a capture alone.

    It refuses anything that is no capture, and one whose shards have changed. Defaults stand in
    lanes/transfer.toml.

    \b
    agp lanes build transfer
    agp lanes build transfer --capture c4f1 --positions 4
    """
    overrides["thresholds"] = list(overrides["thresholds"]) or None
    run("transfer", overrides, test_after, out, as_json)


@build.command("all", short_help="Every lane that there is all it takes for.")
@shared
def build_every(out: Path | None, as_json: bool, test_after: datetime | None) -> None:
    """Every lane that there is all it takes for; of the others the command that is missing.

    With --out each lane stands in a folder of its own name.

    \b
    agp lanes build all
    agp lanes build all --out datasets/
    """
    from lanes.lane import LANES, NotYet

    found: dict[str, Any] = {}
    for name in LANES:
        try:
            found[name] = made_lane(name, {}, test_after, out / name if out else None)
            if not as_json:
                click.echo(f"\n{name}")
                show(found[name])
        except NotYet as lacks:
            found[name] = {"lane": name, "lacks": lacks.lacks, "command": lacks.command}
            if not as_json:
                click.echo(f"\n{name}\nnot built: {lacks.message}")
    if as_json:
        print_json(found)


def run(
    name: str,
    overrides: dict[str, Any],
    test_after: datetime | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Build a lane and print what it holds."""
    made = made_lane(name, overrides, test_after, out)
    if as_json:
        print_json(made)
    else:
        show(made)


def made_lane(
    name: str, overrides: dict[str, Any], test_after: datetime | None, out: Path | None
) -> dict[str, Any]:
    """Build a lane with a progress bar; return its manifest."""
    from filters.secrets import home_redactor
    from lanes.build import build as build_lane
    from lanes.lane import lane_named
    from lanes.settings import load
    from lanes.split import SplitSettings
    from warehouse.interrupt import write

    lane = lane_named(name)
    settings = load(lane.settings, name, overrides)
    cut = test_after.date() if test_after else None
    splits = load(SplitSettings, "split", {"test_after": cut})
    out = out.absolute() if out else None

    def work(con: "DuckDBPyConnection") -> dict[str, Any]:
        redactor = home_redactor()
        with Bar(f"{name}: exchanges") as bar:
            return build_lane(con, lane, settings, splits, redactor, out, bar)

    return write(work)
