"""The sample history: the same bytes each time, and what is read from it is what is true of it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from lanes import sample_history
from lanes.sample_history.write import history


@pytest.fixture(scope="module")
def truth() -> dict:
    return sample_history.truth()


@pytest.fixture(scope="module")
def con(sample: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse that has read it."""
    from warehouse.store import open_reader

    with open_reader(sample / ".agp" / "warehouse.duckdb") as con:
        yield con


def test_the_bytes_are_these():
    files, _ = history()
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(name.encode() + files[name])
    assert whole.hexdigest()[:16] == "4a1c37e72bb4e946"


def test_every_kind_of_noise_occurs_three_times(truth: dict):
    assert min(truth["totals"]["noise"].values()) >= 3
    assert {b["kind"] for b in truth["broken"]} >= {"cut", "nul", "surrogate", "nan", "bom"}


def test_broken_lines_stand_where_the_truth_says(truth: dict):
    files, _ = history()
    for line in truth["broken"]:
        start = line["offset"]
        data = files[line["path"]][start : start + line["length"]]
        assert data.endswith(b"\n") or line["kind"] == "growing"


def test_planted_secrets_stand_in_the_tree(truth: dict):
    everything = b"".join(history()[0].values())
    for secret in truth["secrets"]:
        written = secret["value"].replace("\\", "\\\\").replace("\n", "\\n").encode()
        assert written in everything, secret["kind"]


def test_what_was_read_is_what_is_true(con: duckdb.DuckDBPyConnection, truth: dict):
    openers = con.sql("select opener_id, author from v_exchanges").fetchall()
    persons = {opener for opener, author in openers if author == "person"}
    typed = {p["uuid"] for p in truth["prompts"]}
    assert typed <= persons
    assert persons - typed <= set(truth["noise"]["heartbeat"])  # plain text: the rules' business
    commands = {opener for opener, author in openers if author == "command"}
    assert set(truth["noise"]["slash_command_with_words"]) <= commands


def test_tokens_are_counted_once(con: duckdb.DuckDBPyConnection, truth: dict):
    counted = con.sql("select sum(output_tokens)::int from v_usage").fetchall()
    assert counted == [(truth["totals"]["output_tokens"],)]


def test_what_cannot_be_read_is_quarantined(con: duckdb.DuckDBPyConnection, truth: dict):
    rows = con.sql("select path, byte_offset from v_quarantine").fetchall()
    found = {(path.split(".claude/")[1], offset) for path, offset in rows}
    lost = {(b["path"], b["offset"]) for b in truth["broken"] if b["readable"] is False}
    assert lost <= found
    assert found <= {(b["path"], b["offset"]) for b in truth["broken"]}


def test_planted_copies_stand_in_one_cluster_each(con: duckdb.DuckDBPyConnection, truth: dict):
    query = (
        "select opener_id, cluster_id, method from v_clusters join v_exchanges using (exchange_id)"
    )
    told = {opener: (cluster, method) for opener, cluster, method in con.sql(query).fetchall()}
    kinds = {pair["kind"] for pair in truth["duplicates"]}
    assert kinds == {"exact", "normalised", "near"}
    pairs = [(p["kind"], told.get(p["uuid"]), told.get(p["of"])) for p in truth["duplicates"]]
    together = [(kind, a[1], b[1]) for kind, a, b in pairs if a and b and a[0] == b[0]]
    assert len(together) >= len(pairs) - 1  # of one the answers differ, by what stands around them
    assert all("near" in (how, other) for kind, how, other in together if kind == "near")
    assert any(kind == "near" for kind, *_ in together)
