"""The oracle's labels: exact on small cases, monotone, blind to order, not a function of depth."""

import json
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelers import oracle
from warehouse.errors import AgpError
from warehouse.store import in_memory, open_writer

LAYERS, DEPTH = (2, 4, 6), 8
FACTS = ("kl", "entropy", "norm", "kurtosis", "participation", "massive")


def state(prompt: str, step: int, layer: int, **facts: Any) -> dict[str, Any]:
    """Return a row of trace_layers; what is not said is ordinary."""
    head = {"capture_id": "c1", "prompt_id": prompt, "split": "heads", "step": step}
    head |= {"position": step, "token": 1, "layer": layer, "lens": "affine", "best": 1}
    usual = dict.fromkeys(FACTS, 1.0) | {"agree": True, "stays": True, "margin": 4.0, "kl": 0.01}
    return head | usual | {"planted": None} | facts


def position(agree: str, step: int = 0, prompt: str = "p", **facts: Any) -> list[dict[str, Any]]:
    """Return a position's rows: "y" or "n" says for each candidate whether it agrees."""
    found = [
        state(prompt, step, k, agree=a == "y", **facts) for k, a in zip(LAYERS, agree, strict=True)
    ]
    return [*found, state(prompt, step, DEPTH, lens="full", kl=0.0)]


@cache
def empty() -> duckdb.DuckDBPyConnection:
    """Return an empty warehouse, which tests share."""
    return in_memory()


def fill(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    """Write one capture with these rows into a warehouse."""
    con.execute(
        "insert into captures values ('c1', 'tiny', 'd', null, 'p', 'd', [2, 4, 6], 8, 1, 1, '/', "
        "timestamp '2026-01-01')"
    )
    con.register("given", pa.Table.from_pylist(rows))
    con.execute("insert into trace_layers by name select * from given")


def warehouse_of(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """Return a warehouse that holds one capture with these rows, and no labels."""
    con = empty()
    con.execute("delete from trace_layers; delete from route_labels; delete from captures")
    fill(con, rows)
    return con


def labels(rows: list[dict[str, Any]], *changes: str) -> list[dict[str, Any]]:
    """Return the labels of these rows."""
    con = warehouse_of(rows)
    version = oracle.label(con, "c1", oracle.thresholds(changes))
    return oracle.rows(con, "c1", version).to_pylist()


@pytest.mark.parametrize(
    "agree, earliest, first, flips, routes",
    [
        ("yyy", 2, 2, 0, "accept accept accept"),
        ("nyy", 4, 4, 0, "continue accept accept"),
        ("yny", 6, 2, 1, "continue continue accept"),
        ("yyn", 8, 2, 1, "escalate escalate escalate"),
        ("nnn", 8, 8, 0, "escalate escalate escalate"),
    ],
)
def test_agree_and_stay(agree, earliest, first, flips, routes):
    found = labels(position(agree))
    assert [r["route"].split("_")[0] for r in found] == routes.split()
    assert {(r["earliest"], r["first"], r["flips"]) for r in found} == {(earliest, first, flips)}


def test_a_threshold_on_kl_makes_another_version_beside_the_first():
    rows = position("yyy", kl=0.2)
    con = warehouse_of(rows)
    loose, strict = (oracle.label(con, "c1", oracle.thresholds([f"kl={kl}"])) for kl in (0.5, 0.1))
    assert loose != strict and oracle.label(con, "c1", oracle.thresholds(["kl=0.5"])) == loose
    routes = [oracle.rows(con, "c1", v)["route"].to_pylist() for v in (loose, strict)]
    assert routes == [["accept_local"] * 3, ["escalate"] * 3]
    spans = con.sql("select earliest, positions from v_route_prompts order by 1").fetchall()
    assert spans == [(2, 1), (8, 1)]


def test_labels_near_a_threshold_are_less_sure():
    far, near = (labels(position("yyy", kl=kl), "kl=0.1")[0]["confidence"] for kl in (0.01, 0.099))
    assert near < 0.1 < far
    rows = position("yyy", margin=0.1)
    assert labels(rows)[0]["confidence"] < 0.1 < labels(position("yyy"))[0]["confidence"]


def ordinary(n: int = 200) -> list[dict[str, Any]]:
    """Return positions whose facts vary a little, on the training side."""
    return [
        row
        for i in range(n)
        for row in position("nny", i, "q", norm=1 + i / n, kl=0.1 + i / n, entropy=1 + i / n)
    ]


@pytest.mark.parametrize(
    "agree, facts, vitality, route",
    [
        ("nny", {"norm": 1.5}, "alive", "continue_local"),
        ("nny", {"norm": 2.2}, "weak", "continue_local"),
        ("nny", {"norm": 2.4}, "revive_needed", "revive_local"),
        ("nny", {"norm": 9.0}, "dead", "revive_local"),
        ("nny", {"norm": 0.6}, "revive_needed", "revive_local"),
        ("nny", {"norm": 0.0}, "dead", "revive_local"),
        ("yyy", {"norm": 9.0}, "weak", "accept_local"),  # what it says stays: it is of use
        ("nny", {"entropy": 9.0, "norm": 1.5}, "weak", "continue_local"),
        ("nny", {"entropy": 0.0, "norm": 1.5}, "alive", "continue_local"),
        ("nny", {"norm": None, "kl": None}, "dead", "revive_local"),
    ],
)
def test_vitality_is_relative_to_the_layer(agree, facts, vitality, route):
    valid = position(agree, 0, "v", **{"split": "valid", "kl": 0.5} | facts)
    found = [r for r in labels(ordinary() + valid) if r["prompt_id"] == "v"]
    assert (found[0]["vitality"], found[0]["route"]) == (vitality, route)


def test_a_semantic_head_that_is_unsure_makes_a_state_weak():
    rows = [r | {"semantic": 0.8 + r["step"] / 2000} for r in ordinary()]
    odd = [r | {"semantic": 0.1} for r in position("nny", 0, "v", norm=1.5, kl=0.5, entropy=1.5)]
    found = [r for r in labels(rows + odd) if r["prompt_id"] == "v"]
    assert {r["vitality"] for r in found} == {"weak"}


def test_a_planted_state_is_never_accepted_and_stands_behind_the_real_one():
    dead = state("v", 0, 2, planted="zeroed", norm=0.0, agree=True)
    found = labels([*ordinary(), *position("yyy", 0, "v"), dead])
    mine = [r for r in found if r["prompt_id"] == "v"]
    assert [(r["layer"], r["planted"]) for r in mine] == [
        (2, None), (2, "zeroed"), (4, None), (6, None)
    ]  # fmt: skip
    assert mine[1]["route"] == "revive_local" and mine[1]["vitality"] == "dead"
    assert mine[1]["confidence"] == 1 and mine[1]["earliest"] == 2
    assert [r for r in labels([*ordinary(), *position("yyy", 0, "v")]) if not r["planted"]] == [
        r for r in found if not r["planted"]
    ]  # the training side has only real states


def test_what_cannot_be_labelled_is_one_line():
    with pytest.raises(AgpError, match="holds no prompt of the heads split"):
        labels([r | {"split": "valid"} for r in position("yyy")])
    with in_memory() as con, pytest.raises(AgpError, match="agp captures list"):
        oracle.label(con, "c1")
    with pytest.raises(AgpError, match="threshold kl"):
        oracle.thresholds(["kl=-1"])
    for without in ("kl", "kl="):
        with pytest.raises(AgpError, match=f"--set {without} has no value; write it as kl=0.1"):
            oracle.thresholds([without])
    with pytest.raises(AgpError, match="there are kl, lens"):
        oracle.thresholds(["klm=1"])


def test_the_command_counts_labels_by_layer_and_class(agp, home):
    rows = [*ordinary(20), state("q", 0, 2, planted="zeroed", norm=0.0)]
    with open_writer() as con:
        fill(con, rows)
    found = json.loads(agp("labels", "oracle", "c", "--set", "kl=0.5", "--json").stdout)
    assert found["thresholds"]["kl"] == 0.5 and found["lens"] == "affine"
    assert sum(r["n"] for r in found["classes"] if r["layer"] == 2) == 21
    assert found["splits"][0]["positions"] == 20
    said = agp("labels", "oracle", "c1").output
    assert "revive_local" in said and "1 planted states are dead" in said
    assert "no capture named 'x'" in agp("labels", "oracle", "x", exit_code=2).stderr


CELLS = st.tuples(st.booleans(), st.floats(0, 2), st.floats(0, 9), st.floats(0.1, 9))
POSITIONS = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=4)


def drawn(positions: list[list[tuple[bool, float, float, float]]]) -> list[dict[str, Any]]:
    """Return rows of drawn positions."""
    found = [state("p", i, DEPTH, lens="full") for i in range(len(positions))]
    for i, cells in enumerate(positions):
        for k, (agree, kl, margin, norm) in zip(LAYERS, cells, strict=True):
            found.append(state("p", i, k, agree=agree, kl=kl, margin=margin, norm=norm))
    return found


@settings(max_examples=25)
@given(POSITIONS, st.floats(0.01, 2), st.floats(0.01, 2))
def test_a_looser_threshold_never_makes_the_boundary_later(positions, a, b):
    con = warehouse_of(drawn(positions))
    strict, loose = (
        oracle.rows(con, "c1", oracle.label(con, "c1", oracle.thresholds([f"kl={kl}"])))
        for kl in (min(a, b), max(a, b))
    )
    for before, after in zip(strict.to_pylist(), loose.to_pylist(), strict=True):
        assert after["earliest"] <= before["earliest"] and after["first"] <= before["first"]
        assert 0 <= after["confidence"] <= 1 and 0 <= after["vitality_score"] <= 1


@settings(max_examples=25)
@given(POSITIONS, st.randoms(use_true_random=False))
def test_labels_do_not_depend_on_the_order_of_rows(positions, dice):
    rows = drawn(positions)
    shuffled = dice.sample(rows, len(rows))
    assert labels(rows) == labels(shuffled)
