"""What is measured on real packets: bits that differ, damage that is taken, time, whole answers."""

import time
from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from train.eval.stage1 import Measure
from train.eval.statistics import weighted_mean
from train.harness.damage import taken
from train.stages.transfer_bench import Bench, Said

SPOKEN = ("int8", "learned")  # codecs that a whole generation is sent by
STEPS = 4  # tokens whose every bit is compared
TRIES = 300  # damaged packets a prompt


def free_running(bench: Bench, said: Said, layers: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return how many greedy tokens two ends say as one would, by split layer and codec.

    Real packets, a token each, with the live word of the heads; infinite where all are the same.
    """
    return {k: {name: said_alike(bench, said, k, name) for name in SPOKEN} for k in layers}


def said_alike(bench: Bench, said: Said, split: int, codec: str) -> float:
    """Return at which token a generation in two ends leaves that of one; infinite: nowhere."""
    sender, receiver = bench.sender(split, codec), bench.receiver(codec)
    tokens = said.ids
    for i, expected in enumerate(said.tokens):
        logits = receiver.accept(sender.packet(tokens))
        if int(np.array(mx.argmax(logits))) != expected:
            return float(i)
        tokens = [expected]
    return float("inf")


def exact_measures(bench: Bench, few: Sequence[Said], split: int) -> list[Measure]:
    """Return what is measured on real packets: bits that differ, damage that is taken, time."""
    different, packet_time, ids_time, bad = [], [], [], 0
    for i, said in enumerate(few):
        ids = said.ids
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
