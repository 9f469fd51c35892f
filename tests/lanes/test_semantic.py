"""`agp lanes build semantic` from the sample history: what stands in it, and in which split."""

import hashlib
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, cast

import duckdb
import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.card import supervised
from lanes.lane import lane_named
from lanes.oversample import copies
from lanes.split import SPLITS
from warehouse.store import open_reader

# Of the sample history, whoever builds it wherever; it changes when rows are to change.
SAME_BYTES = "ce508cba6a37a971"


@pytest.fixture(scope="module")
def labelled(sample, tmp_path_factory) -> Path:
    """Return a home with a semantic build of the sample history in `labelled`."""
    from click.testing import CliRunner

    from agp.cli import main

    home = tmp_path_factory.mktemp("labelled")
    shutil.copytree(sample / ".agp", home / ".agp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("AGP_HOME", str(home / ".agp"))
        done = CliRunner().invoke(
            main, ["lanes", "build", "semantic", "--out", str(home / "labelled")]
        )
        assert done.exit_code == 0, done.output
    return home


@pytest.fixture
def at(labelled, monkeypatch, agp):
    """Return a function that runs `agp ARGS...` in that home."""
    monkeypatch.setenv("AGP_HOME", str(labelled / ".agp"))
    return agp


def splits_of(home: Path) -> dict[str, pl.DataFrame]:
    return {p.stem: pl.read_parquet(p) for p in (home / "labelled").glob("*.parquet")}


@pytest.mark.slow
def test_the_same_history_gives_the_same_bytes(labelled):
    digest = hashlib.sha256()
    for split in SPLITS:
        digest.update((labelled / "labelled" / f"{split}.jsonl").read_bytes())
    assert digest.hexdigest()[:16] == SAME_BYTES


@pytest.mark.slow
def test_copies_stand_in_train_and_heads_only_and_are_counted_in_each_row(labelled):
    splits = splits_of(labelled)
    assert set(splits) == set(SPLITS)
    for split, rows in splits.items():
        stands = Counter(rows["exchange_id"].to_list())
        said = dict(rows.select("exchange_id", "copies").iter_rows())
        assert stands == said
        if split not in ("train", "heads"):
            assert set(said.values()) == {1}
    repeated = splits["train"].filter(pl.col("copies") > 1)
    assert repeated.height and repeated["copies"].max() == 4
    likely = repeated["primitives"].to_list() + repeated["invariants"].to_list()
    assert any(max(v for v in one.values() if v is not None) >= 0.5 for one in likely)


@pytest.mark.slow
def test_no_neighbour_no_context_and_no_family_crosses_a_split(labelled):
    splits = splits_of(labelled)
    place = {x: name for name, rows in splits.items() for x in rows["exchange_id"]}
    neighbours = 0
    for name, rows in splits.items():
        for exchange_id, near in rows.select("exchange_id", "neighbours").iter_rows():
            assert {place[other] for other in near} <= {name} and exchange_id not in near
            neighbours += len(near)
    assert neighbours > 500
    with open_reader(labelled / ".agp" / "warehouse.duckdb") as con:
        families = "from v_lane_rows join v_exchanges using (exchange_id) where lane = 'semantic'"
        found = con.execute(
            f"select max(n) from (select count(distinct split) n {families} group by family_id)"
        )
        assert found.fetchall() == [(1,)]
        turns = "from v_lane_rows where lane = 'semantic' and weight = 0"
        used = con.execute(f"select distinct exchange_id, split {turns}").fetchall()
    assert len(used) > 100 and all(place[x] == split for x, split in used)


@pytest.mark.slow
def test_a_bundle_recurs_on_the_training_side(labelled):
    splits = splits_of(labelled)
    trained = pl.concat([splits["train"], splits["heads"]]).filter(pl.col("copy") == 0)
    inside = Counter(trained["bundles"].explode().drop_nulls())
    everywhere = {b for rows in splits.values() for b in rows["bundles"].explode().drop_nulls()}
    assert everywhere and all(inside[bundle] >= 3 for bundle in everywhere)


@pytest.mark.slow
def test_labels_are_the_warehouses_and_what_nobody_voted_on_says_so(labelled):
    rows = splits_of(labelled)["test"]
    with open_reader(labelled / ".agp" / "warehouse.duckdb") as con:
        found = con.execute("select exchange_id, label, probability from v_labels").fetchall()
    known = {(x, label): p for x, label, p in found}
    for row in rows.iter_rows(named=True):
        for label, p in (row["primitives"] | row["invariants"]).items():
            if label in row["voted"]:
                assert p == pytest.approx(known[row["exchange_id"], label], abs=1e-4)
            else:
                assert (row["exchange_id"], label) not in known and (p is None or p < 0.05)


@pytest.mark.slow
def test_show_audit_and_diff_of_a_build(labelled, at, tmp_path):
    folder = labelled / "labelled"
    shown = orjson.loads(at("lanes", "show", folder, "train:3", "--json").stdout)
    assert shown["row"]["exchange_id"] in {line["exchange_id"] for line in shown["origin"]}
    assert "primitives:" in at("lanes", "show", folder, "train:3").stdout
    audit = orjson.loads(at("lanes", "audit", folder, "--json").stdout)
    train = audit["splits"]["train"]
    assert train["context"] and train["fully_masked"] == 0 and train["balance"]["return"] > 10
    assert sum(train["lengths"].values()) == train["rows"] and audit["changed"] == []
    made = orjson.loads((folder / "manifest.json").read_bytes())
    shares = {name: supervised(f, lane_named("semantic")) for name, f in made["splits"].items()}
    assert shares == {name: facts["supervised"] for name, facts in audit["splits"].items()}
    assert audit["missing"] == made["missing"] and made["parameters"]["labels"]["left_out"] == []
    other = tmp_path / "plain"
    at("lanes", "build", "semantic", "--max-copies", "1", "--out", other)
    found = orjson.loads(at("lanes", "diff", folder, other, "--json").stdout)
    assert found["settings"] == {"parameters.settings.max_copies": [4, 1]}
    assert found["only_first"] == found["only_second"] == found["split_changed"] == []
    repeated = [x for x in splits_of(labelled)["train"].rows(named=True) if x["copies"] > 1]
    changed = {x["exchange_id"]: x["was"] for x in found["rows_changed"] if x["is"] == 1}
    assert {x["exchange_id"]: x["copies"] for x in repeated}.items() <= changed.items()
    assert "rows changed" in at("lanes", "diff", folder, other).stdout
    assert "nothing differs" in at("lanes", "diff", folder, folder).stdout


@pytest.mark.slow
def test_polars_duckdb_datasets_and_mlx_lm_open_it(labelled, tmp_path):
    import datasets
    from mlx_lm.tuner.datasets import load_local_dataset

    folder = labelled / "labelled"
    for split, rows in splits_of(labelled).items():
        lines = [orjson.loads(x) for x in (folder / f"{split}.jsonl").read_bytes().splitlines()]
        assert rows.to_dicts() == lines
        with duckdb.connect() as con:
            query = f"select count(*), count(primitives.return) from '{folder / split}.parquet'"
            assert con.execute(query).fetchall() == [(rows.height, rows.height)]
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path))
    assert sorted(loaded) == sorted(SPLITS)
    assert loaded["train"][0]["text"] == splits_of(labelled)["train"]["text"][0]
    texts = load_local_dataset(folder, cast(Any, None), object())
    assert texts[0][0]["text"] and len(texts[0]) == splits_of(labelled)["train"].height


@pytest.mark.slow
def test_a_lane_too_small_says_what_is_missing(agp, claude_tree):
    session = claude_tree()
    session.person("Back to the fence of the garden: where had we stopped?")
    session.agent("At the seventh post of twelve, with both gates still open.")
    agp("ingest")
    said = agp("lanes", "build", "semantic").stdout
    assert " of 200 exchanges" in said and "has 0 of 10 rows that hold echo" in said


@given(
    st.dictionaries(st.integers(), st.frozensets(st.sampled_from("abc")), min_size=1, max_size=30),
    st.integers(1, 5),
)
def test_copies_are_within_bounds_and_only_of_rows_where_something_holds(held, most):
    found = copies({str(k): v for k, v in held.items()}, 0.1, most)
    assert all(1 <= n <= most for n in found.values())
    assert all(found[str(k)] == 1 for k, v in held.items() if not v)


def test_what_is_counted_nowhere_is_as_rare_as_can_be():
    assert copies({"a": {"echo"}, "b": set()}, 0.1, 4, counted={"b"})["a"] == 4
