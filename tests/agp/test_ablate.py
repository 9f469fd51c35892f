"""What rules are worth: both sides learn as much, the numbers stay, nothing else does."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agp.ablate import sides
from agp.ablate_arm import Arm
from agp.ablate_verdict import conclusion
from agp.ablations import keep
from train.stages.samples import Sample
from train.stages.stage1 import chosen_settings
from warehouse.errors import AgpError
from warehouse.store import open_reader, open_writer


def arm(lengths: list[int]) -> Arm:
    """Return a side of rows of these lengths, half of each learned, without loading a model."""
    made = object.__new__(Arm)
    made.settings = chosen_settings(("batch_tokens=64", "accumulate=2"))
    made.samples = [Sample([0] * n, list(range(1, max(2, n // 2)))) for n in lengths]
    return made


@given(st.lists(st.integers(2, 60), min_size=1, max_size=40), st.integers(1, 30), st.integers(0, 3))
def test_steps_come_as_near_to_so_many_tokens_as_whole_steps_can(lengths, steps, seed):
    side = arm(lengths)
    tokens = side.tokens_of(steps, seed)
    assert side.steps_for(tokens, seed) == steps
    near = side.steps_for(tokens + 1, seed)
    off = abs(side.tokens_of(near, seed) - tokens - 1)
    around = [side.tokens_of(n, seed) for n in (max(1, near - 1), near + 1)]
    assert off <= min(abs(n - tokens - 1) for n in around)


def scores(differences: list[float], n: int = 40) -> dict:
    """Return scores of n prompts, where a seed's sides differ by so many nats a token."""
    prompts = [{"id": str(i), "tokens": 2, "group": str(i)} for i in range(n)]
    base = [1.0 + i % 7 for i in range(n)]
    seeds = [
        {"with": {"nats": [b + 2 * d for b in base]}, "without": {"nats": base}}
        for d in differences
    ]
    return {"prompts": prompts, "seeds": seeds, "n": n}


def test_a_difference_is_seen_only_where_every_seed_sees_it():
    assert conclusion(scores([-0.1, -0.2, -0.1]), 20)["verdict"] == "helps"
    assert conclusion(scores([0.1, 0.2]), 20)["verdict"] == "hurts"
    split = conclusion(scores([0.1, -0.4]), 20)
    assert split["verdict"] == "no difference seen" and split["words"].startswith("No difference")
    assert split["difference"]["value"] == pytest.approx(-0.15)
    assert conclusion(scores([-0.1], 19), 20)["verdict"] == "too few"


def test_the_other_side_has_the_same_rules_but_for_those_taken_away(home):
    found = sides(["low-content"])
    ids = {side: [c.rule.id for c in found[side].rules] for side in found}
    assert ids["with"] == ids["without"]
    texts = {c.rule.id: c.expression.text for c in found["without"].rules}
    assert texts["low-content"] == "false"
    assert "COALESCE(false, false)" in texts["low-content-weight"]
    with pytest.raises(AgpError, match="there is no rule low-conten;"):
        sides(["low-conten"])


def test_numbers_are_kept_listed_and_shown(home, agp):
    with open_writer():
        pass
    found = scores([-0.1, -0.2]) | {"rules": ["a", "b"], "lane": "sft", "model": "tiny"}
    found |= {"pack": "held-out rows", "split": "valid", "made_at": "2026-03-01T09:00:00+00:00"}
    found |= {"tokens": {"with": 90, "without": 91}}
    found["rows"] = {side: {"train": {"rows": 7}} for side in ("with", "without")}
    for number, one in enumerate(found["seeds"]):
        one["seed"] = number
    made = keep(found | conclusion(found, 20))
    [row] = json.loads(agp("filters", "ablations", "--json").output)
    assert row["ablation_id"] == made["ablation_id"] and row["rules"] == ["a", "b"]
    assert (row["n"], row["verdict"]) == (40, "helps") and row["value"] == pytest.approx(-0.15)
    assert "helps" in agp("filters", "ablations").output
    shown = agp("filters", "ablations", made["ablation_id"]).output
    assert "with a b" in shown and "-0.1000" in shown and "nats a token, n = 40" in shown
    [kept] = json.loads(agp("sql", "--json", "from v_ablations").output)
    assert (kept["rows_with"], kept["tokens_without"], kept["seeds"]) == (7, 91, 2)


@pytest.fixture
def history(sample_home: Path, home: Path) -> Path:
    """Return a home with a copy of the sample history's warehouse."""
    (home / ".agp").mkdir()
    shutil.copy(sample_home / ".agp" / "warehouse.duckdb", home / ".agp" / "warehouse.duckdb")
    return home


@pytest.mark.slow
def test_a_rule_is_taken_away_trained_without_and_the_numbers_stay(history: Path, agp):
    few = ("--seeds", "2", "--steps", "4", "--most", "30", "--json")
    found = json.loads(agp("filters", "ablate", "low-content-weight", *few).stdout)
    assert found["verdict"] in ("helps", "hurts", "no difference seen", "too few")
    assert found["n"] == len(found["prompts"]) == len(found["seeds"][0]["with"]["nats"]) > 0
    assert len(found["seeds"]) == 2 and found["difference"]["low"] <= found["difference"]["high"]
    most = max(one["with"]["tokens"] / one["steps"]["with"] for one in found["seeds"])
    for one in found["seeds"]:
        assert abs(one["with"]["tokens"] - one["without"]["tokens"]) <= 2 * most
    [row] = json.loads(agp("filters", "ablations", "--json").output)
    assert (row["rules"], row["value"]) == (["low-content-weight"], found["difference"]["value"])
    again = json.loads(agp("filters", "ablations", found["ablation_id"][:8], "--json").output)
    assert again == found
    assert not (history / ".agp" / "runs").exists()
    with open_reader() as con:
        assert con.sql("select count(*) from lane_builds").fetchall() == [(0,)]
        assert con.sql("select verdict from v_ablations").fetchall() == [(found["verdict"],)]


@pytest.mark.slow
def test_a_rule_that_changes_no_row_is_not_trained_for(history: Path, agp):
    found = json.loads(agp("filters", "ablate", "long-walk", "--json").stdout)
    assert (found["verdict"], found["n"], found["seeds"]) == ("same data", 0, [])
    shown = agp("filters", "ablations", found["ablation_id"]).output
    assert "leave the lane as it is" in shown


def test_what_was_never_ablated_is_one_line(home, agp):
    said = agp("filters", "ablations", "a-1", exit_code=2).stderr
    assert said == "agp: no ablation named 'a-1'; `agp filters ablations` lists them\n"
