"""Nothing stands in two splits of what was written: no family, no duplicate, no conversation."""

from collections import defaultdict
from pathlib import Path

import orjson
import pytest

from lanes.settings import load
from lanes.split import SPLITS, SplitSettings, hashed
from warehouse.store import open_reader

SETTINGS = load(SplitSettings, "split", {})
SAME = (
    "Why does the gate of the garden squeak?",
    "Its lower hinge is dry; a drop of oil mends it.",
)
Rows = dict[str, list[dict]]


def rows_of(folder: Path) -> Rows:
    paths = sorted(folder.glob("*.jsonl"))
    return {p.stem: [orjson.loads(line) for line in p.read_bytes().splitlines()] for p in paths}


def session_in(split: str) -> str:
    """Return a session id whose family the hash puts into a split."""
    return next(name for n in range(999) if hashed(name := f"{split}-{n}", SETTINGS) == split)


@pytest.mark.parametrize("better", [0, 1])
@pytest.mark.parametrize("pair", [("train", "test"), ("train", "heads")])
def test_of_two_copies_in_two_splits_the_held_out_one_stays(claude_tree, agp, rows, pair, better):
    for split in pair:
        session = claude_tree(session_in(split))
        for n, (prompt, answer) in enumerate([SAME, *[(f"{split} question", "")] * 3]):
            session.person(f"{prompt} {n}" if n else prompt)
            if n == 0 and split == pair[better]:  # what has more steps represents the cluster
                session.tool("Bash", "rust", command="less hinge.txt")
            session.agent(answer or f"Answer number {n} of the {split} side is a long walk away.")
    agp("ingest")
    made = orjson.loads(agp("lanes", "build", "sft", "--tools", "none", "--json").stdout)
    assert dict(rows("select reason, count(*) from splits group by all")) == {"hash": 2}
    assert made["left_out"]["reasons"] == {"crosses-split": 1}
    splits = rows_of(Path(made["path"]))
    assert set(splits) == set(pair)
    words = {name: [m["content"] for r in rs for m in r["messages"]] for name, rs in splits.items()}
    assert [words[name].count(text) for name in pair for text in SAME] == [0, 0, 1, 1]
    assert all(f"{name} question 3" in words[name] for name in pair)


def straddling(pairs: list[tuple[str, str]]) -> dict[str, set[str]]:
    """Return what stands in more than one split, from pairs of (what, split)."""
    found = defaultdict(set)
    for what, split in pairs:
        found[what].add(split)
    return {what: splits for what, splits in found.items() if len(splits) > 1}


def test_no_family_and_no_cluster_of_the_sample_stands_in_two_splits(sample):
    splits = rows_of(sample / "data")
    assert set(splits) == set(SPLITS)
    placed = [
        (x, name) for name, rows in splits.items() for row in rows for x in row["exchange_ids"]
    ]
    crossing = "select cluster_id from clusters join v_exchanges using (exchange_id) join splits "
    crossing += "using (family_id) group by all having count(distinct split) > 1"
    with open_reader(sample / ".agp" / "warehouse.duckdb") as con:
        families = dict(con.execute("select exchange_id, family_id from v_exchanges").fetchall())
        clusters = dict(con.execute("select exchange_id, cluster_id from clusters").fetchall())
        assert len(con.execute(crossing).fetchall()) >= 3  # there is something to keep apart
    assert straddling([(families[x], name) for x, name in placed]) == {}
    assert straddling([(clusters[x], name) for x, name in placed if x in clusters]) == {}


def test_no_question_with_its_answer_stands_in_two_splits_of_the_sample(sample):
    turns = [
        (f"{ask['content']}\n{told['content']}".lower(), name)
        for name, rows in rows_of(sample / "data").items()
        for row in rows
        for ask, told in zip(row["messages"], row["messages"][1:], strict=False)
        if (ask["role"], told["role"]) == ("user", "assistant")
    ]
    assert len(turns) > 600 and straddling(turns) == {}
