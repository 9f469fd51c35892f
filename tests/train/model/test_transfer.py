"""Two ends that share nothing but packets say what one process would have said, to the last bit."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mlx.core as mx
import pytest

from train.model import packet as p
from train.model.codecs import builtin
from train.model.gemma import Gemma
from train.model.receiver import Receiver
from train.model.sender import Sender
from train.model.travel import Digests
from warehouse.errors import AgpError

DIGESTS = Digests("a" * 16, None, "b" * 16)
SESSION = bytes(range(16))
PROMPT = [(7 * i + 1) % 64 for i in range(13)]  # past the small models' window of 8


def ends(gemma: Gemma, split: int, codec: str = "native") -> tuple[Sender, Receiver]:
    """Return both ends of a session."""
    chosen = builtin(codec)
    sender = Sender(gemma, DIGESTS, split, chosen, SESSION)
    return sender, Receiver(gemma, DIGESTS, {codec: chosen}, SESSION)


def token(logits: mx.array) -> int:
    return int(mx.argmax(logits).item())  # type: ignore[arg-type]


def whole(gemma: Gemma, prompt: list[int], steps: int) -> list[mx.array]:
    """Return the logits of a prompt's end and of every greedy step, computed in one place."""
    cache = gemma.make_cache()
    said = [gemma.prefill(mx.array([prompt]), cache)[0]]
    for _ in range(steps):
        said.append(gemma.logits(mx.array([[token(said[-1])]]), cache)[0, -1])
    return said


def resumed(gemma: Gemma, split: int, prompt: list[int], alone: bool) -> Iterator[mx.array]:
    """Yield the same from packets: one a token, or a single one, after which nothing is sent."""
    sender, receiver = ends(gemma, split)
    logits = receiver.accept(sender.packet(prompt, whole=alone))
    while True:
        yield logits
        said = token(logits)
        logits = receiver.next(said) if alone else receiver.accept(sender.packet([said]))


@pytest.mark.parametrize("alone", [False, True], ids=["a packet a token", "handed over"])
def test_bit_for_bit_at_every_split(small_model: Any, alone: bool):
    gemma = Gemma(small_model)
    for prompt, steps in ((PROMPT, 2), (PROMPT[:1], 9)):
        expected = whole(gemma, prompt, steps)
        for split in range(gemma.n_layers + 1):
            got = resumed(gemma, split, prompt, alone)
            for i, logits in enumerate(expected):
                assert bool(mx.all(next(got) == logits)), (split, i)


def test_the_tiny_model_past_its_window(tiny: Any):
    gemma = Gemma(tiny[0])
    prompt = [(11 * i) % 900 + 100 for i in range(70)]
    expected = whole(gemma, prompt, 3)
    for split in range(1, gemma.n_layers):
        got = resumed(gemma, split, prompt, alone=False)
        assert all(bool(mx.all(next(got) == logits)) for logits in expected), split


def test_a_second_turn_of_several_tokens(small_gemma4: Any):
    gemma = Gemma(small_gemma4)
    more = [5, 9, 40, 2, 17]
    cache = gemma.make_cache()
    gemma.prefill(mx.array([PROMPT]), cache)
    expected = gemma.prefill(mx.array([more]), cache)[0]
    for split in range(gemma.n_layers + 1):
        sender, receiver = ends(gemma, split)
        receiver.accept(sender.packet(PROMPT))
        assert bool(mx.all(receiver.accept(sender.packet(more)) == expected)), split


def test_what_travels(small_gemma4: Any):
    """From the shared tail on one state, and keys and values no further back than is read."""
    gemma = Gemma(small_gemma4)

    def rows(split: int, alone: bool) -> list[tuple[str, int, int]]:
        packet = p.unpack(ends(gemma, split)[0].packet(PROMPT, whole=alone))
        return [("h" if t.kind == p.HIDDEN else "kv", t.layer, t.rows) for t in packet.tensors]

    assert rows(5, False) == [("h", 5, 1), ("kv", 2, 8), ("kv", 3, 13)]
    assert rows(3, False) == [("h", 3, 13), ("kv", 2, 8)]
    assert rows(5, True) == [("h", 5, 1), *(("kv", i, n) for i, n in enumerate((8, 8, 8, 13)))]


@pytest.mark.parametrize("codec", ["bf16", "int8", "int8o"])
def test_codecs_stay_near(small_gemma4: Any, codec: str):
    gemma = Gemma(small_gemma4)
    sender, receiver = ends(gemma, 5, codec)
    logits = receiver.accept(sender.packet(PROMPT))
    expected = gemma.prefill(mx.array([PROMPT]), gemma.make_cache())[0]
    assert mx.abs(logits - expected).max() < 0.1 * mx.abs(expected).max()


OTHER = "c" * 16
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another model": ({"model": OTHER}, "of model cccc"),
    "another adapter": ({"adapter": OTHER}, "of adapter cccc"),
    "another tokenizer": ({"tokenizer": OTHER}, "of tokenizer cccc"),
    "another session": ({"session": bytes(16)}, "another session"),
    "out of order": ({"sequence": 3}, "number 3 at position 0"),
    "another place": ({"start": 7}, "at position 7"),
    "another number type": ({"dtype": "bfloat16"}, "computed in bfloat16"),
    "a codec that is not here": ({"codec": 200}, "codec 200"),
    "a token of no vocabulary": ({"tokens": (64,) * 13}, "token 64"),
    "a split behind the end": ({"split": 9}, "layer 9"),
    "a split it was not made for": ({"split": 7}, "not those of a split at layer 7"),
    "more than it holds": ({"tokens": (1,) * 14}, "not those of a split"),
    "said to be whole": ({"whole": True}, "not those of a split"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_foreign_packet_is_one_line_and_changes_nothing(small_gemma4: Any, name: str):
    changes, said = REFUSED[name]
    gemma = Gemma(small_gemma4)
    sender, receiver = ends(gemma, 5)
    good = sender.packet(PROMPT)
    with pytest.raises(AgpError) as caught:
        receiver.accept(p.pack(replace(p.unpack(good), **changes)))
    assert said in caught.value.message and "\n" not in caught.value.message
    assert bool(mx.all(receiver.accept(good) == whole(gemma, PROMPT, 0)[0]))


def test_a_packet_is_taken_once(small_gemma4: Any):
    sender, receiver = ends(Gemma(small_gemma4), 5)
    first = sender.packet(PROMPT)
    receiver.accept(first)
    with pytest.raises(AgpError, match="number 0 at position 0, but number 1 at 13 is due"):
        receiver.accept(first)
    receiver.accept(sender.packet([3]))


def test_rows_that_are_not_finite(small_gemma4: Any):
    sender, receiver = ends(Gemma(small_gemma4), 5, "int8")
    good = p.unpack(sender.packet(PROMPT))
    h = good.tensors[0]
    infinite = replace(h, data=b"\x80\x7f" + h.data[2:])  # a scale of infinity
    with pytest.raises(AgpError, match=r"h\.5 is not finite"):
        receiver.accept(p.pack(replace(good, tensors=(infinite, *good.tensors[1:]))))


def test_rows_of_another_length(small_gemma4: Any):
    sender, receiver = ends(Gemma(small_gemma4), 5, "int8")
    good = p.unpack(sender.packet(PROMPT))
    short = replace(good.tensors[1], data=b"12")
    with pytest.raises(AgpError, match=r"kv\.2 has 2 bytes"):
        receiver.accept(p.pack(replace(good, tensors=(good.tensors[0], short, *good.tensors[2:]))))


def test_no_going_alone_without_the_caches(small_gemma4: Any):
    sender, receiver = ends(Gemma(small_gemma4), 5)
    receiver.accept(sender.packet(PROMPT))
    with pytest.raises(AgpError, match="send a whole packet"):
        receiver.next(3)


def test_a_broken_state_is_not_sent(small_gemma4: Any):
    gemma = Gemma(small_gemma4)
    norm: Any = gemma.layers[0].input_layernorm
    norm.weight = norm.weight * float("inf")
    with pytest.raises(AgpError, match="nothing sent"):
        ends(gemma, 5)[0].packet(PROMPT)
