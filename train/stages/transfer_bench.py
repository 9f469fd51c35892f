"""A model and every codec that stage 5's evaluation compares on it, the pair's controls too."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from train.eval import stage5
from train.eval.baselines import scrambled
from train.harness.capture import read_manifest
from train.harness.chat import template
from train.harness.continuation import continuation
from train.harness.packs import Prompt
from train.harness.route_policy import LiveJudge
from train.model.codecs import BUILTIN
from train.model.codecs.base import Codec
from train.model.codecs.learned import FITTED, seeds_of
from train.model.codecs.plain import Native
from train.model.gemma import Gemma
from train.model.receiver import Receiver
from train.model.sender import Sender
from train.model.travel import Digests
from train.stages import contexts, fitted, runs
from train.stages.continued import backbone
from train.stages.routing_policy import live_judge

SESSION = bytes(16)


@dataclass(frozen=True)
class Said:
    """A prompt with full depth's own continuation."""

    prompt: str
    ids: list[int]  # of the prompt
    tokens: list[int]  # of the continuation


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

    def says(self, prompt: Prompt, window: int, length: int) -> Said:
        """Return a prompt's last `window` tokens, and up to `length` that full depth says next."""
        ids = template(self.tokenizer, prompt.chat()[:-1], prompt=True)[-window:]
        ends = getattr(self.tokenizer, "eos_token_ids", None) or {self.tokenizer.eos_token_id}
        return Said(prompt.id, ids, continuation(self.gemma, ids, length, set(ends)))


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
