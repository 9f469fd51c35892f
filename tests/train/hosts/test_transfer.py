"""Two ends over a socket, and what a receiver says to strangers."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from train.hosts import transfer, wire
from train.hosts.transfer import End, Way
from train.model.sender import Sender
from warehouse.errors import AgpError

PROMPT = [2, 105, 300, 77, 400, 9, 31]


@pytest.fixture(scope="module")
def end() -> End:
    return transfer.load_end("tiny", None)


@pytest.fixture
def port(end: End) -> Iterator[int]:
    """Give the port of a receiver that answers three sessions in a thread of its own."""
    with transfer.listen(0) as server:

        def answer() -> None:  # mlx computes where the model was loaded
            transfer.serve(server, transfer.load_end("tiny", None), 3, lambda line: None)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        while thread.is_alive():  # sessions that a test did not need
            with socket.create_connection(server.getsockname()):
                pass
            thread.join(0.1)


@pytest.mark.parametrize("alone", [False, True])
def test_the_same_words_as_in_one_place(end: End, port: int, alone: bool):
    sent = transfer.send(port, end, PROMPT, Way(4, alone=alone, length=5))
    assert sent.said == transfer.in_one_place(end, PROMPT, 5)


def test_a_recorded_session_is_worth_nothing_in_the_next(end: End, port: int):
    with transfer.connect(port) as first:
        session = wire.read_hello(first, end.digests)
        data = Sender(end.gemma, end.digests, 4, end.codecs["native"], session).packet(PROMPT)
        wire.write(first, data)
        assert len(wire.read_reply(first)) == 1
        wire.write(first, data)
        with pytest.raises(AgpError, match="each is taken once, in order"):
            wire.read_reply(first)
    with transfer.connect(port) as second:
        wire.read_hello(second, end.digests)
        wire.write(second, data)
        with pytest.raises(AgpError, match="belongs to another session"):
            wire.read_reply(second)


@pytest.mark.parametrize(
    "data, said",
    [
        (b"GET / HTTP/1.1\r\n\r\n", "first bytes are not AGPK"),
        (b"NEXT\xff\xff\xff\xff", "4,294,967,295 tokens are wanted"),
        (b"NEXT\x05\0\0\0", "nothing was handed over yet"),
        (b"AGPK\x02\0" + bytes(200), "version 2"),
        (
            b"AGPK\x01\0\x64\0" + bytes(48) + b"\1\0\0\0" + bytes(12) + b"\1\0\2\0" + b"\xff" * 4,
            "more than",
        ),
    ],
)
def test_a_stranger_is_told_and_the_next_is_served(end: End, port: int, data: bytes, said: str):
    with transfer.connect(port) as stranger:
        wire.read_hello(stranger, end.digests)
        wire.write(stranger, data)
        with pytest.raises(AgpError, match=said):
            wire.read_reply(stranger)
    assert len(transfer.send(port, end, PROMPT, Way(6, length=2)).said) == 2


def test_another_model_is_refused_before_anything_is_sent(end: End, port: int):
    foreign = End(end.gemma, end.tokenizer, transfer.Digests("f" * 16, None, "f" * 16), end.codecs)
    with pytest.raises(AgpError, match="the receiver has model"):
        transfer.send(port, foreign, PROMPT, Way(4))


def test_nobody_there(end: End):
    with transfer.listen(0) as server:
        port = server.getsockname()[1]
    with pytest.raises(AgpError, match="start `agp transfer serve` first"):
        transfer.send(port, end, PROMPT, Way(4))
    with pytest.raises(AgpError, match="no codec 'zip'"):
        transfer.send(port, end, PROMPT, Way(4, "zip"))


@pytest.mark.slow
def test_a_second_process_bit_for_bit_at_every_split(agp: Any):
    found = json.loads(agp("transfer", "check", "--prompts", "4", "--json").stdout)
    assert {row["split"] for row in found} == set(range(1, 8)) and len(found) == 14
    assert all(row["same_logits"] == row["tokens"] > 0 for row in found)
