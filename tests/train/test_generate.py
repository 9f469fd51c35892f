"""`agp generate` as a person meets it: text, depth, what it took, and what cannot be asked."""

import json
from typing import Any

import pytest
from mlx_lm.generate import generate as mlx_generate

from train.harness.chat import template
from train.harness.generation import Way, generate
from train.harness.policies import policy
from train.model.gemma import Gemma

ASK = "How many days has a week?"


def test_full_depth_says_what_mlx_lm_says(tiny: Any):
    model, tokenizer = tiny
    ids = template(tokenizer, [{"role": "user", "content": ASK}], prompt=True)
    gemma = Gemma(model)
    said = generate(gemma, tokenizer, ids, Way(policy("off", gemma), {}), 20)
    assert "".join(s.text for s in said) == mlx_generate(model, tokenizer, ids, max_tokens=20)


def test_a_draft_says_what_full_depth_says_past_the_window(tiny: Any):
    model, tokenizer = tiny
    gemma = Gemma(model)
    ids = template(tokenizer, [{"role": "user", "content": ASK * 10}], prompt=True)
    assert len(ids) > gemma.window
    texts = [
        [s.token for s in generate(gemma, tokenizer, ids, Way(policy(spec, gemma), {}), 12)]
        for spec in ("off", "draft:6", "draft:2")
    ]
    assert texts[0] == texts[1] == texts[2]


def test_what_it_says_and_what_it_took(agp: Any):
    result = agp("generate", "--prompt", ASK, "--policy", "entropy:0.5", "--show-depth")
    assert "week·" in result.stdout and "layers a token, of 8" in result.stdout
    found = json.loads(agp("generate", "--prompt", ASK, "--policy", "fixed:4", "--json").stdout)
    assert found["layers"] == 4 and found["exits"] == {"4": found["tokens"]}
    assert found["work"] < 0.6 and found["full"]["work"] == 1
    assert {e["exit"] for e in found["each"]} == {4}


def test_full_depth_is_not_compared_with_itself(agp: Any):
    shown = agp("generate", "--prompt", ASK, "--policy", "off", "--max-tokens", "4").stdout
    [line] = [line for line in shown.splitlines() if line.startswith("layers a token")]
    assert line.split()[-1] == "8" and line.split().count("8") == 1 + line.count("of 8 ")


def test_what_is_timed_prints_nothing(monkeypatch: pytest.MonkeyPatch):
    """The figures are of a second run, whose times no printing hides; other words: the first's."""
    from types import SimpleNamespace

    from train.commands_generate import timed

    made = SimpleNamespace(gemma=None, tokenizer=None, way=None)
    first = [SimpleNamespace(token=t, seconds=0.1) for t in (3, 4)]
    for tokens, chosen in (((3, 4), 0.2), ((3, 5), 0.1)):
        again = [SimpleNamespace(token=t, seconds=0.2) for t in tokens]
        monkeypatch.setattr("train.harness.generation.generate", lambda *_, a=again: iter(a))
        assert [s.seconds for s in timed(made, [], first, 4)] == [chosen, chosen]


def test_a_policy_that_saves_nothing_says_so(agp: Any):
    said = agp("generate", "--prompt", ASK, "--policy", "entropy:0", "--max-tokens", "4").stdout
    assert "saves nothing: 1" in said and "the same." in said


def test_a_pack_easy_and_hard(agp: Any):
    args = ("generate", "--pack", "shipped", "--most", "2", "--max-tokens", "3")
    found = json.loads(agp(*args, "--policy", "draft", "--json").stdout)
    assert found["groups"]["all"]["identical"] == {"value": 1, "low": 1, "high": 1, "n": 2}
    assert {found["groups"][g]["layers"]["n"] for g in ("easy", "hard")} == {1}
    assert "prompts" in agp(*args, "--policy", "random:0.5").stdout


def test_lenses_of_a_capture(agp: Any):
    capture = ("train", "capture", "--layers", "4", "--splits", "heads", "--length", "4")
    made = json.loads(agp(*capture, "--most", "8", "--json").stdout)
    lens = ("generate", "--prompt", ASK, "--lens", made["capture_id"], "--max-tokens", "3")
    found = json.loads(agp(*lens, "--policy", "margin:0", "--json").stdout)
    plain = json.loads(agp(*lens[:3], "--max-tokens", "3", "--policy", "fixed:4", "--json").stdout)
    assert found["exits"] == plain["exits"] and found["work"] > plain["work"]
    assert "an exit before layer 6" in agp(*lens, "--policy", "fixed:6", exit_code=2).stderr


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--prompt", " "), "the prompt is empty"),
        ((), "say what to answer"),
        (("--prompt", "x", "--policy", "soon"), "no policy 'soon'"),
        (("--prompt", "x", "--policy", "entropy"), "behind the colon"),
        (("--prompt", "x", "--policy", "margin:nan"), "behind the colon"),
        (("--prompt", "x", "--policy", "fixed:0"), "boundaries 1 to 7"),
        (("--prompt", "x", "--policy", "draft:8"), "boundaries 1 to 7"),
        (("--prompt", "x", "--layers", "9", "--policy", "margin:1"), "boundaries 1 to 7"),
        (("--prompt", "x", "--layers", "a"), "no list of numbers"),
        (("--prompt", "x", "--max-tokens", "4096"), "4,096 positions"),
        (("--prompt", "x", "--run", "s9"), "no run named"),
        (("--prompt", "x", "--lens", "c9"), "no finished capture"),
        (("--pack", "nowhere"), "no pack at nowhere"),
    ],
)
def test_what_cannot_be_asked_is_one_line(agp: Any, arguments: tuple[str, ...], said: str):
    result = agp("generate", *arguments, exit_code=2)
    assert said in result.stderr and result.stderr.count("\n") == 1
