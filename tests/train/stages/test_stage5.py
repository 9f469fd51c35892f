"""Stage 5 as a person meets it: a capture, a pair, its numbers; and what is refused."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from train.harness.capture import read_manifest
from train.harness.packs import Message, Prompt, write_pack
from train.harness.resumed import coded, halfway, logits
from train.model.codecs import builtin
from train.model.gemma import Gemma
from train.model.packet import unpack
from train.model.receiver import Receiver
from train.model.sender import Sender
from train.model.travel import Digests
from train.stages import (
    contexts,
    continued,
    fitted,
    runs,
    stage5,
    training,
    transfer_bench,
    transfer_outcomes,
)
from train.stages.loop import Progress
from train.stages.routing_policy import live_judge
from train.stages.settings import settings
from train.stages.transfer_settings import TransferSettings

CHANGES = ("epochs=2", "prompts=2", "evaluate_every=2", "hidden=4", "learning_rate=1e-5")


@pytest.fixture
def capture(agp: Any, tmp_path: Path) -> Path:
    """Return a small capture of the tiny model."""
    made = []
    for i in range(12):
        turns = [("user", f"What is {i} + {i}?"), ("assistant", str(2 * i))]
        messages = [Message(role=role, content=text) for role, text in turns]
        split = ("heads", "heads", "valid", "test")[i % 4]
        made.append(Prompt(id=f"p{i}", messages=messages, kind="chat", script="latin", split=split))
    folder = tmp_path / ".agp" / "packs" / "sums"
    write_pack(folder, "sums", "a test", made)
    args = ("--pack", "sums", "--layers", "2,4", "--length", "4", "--splits", "heads,valid")
    return Path(json.loads(agp("train", "capture", *args, "--json").stdout)["path"])


def trained(agp: Any, capture: Path, *changes: str) -> dict[str, Any]:
    """Train a run and return its facts."""
    sets = [word for change in (*CHANGES, *changes) for word in ("--set", change)]
    return json.loads(agp("train", "run", "5", "--capture", capture, *sets, "--json").stdout)


def weights(run: Path) -> dict[str, np.ndarray]:
    loaded: Any = mx.load(str(run / "last" / "codec.safetensors"))
    return {name: np.array(value) for name, value in loaded.items()}


@pytest.mark.slow
def test_a_run_its_numbers_and_its_codec(agp: Any, capture: Path, rows: Any):
    facts = trained(agp, capture)
    assert facts["state"] == "finished" and facts["split_layers"] == [2, 4]
    document = json.loads(agp("eval", facts["run_id"], "--pack", "sums", "--json").stdout)
    found = {m["name"]: m["value"] for m in document["measures"]}
    assert found["native.kl"] == found["native.different"] == found["damaged.taken"] == 0
    assert found["layer.4.int8.kl"] < found["layer.4.int4.kl"] < found["layer.4.control.kl"]
    assert document["openings"]["of_run"] == 1
    seeds = [found[f"learned, seed {i}.kl.minus.int4"] for i in range(5)]
    assert found["learned.kl.minus.int4"] in seeds  # that of the worst, by its interval
    assert found["free.int8.greedy_64"] <= found["free.int8.greedy_32"] <= 1
    assert found["free.int8.disputed"] == 0  # no heads: one pass and real packets say the same
    verdicts = {g["name"]: g["verdict"] for g in document["gates"]}
    assert verdicts["int8.kl"] == "too_few"  # three prompts, 59 wanted
    assert rows("select count(*) from v_gates where stage = 5") == [(len(verdicts),)]
    assert list(facts["captures"]) == [capture.name] and facts["parents"] == []
    said = agp("eval", facts["run_id"], "--pack", "sums", "--split", "valid").output
    assert "split at layer 4, valid split" in said


@pytest.mark.slow
def test_a_resumed_run_is_an_uninterrupted_one(agp: Any, capture: Path):
    whole = trained(agp, capture)
    chosen = settings(stage5.FILE, CHANGES, TransferSettings)
    stage = stage5.Stage5(capture, chosen)
    facts = runs.read_json(runs.find_run(whole["run_id"]) / "run.json")
    run = runs.new_run(5, {k: v for k, v in facts.items() if k not in ("run_id", "started_at")})
    stops = iter([False, True])
    assert training.train(run, stage, Progress(), lambda *_: None, lambda: next(stops)) == "stopped"
    agp("train", "resume", run.name)
    a, b = weights(runs.find_run(whole["run_id"])), weights(run)
    assert a.keys() == b.keys() and all(np.array_equal(a[n], b[n]) for n in a)


@pytest.mark.slow
def test_a_rate_term_takes_bits(agp: Any, capture: Path):
    run = runs.find_run(trained(agp, capture, "rate=100", "learning_rate=0.05")["run_id"])
    arrays, about = fitted.read(run / "last")
    cheap = fitted.of_arrays(arrays, about)["learned"]
    start = fitted.of_arrays(transfer_bench.before_training(arrays), about)["learned"]
    assert cheap.size("h.4", 1, 96) < builtin("int4").size("h.4", 1, 96)
    assert start is not cheap


@pytest.mark.slow
def test_a_pair_that_reads_what_heads_say(agp: Any, capture: Path):
    small = ("--set", "epochs=1", "--set", "seeds=1", "--json")
    heads = json.loads(agp("train", "run", "2", "--capture", capture, *small).stdout)["run_id"]
    sets = [word for change in CHANGES for word in ("--set", change)]
    args = ("--capture", capture, "--on", heads, *sets, "--json")
    run = json.loads(agp("train", "run", "5", *args).stdout)["run_id"]
    again = stage5.again(runs.summary(runs.find_run(run)))
    said = again.contexts[again.valid[0].prompt][4]
    assert said.shape == (len(again.valid[0].at), 8)
    assert np.allclose(said[:, :4].sum(1), 1, atol=0.02) and np.allclose(
        said * 255 % 1, 0, atol=1e-3
    )
    refused = agp("eval", run, "--pack", "sums", exit_code=2).stderr
    assert "holds no prompt of the test split" in refused
    agp("eval", run, "--pack", "sums", "--split", "valid")
    twice = agp("train", "run", "5", "--capture", capture, "--on", run, exit_code=2).stderr
    assert "builds on a run of stage 2" in twice


REFUSED = {
    "layers=9": "boundaries 1 to 7",
    "layers=some": "neither all nor a list",
    "kl=-1": "setting kl",
    "colour=red": "no setting 'colour'",
}


def test_what_cannot_be_trained_is_one_line(agp: Any, capture: Path):
    for change, said in REFUSED.items():
        given = ("--capture", capture, "--set", change)
        result = agp("train", "run", "5", *given, exit_code=2)
        assert said in result.stderr and result.stderr.count("\n") == 1
    assert "needs a capture" in agp("train", "run", "5", exit_code=2).stderr


def test_the_bytes_that_are_counted_are_those_that_are_sent(tiny: Any):
    gemma = Gemma(tiny[0])
    ids = list(range(100, 180))  # past the window
    for name in ("native", "bf16", "int8", "int8o", "int4"):
        codec = builtin(name)
        for split in range(1, gemma.n_layers):
            sender = Sender(gemma, Digests("a" * 16, None, "b" * 16), split, codec, bytes(16))
            for tokens in (ids, [700]):
                counted = transfer_outcomes.packet_bytes(gemma, codec, split, tokens)
                assert counted == len(sender.packet(tokens)), (name, split)


def test_one_pass_equals_a_packet_a_token(tiny: Any):
    """The table reads all positions at once; real packets bring the same, one after another."""
    gemma = Gemma(tiny[0])
    ids, codec = [2, 105, 300, 77, 400, 9, 31, 88], builtin("int4")
    digests, session = Digests("a" * 16, None, "b" * 16), bytes(16)
    for split in (2, 3, 5):
        half = halfway(gemma, ids, range(4, 8), split)
        back = coded(half, lambda role, x: codec.round_trip(role, x, mx.zeros(8)))
        at_once = logits(gemma, half, back)
        sender = Sender(gemma, digests, split, codec, session)
        receiver = Receiver(gemma, digests, {"int4": codec}, session)
        one_by_one = [receiver.accept(sender.packet(ids[:5]))]
        one_by_one += [receiver.accept(sender.packet([token])) for token in ids[5:]]
        assert mx.abs(at_once - mx.stack(one_by_one)).max() < 1e-3, split


@pytest.mark.slow
def test_the_sender_says_live_what_the_capture_said(agp: Any, capture: Path):
    """The last state of a prompt is judged on its way as it was from the capture's shards."""
    small = ("--set", "epochs=1", "--set", "seeds=1", "--json")
    heads = json.loads(agp("train", "run", "2", "--capture", capture, *small).stdout)["run_id"]
    facts = trained(agp, capture, "seeds=1")
    gemma = Gemma(continued.backbone(read_manifest(capture))[0])
    judge = live_judge(runs.find_run(heads), gemma, "tiny", None)
    said = contexts.judged(capture, runs.find_run(heads) / "best", "heads")
    digests = Digests("a" * 16, None, "b" * 16)
    for split in (2, 4):
        for sample in stage5.again(runs.summary(runs.find_run(facts["run_id"]))).train[:3]:
            sender = Sender(gemma, digests, split, builtin("native"), bytes(16), judge)
            packet = unpack(sender.packet(sample.ids[: sample.at[0] + 1]))
            live = [*packet.route, *packet.vitality]
            assert np.abs(np.array(live) - 255 * said[sample.prompt][split][0]).max() <= 1
            plain = Sender(gemma, digests, split, builtin("native"), bytes(16))
            other = unpack(plain.packet(sample.ids[: sample.at[0] + 1]))
            assert other.tensors == packet.tensors and set(other.route) == {0}


@pytest.mark.slow
def test_a_codec_that_learned_with_heads_is_sent_with_their_word(agp: Any, capture: Path):
    small = ("--set", "epochs=1", "--set", "seeds=1", "--json")
    heads = json.loads(agp("train", "run", "2", "--capture", capture, *small).stdout)["run_id"]
    sets = [word for change in (*CHANGES, "seeds=1") for word in ("--set", change)]
    args = ("--capture", capture, "--on", heads, *sets, "--json")
    run = json.loads(agp("train", "run", "5", *args).stdout)["run_id"]
    check = ("transfer", "check", "--splits", "4", "--prompts", "1", "--length", "3", "--json")
    [row] = json.loads(agp(*check, "--codec", "learned", "--trained", run).stdout)
    assert row["tokens"] == 3
    other = agp(*check, "--trained", run, "--heads", run, exit_code=2).stderr
    assert f"learned what heads {heads} say" in other
    agp(*check, "--heads", heads)  # and native stays bit-equal with a judge
