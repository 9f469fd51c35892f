"""What `agp demo` shows, one function a step: a guide in, words and commands with their output out.

Every step really runs the public commands it shows.
"""

import time
from collections.abc import Callable
from pathlib import Path

from agp.demo_adapter import evaluate, packs, train
from agp.demo_archives import memories, sources
from agp.demo_curriculum import curriculum, decide, decision, lanes, newest
from agp.demo_guide import Guide
from warehouse.console import console


def ingest(guide: Guide) -> None:
    """From files to the warehouse."""
    guide.step(
        "Bring the history in",
        "Fourteen months of one developer's sessions with a coding agent (invented, and bundled) "
        "lie in a home of their own. Ingest keeps every byte; what cannot be read is quarantined "
        "with its place. Running it again reads only what is new.",
    )
    guide.run("ingest", last=4)


def status(guide: Guide) -> None:
    """What is in the warehouse."""
    guide.step("What is in it", "By source, with what became of every record.")
    guide.run("status")


def query(guide: Guide) -> None:
    """Plain SQL."""
    guide.step("It is plain SQL", "The public views are described by `agp sql --tables`.")
    guide.run(
        "sql",
        "select project, count(*) as exchanges, sum(tool_calls) as tool_calls, "
        "max(asked_at)::date as last from v_exchanges where author = 'person' "
        "group by project order by exchanges desc",
    )


def audit(guide: Guide) -> None:
    """What each rule drops."""
    guide.step(
        "What is left out, and why",
        "Rules are data (TOML, with their own examples). The audit says what each does alone and "
        "together, and what the dataset would keep without it; the numbers add up to the exchanges "
        "dropped. Of copies, also of those that differ in a few letters, a dataset holds one.",
    )
    guide.run("filters", "audit", "--samples", "0")
    guide.run("filters", "duplicates", "--alike", "near", "--limit", "5")


def explain(guide: Guide) -> None:
    """Why one exchange is out."""
    dropped = guide.rows(
        "select exchange_id from v_decisions where lane = 'sft' and action = 'drop' "
        "and message_id is null order by rule_id, exchange_id limit 1"
    )
    guide.step("Why is this one out?", "Every rule's word on a single exchange, with evidence.")
    guide.run("filters", "explain", dropped[0]["exchange_id"])


def secrets(guide: Guide) -> None:
    """Before and after redaction."""
    guide.step(
        "Secrets never leave",
        "The history holds planted (fake) credentials. They are found wherever they stand, and "
        "replaced in everything that is exported: the same secret, the same placeholder.",
    )
    guide.run("secrets", "scan", lines=16)
    shown = guide.rows(
        "select prompt from v_exchanges where regexp_matches(prompt, 'DB_PASSWORD|Bearer ') "
        "order by exchange_id limit 2"
    )
    text = "\n".join(row["prompt"] for row in shown)
    console().print("\nBefore:", style="bold")
    console().print(text, markup=False)
    console().print("After:", style="bold", end="")
    guide.run("secrets", "redact", stdin=text)


def build(guide: Guide) -> None:
    """The dataset."""
    guide.step(
        "A dataset to train on",
        "Chat rows for mlx-lm and Parquet, in five splits that never share a session; the build "
        "is refused if any detector still finds a secret in what was written.",
    )
    guide.run("lanes", "build", "sft")
    guide.run("lanes", "contamination", newest(guide, "sft"))


def row(guide: Guide) -> None:
    """One row of it, and where it comes from."""
    found = guide.rows(
        "select build_id from v_lane_rows where lane = 'sft' and split = 'train' limit 1"
    )
    guide.step("One row, and what it was made of", "Answers that earn loss are marked.")
    guide.run("lanes", "show", found[0]["build_id"], "train:0", last=10)


def lineage(guide: Guide) -> None:
    """From an exchange to its bytes."""
    found = guide.rows(
        "select exchange_id from v_exchanges where author = 'person' and sightings = 1 "
        "and messages = 2 order by exchange_id limit 1"
    )
    guide.step("Back to the byte", "Any id leads to the file, the offset and the hash, and back.")
    guide.run("lineage", found[0]["exchange_id"])
    guide.run("warehouse", "verify")


def labels(guide: Guide) -> None:
    """What weak labelers say, and how right they are."""
    guide.step(
        "Labels that know how weak they are",
        "Functions vote on what a turn does: it returns, dwells, shifts, ... A label model makes "
        "probabilities of the votes, calibrated on 390 exchanges that were read by eye. The audit "
        "says what each function covers and contradicts, and which labels rest on words alone.",
    )
    guide.run("labels", "audit", lines=40, last=30)


def semantic(guide: Guide) -> None:
    """The dataset of labelled texts."""
    guide.step(
        "A second dataset: what was meant",
        "Each exchange with the probability of every label, its concept bundles and its nearest "
        "neighbours. What is rare is repeated in the rows to train on; each row says how often.",
    )
    guide.run("lanes", "build", "semantic", lines=12, last=2)
    found = guide.rows(
        "select 'train:' || min(row) as row, build_id from v_lane_rows where lane = 'semantic' "
        "and split = 'train' and weight > 0 and exchange_id in (select exchange_id from v_labels "
        "where label = 'return' and probability > 0.5) group by build_id"
    )
    guide.run("lanes", "show", found[0]["build_id"], found[0]["row"], lines=18)


def report(guide: Guide) -> None:
    """Everything on one page."""
    guide.step(
        "All of it on one page",
        "Where the data went, what each rule does, secrets by kind, labels, splits, layers, runs, "
        "gates and decisions, in one file that runs no script and needs no network. Secrets are "
        "replaced in it as in every export. Like this home it stays if the demo is kept (--keep).",
    )
    guide.run("report", "--out", str(guide.home / "agp-report.html"))


STEPS: list[Callable[[Guide], None]] = [
    ingest,
    status,
    query,
    audit,
    explain,
    secrets,
    build,
    row,
    lineage,
    labels,
    semantic,
    train,
    packs,
    evaluate,
    decide,
]
THE_REST = [curriculum, lanes, decision, sources, memories]

NEXT = """What to try next:
  agp ingest                      your own history, on this machine only
  agp sql --examples              questions worth asking
  agp filters try "EXPRESSION"    what a rule not yet written would do
  agp filters ablate RULE         what a rule is worth to a model that is trained (minutes)
  agp lanes build sft             a dataset of your own
  agp report --serve --open       look around in it with a browser
  agp labels review return        your own verdicts on what was meant
  agp train plan 1                what an adapter of your model takes
  agp --help                      everything else
"""


def walk(home: Path, kept: bool, short: bool) -> None:
    """Go through all steps, then say how long it took and what to try next."""
    guide = Guide(home)
    for step in [*STEPS, report] if short else [*STEPS, *THE_REST, report]:
        step(guide)
    out = console()
    out.print()
    out.rule(align="left")
    out.print(f"{guide.number} steps in {time.monotonic() - guide.began:.0f} seconds.\n")
    out.print(NEXT, markup=False)
    if kept:
        command = f"HOME={home} AGP_HOME={home}/.agp agp status"
        out.print(
            f"This home is kept; look around with:\n  {command}", markup=False, soft_wrap=True
        )
