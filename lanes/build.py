"""Building a lane: a warehouse and settings in, a published and registered build out.

Decisions and splits are brought up to date, rows are streamed to files in a temporary folder,
the files are scanned for secrets, and only then the build is registered and moved to its place.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from filters.compile import RuleSet
from filters.secrets import Look, Redactor, many_hands, scan_files
from filters.secrets.detectors import versions
from filters.verdicts import verdicts
from lanes.card import card
from lanes.contamination import overlaps, units
from lanes.export import SplitFiles
from lanes.lane import Lane, NotYet, Row, Work
from lanes.manifest import manifest, write_manifest
from lanes.publish import BUILD, check_target, clear, publish, staging
from lanes.register import Members, move, register
from lanes.settings import Settings
from lanes.split import SPLITS, SplitSettings, update_splits
from lanes.weights import weight_settings
from warehouse.errors import AgpError
from warehouse.home import agp_home
from warehouse.memory import sparing

TOGETHER = 64  # rows whose strings are looked through as one
MEMBERS = "members.parquet"  # beside the build, until they are registered
Advance = Callable[[int, int], None]  # exchanges done now, and of how many


@dataclass(frozen=True)
class Plan:
    """What is to be built: by which rules, how many exchanges, and why the others are not."""

    rule_set: str
    exchanges: int
    kept: int
    by_rule: dict[str, int]  # exchanges that a rule drops; several may drop the same
    first_rule: dict[str, int]  # exchanges where no rule before it does: they add up to `rule`
    reasons: Counter[str]


@many_hands()
def build(
    con: duckdb.DuckDBPyConnection,
    lane: Lane,
    settings: Settings,
    splits: SplitSettings,
    redactor: Redactor,
    out: Path | None = None,
    advance: Advance = lambda done, total: None,
    rules: RuleSet | None = None,
) -> dict[str, Any]:
    """Build a lane and return its manifest with `path` and `new` (it was not registered before).

    Under `rules`, or else under those in force.
    """
    out = out.resolve() if out else None
    if out:
        check_target(out)
    return sparing(con, lambda: built(con, lane, settings, splits, redactor, out, advance, rules))


def built(
    con: duckdb.DuckDBPyConnection,
    lane: Lane,
    settings: Settings,
    splits: SplitSettings,
    redactor: Redactor,
    out: Path | None,
    advance: Advance,
    rules: RuleSet | None,
) -> dict[str, Any]:
    """Build; what fails leaves nothing behind."""
    stage = staging(out.parent if out else agp_home() / "lanes")
    try:
        prepared = lane.prepare(con, settings)
        plan = own_plan(con, lane, splits) or make_plan(con, lane.name, splits, rules)
        parameters = {
            "settings": settings.model_dump(mode="json"),
            "splits": splits.model_dump(mode="json"),
            "weights": weight_settings().model_dump(mode="json"),
            **prepared,
        }
        work = Work(
            con, settings, redactor, lambda done: advance(done, plan.kept), prepared=prepared
        )
        made = write(lane, work, plan, parameters, stage / BUILD)
        refuse_secrets(stage / BUILD, redactor.look)
        target = out or agp_home() / "lanes" / made["build_id"]
        # In this order no build stands anywhere that the warehouse does not know.
        new = register(con, made, target, stage / MEMBERS)
        publish(stage, target)
        move(con, made["build_id"], target)
    finally:
        clear(stage)
    return made | {"path": str(target), "new": new}


def own_plan(con: duckdb.DuckDBPyConnection, lane: Lane, splits: SplitSettings) -> Plan | None:
    """Return the plan of a lane that asks no rule; None for the others."""
    if lane.plan is None:
        return None
    reasons = lane.plan(con, splits.test_after)
    kept = reasons.pop(None, 0)
    out = Counter({reason: n for reason, n in reasons.items() if reason})
    return Plan("", kept + out.total(), kept, {}, {}, out)


def make_plan(
    con: duckdb.DuckDBPyConnection, lane: str, splits: SplitSettings, rules: RuleSet | None
) -> Plan:
    """Bring decisions, clusters and splits up to date and make the table `lane_plan`.

    The view `lane_words` has the words of its exchanges.
    """
    found = verdicts(con, lane, rules)
    con.execute((files("lanes") / "exchanges.sql").read_text(encoding="utf-8"))
    update_splits(con, splits)
    con.register("verdict_rows", found.exchanges.to_arrow())
    con.register("verdict_strips", found.strips.to_arrow())
    con.execute(
        (files("lanes") / "plan.sql").read_text(encoding="utf-8"),
        {
            "splits": list(SPLITS),
            "test_after": splits.test_after,
            "template_cap": weight_settings().template_cap,
        },
    )
    con.execute((files("lanes") / "words.sql").read_text(encoding="utf-8"))
    reasons = dict(con.sql("select reason, count(*) from lane_plan group by all").fetchall())
    drops = con.sql((files("lanes") / "drops.sql").read_text(encoding="utf-8")).fetchall()
    by_rule = {rule: hits for rule, hits, _ in drops}
    first = {rule: firsts for rule, _, firsts in drops if firsts}
    kept = reasons.pop(None, 0)
    total = kept + sum(reasons.values())
    return Plan(found.rule_set, total, kept, by_rule, first, Counter(reasons))


def write(
    lane: Lane, work: Work, plan: Plan, parameters: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Write data files, card and manifest into a folder; return the manifest."""
    counts = write_rows(lane, work, folder)
    if crossing := crossings(folder):
        leave_out(work, plan, crossing)
        counts = write_rows(lane, work, folder)
        refuse_crossings(folder)
    if not counts:
        raise nothing_left(lane.name, plan, work.left_out)
    left_out = {
        "exchanges": plan.exchanges,
        "by_rule": plan.by_rule,
        "first_rule": plan.first_rule,
        "reasons": dict(sorted((plan.reasons + work.left_out).items())),
    }
    found = work.redactor.counts
    made = manifest(lane.name, folder, counts, parameters, plan.rule_set, left_out, found)
    made["missing"] = lane.missing(work.settings, counts)
    made["crossing"] = len(crossing)
    made["looked_for"] = {"detectors": versions(), "off": sorted(work.redactor.look.off)}
    write_manifest(folder, made)
    (folder / "README.md").write_text(card(lane, made), encoding="utf-8")
    return made


def write_rows(lane: Lane, work: Work, folder: Path) -> dict[str, Counter[str]]:
    """Write every row to its split's files; return the counts of each split that has any."""
    for earlier in folder.iterdir():
        earlier.unlink()
    schema = lane.schema(work.settings)
    out: dict[str, SplitFiles] = {}
    members = Members(folder.parent / MEMBERS)
    try:
        for row in clean_rows(lane, work):
            if row.split not in out:
                out[row.split] = SplitFiles(folder, row.split, schema)
            members.add(row.split, out[row.split].add(row), row.turns)
    finally:
        for file in (*out.values(), members):
            file.close()
    return {name: split.counts for name, split in out.items()}


def clean_rows(lane: Lane, work: Work) -> Iterator[Row]:
    """Yield the rows, redacted again as wholes: joined strings may read anew."""
    made = lane.rows(work)
    while rows := list(islice(made, TOGETHER)):
        work.redactor.foresee([row.data for row in rows])
        for row in rows:
            row.data = work.redactor.value(row.data)
            yield row


def crossings(folder: Path) -> set[str]:
    """Return the exchanges whose written words repeat, or nearly, those of a more held-out split.

    Clusters were kept apart before; but words may become alike as they are written, where what a
    rule strips, a secret or the middle of a long text is gone.
    """
    return {found.unit.exchange_id for found in overlaps(units(folder))}


def leave_out(work: Work, plan: Plan, crossing: set[str]) -> None:
    """Take exchanges out of the plan, and forget what was counted with them in it."""
    names = pl.DataFrame({"exchange_id": sorted(crossing)})
    work.con.register("crossing", names.to_arrow())
    work.con.execute(
        "update lane_plan set reason = 'crosses-split' "
        "where exchange_id in (select exchange_id from crossing)"
    )
    work.con.unregister("crossing")
    plan.reasons["crosses-split"] += len(crossing)
    work.left_out.clear()
    work.redactor.counts.clear()


def refuse_crossings(folder: Path) -> None:
    """Raise if any written exchange still repeats one of a more held-out split."""
    if found := overlaps(units(folder)):
        raise AgpError(f"{len(found)} exchanges repeat one of another split; nothing was written")


def nothing_left(lane: str, plan: Plan, left_out: Mapping[str, int]) -> NotYet:
    """Return the error that says why a build would be empty and where to look."""
    if not plan.exchanges:
        return NotYet("the warehouse holds no exchanges", "agp ingest")
    reasons = Counter(plan.reasons) + Counter(left_out)
    counted = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common(5))
    return NotYet(
        f"none of {plan.exchanges:,} exchanges makes a row of {lane} ({counted})",
        "agp filters audit",
        "shows what each rule drops",
    )


def refuse_secrets(folder: Path, look: Look) -> None:
    """Raise if any detector fires on a written file; the message shows kind and place only."""
    found = list(scan_files([folder], look))
    if found:
        places = sorted({f"{f.kind} in {Path(f.path).name} row {f.row}" for f in found})
        more = f" and {len(places) - 5} more" if len(places) > 5 else ""
        raise AgpError(
            f"a secret would have left with this build: {', '.join(places[:5])}{more}; "
            "nothing was written"
        )
