"""A stage-5 run measured: every codec at every split layer, on prompts that no training saw.

Order matters: the gates are hashed and the look at the test split is counted before a prompt is
read. Nothing was chosen on these prompts: the pair was kept by its loss on the valid split.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval import stage5
from train.eval.baselines import scrambled
from train.eval.stage1 import Measure, rule
from train.eval.stage5 import Free, Outcome
from train.eval.statistics import weighted_mean
from train.harness.capture import read_manifest
from train.harness.chat import template
from train.harness.continuation import continuation
from train.harness.damage import taken
from train.harness.packs import Prompt, load_pack
from train.harness.resumed import halfway, logits
from train.harness.route_policy import LiveJudge
from train.harness.strata import spread
from train.model.codecs import BUILTIN
from train.model.codecs.base import Codec
from train.model.codecs.learned import FITTED, seeds_of
from train.model.codecs.plain import Native
from train.model.gemma import Gemma
from train.model.packet import CHECKSUM, ENTRY, HEAD, id_bytes
from train.model.receiver import Receiver
from train.model.sender import Sender
from train.model.travel import Digests, hidden_rows, kv_columns, lower, reach
from train.stages import contexts, fitted, runs, transfer_words
from train.stages.continued import backbone
from train.stages.evaluations import Options, Tick, opened
from train.stages.losses import divergence
from train.stages.routing_policy import live_judge
from warehouse.errors import AgpError

SPOKEN = ("int8", "learned")  # codecs that a whole generation is sent by
EXACT = 4  # prompts whose every bit is compared, and on which time is taken
STEPS = 4  # tokens of them
TRIES = 300  # damaged packets for each of them
SESSION = bytes(16)


@dataclass(frozen=True)
class Bench:
    """A model and the codecs that are compared on it."""

    gemma: Gemma
    tokenizer: Any
    digests: Digests
    codecs: dict[str, Codec]
    contexts: contexts.Contexts
    judge: LiveJudge | None  # of the heads that the pair learned with

    def receiver(self, codec: str = "native") -> Receiver:
        """Return a receiver that has seen nothing."""
        return Receiver(self.gemma, self.digests, {codec: self.codecs[codec]}, SESSION)

    def sender(self, split: int, codec: str = "native") -> Sender:
        """Return a sender that has sent nothing."""
        one = self.codecs[codec]
        return Sender(self.gemma, self.digests, split, one, SESSION, self.judge)


def evaluate(
    run: Path, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure and decide; return the document.

    `begin` hears once how often `tick` will be called: for every prompt, every split layer, and
    every prompt that is answered with real packets.
    """
    facts = runs.summary(run)
    bench = load_bench(run, facts)
    layers = facts["split_layers"]
    source = judged_capture(facts, options)
    fixed, head = opened(run, facts, options, stage5.GATES)
    chosen = spread(
        load_pack(options.pack).split(options.split), lambda p: (p.kind, p.script), options.most
    )
    if not chosen:
        raise AgpError(f"the pack has no {options.split} prompts; see `agp packs show`")
    if source:
        heads = runs.find_run(facts["heads_run_id"])
        bench.contexts.update(contexts.judged(source, heads / "best", options.split))
    spoken = spread(chosen, lambda p: p.kind, max(1, options.answers))
    begin(len(chosen) + len(layers) + len(spoken))
    found = [one_prompt(bench, prompt, layers, facts["window"], tick) for prompt in chosen]
    free = [free_running(bench, prompt, layers, facts["window"], tick) for prompt in spoken]
    few = [prompt_ids(bench, p, facts["window"]) for p in chosen[:EXACT]]
    at = [chosen.index(prompt) for prompt in spoken]
    by_layer = {}
    for k in layers:
        columns = {name: [outcomes[k][name] for outcomes in found] for name in bench.codecs}
        said = {
            name: [Free(f[k][name], columns[name][i].greedy) for f, i in zip(free, at, strict=True)]
            for name in SPOKEN
        }
        by_layer[k] = stage5.layer_measures(columns) + exact_measures(bench, few, k)
        by_layer[k] += stage5.free_measures(said)
        tick()
    worst = stage5.worst(by_layer)
    measures = worst + [m for k in layers for m in stage5.named(k, by_layer[k])]
    document = {
        **head,
        "layers": layers,
        "positions": sum(len(o[layers[0]]["native"].agree) for o in found),
        "measures": [{"name": m.name, **asdict(m.estimate)} for m in measures],
        "gates": [r.row() for r in rule(fixed.gates, worst)],
    }
    return document | transfer_words.shown(document, list(bench.codecs))


def judged_capture(facts: dict[str, Any], options: Options) -> Path | None:
    """Return the capture whose states the run's heads judge; None where it has no heads.

    AgpError, before anything of a split is read, where the capture holds nothing of it.
    """
    if not facts.get("heads_run_id"):
        return None
    folder = options.capture or Path(facts["capture"])
    if options.split not in read_manifest(folder)["splits"]:
        raise AgpError(
            f"{folder.name} holds no prompt of the {options.split} split; capture it (`agp train "
            f"capture --splits heads,valid,{options.split}`) and name it by --capture"
        )
    return folder


def load_bench(run: Path, facts: dict[str, Any]) -> Bench:
    """Load the run's model and make every codec, the pair before training and the control too."""
    capture = read_manifest(Path(facts["capture"]))
    model, tokenizer = backbone(capture)
    every, about = fitted.read(run / "best")
    arrays, *others = seeds_of(every)
    digests = Digests(about["model_digest"], about["adapter_digest"], about["tokenizer_digest"])
    gemma = Gemma(model)
    codecs: dict[str, Codec] = {name: kind() for name, kind in BUILTIN.items()}
    codecs["native"] = Native(gemma.backbone.norm.weight.dtype)
    codecs |= fitted.fitted_codecs(run / "best", digests)
    for i, other in enumerate(others, 1):
        codecs[f"{stage5.SEED}{i}"] = fitted.of_arrays(other, about)["learned"]
    codecs["start"] = fitted.of_arrays(before_training(arrays), about)["learned"]
    codecs["control"] = fitted.of_arrays(mixed(arrays), about)["learned"]
    return Bench(gemma, tokenizer, digests, codecs, {}, judge_of(facts, gemma, capture))


def judge_of(facts: dict[str, Any], gemma: Gemma, capture: dict[str, Any]) -> LiveJudge | None:
    """Return the heads that the pair learned with, as a sender asks them."""
    if not facts.get("heads_run_id"):
        return None
    tuned = capture["adapter_run_id"]
    adapter = runs.find_run(tuned) / "best" if tuned else None
    return live_judge(runs.find_run(facts["heads_run_id"]), gemma, capture["model"], adapter)


def before_training(arrays: dict[str, mx.array]) -> dict[str, mx.array]:
    """Return a pair's arrays as they were before the first step: its components alone."""
    made = dict(arrays)
    for name in arrays:
        part, _, leaf = name.rpartition(".")
        if leaf == "encoder":
            made[name], made[f"{part}.decoder"] = arrays[f"{part}.basis"], arrays[f"{part}.basis"].T
        elif part.endswith("_out"):
            made[name] = mx.zeros_like(arrays[name])
    return made


def mixed(arrays: dict[str, mx.array]) -> dict[str, mx.array]:
    """Return a pair's arrays with what was trained in random places: the negative control."""
    kept = {n: a for n, a in arrays.items() if n.rsplit(".", 1)[1] in FITTED}
    return scrambled({n: a for n, a in arrays.items() if n not in kept}) | kept


def prompt_ids(bench: Bench, prompt: Prompt, window: int) -> list[int]:
    """Return a prompt's tokens."""
    return template(bench.tokenizer, prompt.chat()[:-1], prompt=True)[-window:]


def one_prompt(
    bench: Bench, prompt: Prompt, layers: Sequence[int], window: int, tick: Tick
) -> dict[int, dict[str, Outcome]]:
    """Return what each codec makes of a prompt and its continuation at each split layer."""
    gemma, ids = bench.gemma, prompt_ids(bench, prompt, window)
    ends = set(getattr(bench.tokenizer, "eos_token_ids", None) or {bench.tokenizer.eos_token_id})
    said = continuation(gemma, ids, max(stage5.LENGTHS), ends)
    at = range(len(ids) - 1, len(ids) + len(said) - 1)
    found: dict[int, dict[str, Outcome]] = {}
    for k in layers:
        half = halfway(gemma, ids + said[:-1], at, k)
        whole = logits(gemma, half, half.rows)
        found[k] = {}
        for name, codec in bench.codecs.items():
            back = {}
            for role, x in half.rows.items():
                context = contexts.of_rows(bench.contexts, prompt.id, gemma, role, x)
                back[role] = codec.round_trip(role, x, context)
            other = logits(gemma, half, back)
            agree = np.array(mx.argmax(whole, -1) == mx.argmax(other, -1))
            found[k][name] = Outcome(
                float(np.array(divergence(whole, other)).sum(dtype=np.float64)),
                tuple(bool(a) for a in agree),
                packet_bytes(gemma, codec, k, ids),
                packet_bytes(gemma, codec, k, said[:1]),
                len(ids),
            )
    tick()
    return found


def packet_bytes(gemma: Gemma, codec: Codec, split: int, tokens: Sequence[int]) -> int:
    """Return how long the packet of some tokens is, header, keys and values included."""
    n, width = len(tokens), gemma.config.hidden_size
    sizes = [codec.size(f"h.{split}", hidden_rows(gemma, split, n), width)]
    for layer in lower(gemma, split, whole=False):
        rows = reach(gemma, layer, n)
        sizes.append(codec.size(f"kv.{layer}", rows, kv_columns(gemma, layer)))
    return HEAD.size + ENTRY.size * len(sizes) + id_bytes(tokens) * n + sum(sizes) + CHECKSUM


def free_running(
    bench: Bench, prompt: Prompt, layers: Sequence[int], window: int, tick: Tick
) -> dict[int, dict[str, float]]:
    """Return how many greedy tokens two ends say as one would, by split layer and codec.

    Real packets, a token each, with the live word of the heads; infinite where all are the same.
    """
    gemma, ids = bench.gemma, prompt_ids(bench, prompt, window)
    ends = set(getattr(bench.tokenizer, "eos_token_ids", None) or {bench.tokenizer.eos_token_id})
    whole = continuation(gemma, ids, max(stage5.LENGTHS), ends)
    found = {k: {name: said_alike(bench, ids, whole, k, name) for name in SPOKEN} for k in layers}
    tick()
    return found


def said_alike(bench: Bench, ids: list[int], whole: Sequence[int], split: int, codec: str) -> float:
    """Return at which token a generation in two ends leaves that of one; infinite: nowhere."""
    sender, receiver = bench.sender(split, codec), bench.receiver(codec)
    tokens = ids
    for i, expected in enumerate(whole):
        logits = receiver.accept(sender.packet(tokens))
        if int(np.array(mx.argmax(logits))) != expected:
            return float(i)
        tokens = [expected]
    return float("inf")


def exact_measures(bench: Bench, few: Sequence[list[int]], split: int) -> list[Measure]:
    """Return what is measured on real packets: bits that differ, damage that is taken, time."""
    different, packet_time, ids_time, bad = [], [], [], 0
    for i, ids in enumerate(few):
        expected, seconds = one_place(bench, ids)
        ids_time.append(seconds)
        sender, receiver = bench.sender(split), bench.receiver()
        data = sender.packet(ids)
        before = time.perf_counter()
        got = [receiver.accept(data)]
        mx.eval(got)
        packet_time.append(time.perf_counter() - before)
        for logit in expected[:-1]:
            got.append(receiver.accept(sender.packet([int(np.array(mx.argmax(logit)))])))
        same = [bool(mx.all(a == b)) for a, b in zip(got, expected, strict=True)]
        different.append(1 - sum(same) / len(same))
        bad += taken(bench.receiver, data, TRIES, seed=i)
    tries = TRIES * len(few)
    refused = weighted_mean([bad / tries] * tries, [1.0] * tries)
    return [
        Measure("native.different", weighted_mean(different, [1.0] * len(few))),
        Measure("damaged.taken", refused),
        Measure("time.packet.over.ids", weighted_mean(packet_time, ids_time)),
    ]


def one_place(bench: Bench, ids: list[int]) -> tuple[list[mx.array], float]:
    """Return the logits of a prompt's end and some greedy steps, and the seconds of the former."""
    cache, before = bench.gemma.make_cache(), time.perf_counter()
    found = [bench.gemma.prefill(mx.array([ids]), cache)[0]]
    mx.eval(found)
    seconds = time.perf_counter() - before
    while len(found) < STEPS:
        token = mx.argmax(found[-1], keepdims=True)[None]
        found.append(bench.gemma.logits(token, cache)[0, -1])
    return found, seconds
