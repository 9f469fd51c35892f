"""The semantic lane: labelled exchanges in, texts with probabilities, bundles and neighbours out.

What is rare among the rows to train on is repeated there and the number of copies recorded; valid,
calib and test hold each exchange once, as often as it occurs.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import duckdb
import pyarrow as pa

from labelers.concept import concepts
from labelers.load import load
from labelers.run import update
from lanes.chat import cut_middle
from lanes.lane import Counts, Lane, Row, Turn, Work
from lanes.minimum import too_few
from lanes.semantic_facts import KINDS, Facts, SemanticSettings, facts

BATCH = 2000  # rows that DuckDB hands over at once
LONGEST = 200_000  # characters of one text that are looked at


def schema(settings: SemanticSettings) -> pa.Schema:
    """Return the columns of the Parquet files; a struct has a field for each label in force."""
    text = pa.string()
    return pa.schema(
        [
            ("exchange_id", text),
            ("text", text),
            ("answer", text),
            ("before", pa.list_(text)),
            ("script", text),
            ("right_to_left", pa.bool_()),
            *(
                (column, pa.struct([(n, pa.float64()) for n in labels(column)]))
                for column in kinds()
            ),
            ("voted", pa.list_(text)),
            ("bundles", pa.list_(text)),
            ("neighbours", pa.list_(text)),
            ("weight", pa.float64()),
            ("copies", pa.int32()),
            ("copy", pa.int32()),
            ("agent", text),
        ]
    )


def probability_struct(column: str) -> pa.DataType:
    """Return the type of a column of probabilities."""
    return pa.struct([(name, pa.float64()) for name in labels(column)])


def labels(column: str) -> list[str]:
    """Return the labels of a column, in the order of the kernel."""
    return [concept.id for concept in concepts().values() if concept.kind == KINDS[column]]


def kinds() -> list[str]:
    """Return the columns of probabilities: those with a label that is switched on."""
    return [column for column in KINDS if labels(column)]


def prepare(con: duckdb.DuckDBPyConnection, settings: SemanticSettings) -> dict[str, Any]:
    """Bring labels up to date; return by which functions and which model they were made."""
    done = update(con)
    versions = "\n".join(f"{one.id} {one.version}" for one in load().labelers)
    digest = hashlib.blake2b(versions.encode(), digest_size=8).hexdigest()
    return {
        "labels": {
            "functions": digest,
            "left_out": sorted(problem.id for problem in done.problems),
            "model": done.chosen.model,
            "judged": done.chosen.gold,
            "unvoted": dict(sorted(done.chosen.unvoted.items())),
        }
    }


def rows(work: Work) -> Iterator[Row]:
    """Yield the rows of every labelled exchange in the plan, copies one after the other."""
    known = facts(work.con, work.settings)
    kept = work.con.execute("select count(*) from lane_plan where reason is null").fetchall()[0][0]
    if kept > len(known):
        work.left_out["no-turn"] = kept - len(known)
    query = (files("lanes") / "semantic_texts.sql").read_text(encoding="utf-8")
    threads: dict[tuple[str, str | None], list[tuple[str, str]]] = defaultdict(list)
    for batch in work.con.sql(query).to_arrow_reader(BATCH):
        lines = batch.to_pylist()
        work.redactor.foresee([words_of(line) for line in lines])
        for line in lines:
            work.advance(1)
            thread = threads[line["session_id"], line["agent_id"]]
            before = thread[-work.settings.before_exchanges :] if thread else []
            yield from exchange_rows(line, known[line["exchange_id"]], before, work, thread)


def words_of(line: Mapping[str, Any]) -> list[str]:
    """Return an exchange's prompt and answer as they are looked through."""
    return [cut_middle(line[name] or "", LONGEST) for name in ("text", "answer")]


def exchange_rows(
    line: Mapping[str, Any],
    known: Facts,
    before: Sequence[tuple[str, str]],
    work: Work,
    thread: list[tuple[str, str]],
) -> Iterator[Row]:
    """Yield an exchange's row as often as it has copies, and add its prompt to its thread."""
    settings = work.settings
    text, answer = (one.strip() for one in work.redactor.value(words_of(line)))
    if not text:
        work.left_out["no-prompt"] += 1
        return
    data = {
        "exchange_id": known.exchange_id,
        "text": cut_middle(text, settings.max_chars),
        "answer": answer[: settings.answer_chars],
        "before": [prompt for _, prompt in before],
        "script": known.script,
        "right_to_left": known.right_to_left,
        **probabilities(known, work.prepared["labels"]["unvoted"]),
        "bundles": known.bundles,
        "neighbours": known.neighbours,
        "weight": line["weight"],
        "copies": known.copies,
    }
    turns = [Turn(name, line["session_id"], 0.0, False) for name, _ in before]
    turns.append(Turn(known.exchange_id, line["session_id"], line["weight"], True))
    cut = Counter({"cut prompt": 1}) if len(text) > settings.max_chars else Counter()
    for copy in range(known.copies):
        whole = data | {"copy": copy, "agent": line["agent"]}
        yield Row(known.split, whole, turns, counts(whole, known, settings) + cut)
    thread.append((known.exchange_id, cut_middle(text, settings.before_chars)))


def probabilities(known: Facts, unvoted: Mapping[str, float]) -> dict[str, Any]:
    """Return how probable each label is, and on which of them something voted.

    Where nothing voted, it is how often the label holds on gold where nothing votes; null for a
    label that no gold speaks of.
    """
    found: dict[str, Any] = {
        column: {
            name: round(known.labels[name], 4) if name in known.labels else unvoted.get(name)
            for name in labels(column)
        }
        for column in kinds()
    }
    mine = [name for column in kinds() for name in labels(column)]
    return found | {"voted": [name for name in mine if name in known.labels]}


def counts(data: Mapping[str, Any], known: Facts, settings: SemanticSettings) -> Counter[str]:
    """Return what a row adds to the table of its split; labels count once an exchange."""
    chars = len(data["text"]) + len(data["answer"]) + sum(map(len, data["before"]))
    of = sum(len(data[column]) for column in kinds())
    learned = Counter(labels=of, voted=len(data["voted"]))
    if data["copy"]:
        return Counter(repeated=1, chars=chars) + learned
    held = Counter(f"rows that hold {name}" for name in known.classes(settings.likely))
    return held + Counter(exchanges=1, chars=chars) + learned


def missing(settings: SemanticSettings, counts: Counts) -> list[str]:
    """Return which splits, and which required labels among the rows to train on, are too few."""
    required = [concept.id for concept in concepts().values() if concept.required]
    found = too_few(counts, settings.minimum, "exchanges")
    for name in required:
        found += too_few(counts, settings.balance, f"rows that hold {name}")
    return found


LANE = Lane(
    name="semantic",
    settings=SemanticSettings,
    schema=schema,
    rows=rows,
    card=(
        "A row is an exchange: `text` is what was asked, `answer` how the answer begins, `before` "
        "the prompts before it. `primitives` and `invariants` hold the probability of each label; "
        "`voted` names those on which a labeling function voted, the others carry how often they "
        "hold where nothing votes (null: nobody ever judged it). `bundles` are neighbourhoods, "
        "`neighbours` the exchanges of the same split that are nearest among those that share one. "
        "What is rare is repeated in train and heads: `copies` says how often, `copy` which this "
        "is; `weight / copies` undoes it. The other splits hold each exchange once."
    ),
    prepare=prepare,
    missing=missing,
    audit="semantic_audit.sql",
    counted=("exchanges", "repeated"),
    supervised="of the labels of each row those that something voted on",
    share=("voted", "labels"),
)
