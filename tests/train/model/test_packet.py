"""Packets come back as they were packed; any other bytes are one line, at no cost."""

import random
import re
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.model import packet as p
from warehouse.errors import AgpError

PAGE = Path(__file__).parents[3] / "docs" / "packet.md"
H = p.Tensor(p.HIDDEN, 4, 2, 1, 4, bytes(range(8)))
KV = p.Tensor(p.KEYS_VALUES, 2, 0, 3, 2, bytes(range(16, 28)))
PACKET = p.Packet(
    model="a1" * 8,
    adapter=p.NOBODY,
    tokenizer="b2" * 8,
    session=bytes(range(16)),
    sequence=0,
    start=0,
    tokens=(5, 6, 7),
    split=4,
    codec=1,
    dtype="float32",
    tensors=(H, KV),
    route=(255, 0, 0, 0),
    vitality=(128, 64, 63, 0),
)

u32, digests = st.integers(0, 2**32 - 1), st.binary(min_size=8, max_size=8).map(bytes.hex)
contexts = st.tuples(*[st.integers(0, 255)] * 4)
sizes = st.integers(1, 2**32 - 1)
tensors = st.builds(
    p.Tensor, st.sampled_from([0, 1]), st.integers(0, 65535), u32, sizes, sizes, st.binary()
)
packets = st.builds(
    p.Packet,
    digests,
    digests,
    digests,
    st.binary(min_size=16, max_size=16),
    u32,
    u32,
    st.lists(u32, min_size=1, max_size=9).map(tuple),
    st.integers(0, 65535),
    st.integers(0, 255),
    st.sampled_from(p.DTYPES),
    st.lists(tensors, min_size=1, max_size=4).map(tuple),
    contexts,
    contexts,
    st.booleans(),
)


@given(packets)
def test_a_packet_comes_back(packet: p.Packet):
    data = p.pack(packet)
    assert p.unpack(data) == packet
    assert p.size_of(data[: p.HEAD.size]) == len(data)


def one_line(data: bytes) -> str:
    """Return the error of bytes that are no packet."""
    with pytest.raises(AgpError) as caught:
        p.unpack(data)
    assert caught.value.message.startswith("packet refused: ") and "\n" not in caught.value.message
    return caught.value.message


@given(packets, st.data())
def test_cut_anywhere(packet: p.Packet, draw: st.DataObject):
    data = p.pack(packet)
    one_line(data[: draw.draw(st.integers(0, len(data) - 1))])


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes):
    one_line(data)


@pytest.mark.parametrize(
    "at, value, said",
    [
        (0, b"ELF!", "first bytes are not AGPK"),
        (4, b"\x02\x00", "version 2"),
        (6, b"\xff\xff", "contradicts itself"),
        (56, b"\xff\xff\xff\xff", "4294967295 tokens"),
        (63, b"\x09", "number type 9"),
        (72, b"\x00", "contradicts itself"),
        (73, b"\x02", "contradicts itself"),
        (74, b"\x05", "contradicts itself"),
        (75, b"\x01", "contradicts itself"),
        (76, b"\xff\xff\xff\xff", "bytes long"),
        (80, b"\x07", "table of tensors"),
        (96, b"\xff\xff\x00\x00", "reaches behind its end"),
        (96, b"\x07\x00\x00\x00", "do not fill it"),
    ],
)
def test_a_field_that_is_wrong_though_the_checksum_is_right(at: int, value: bytes, said: str):
    body = bytearray(p.pack(PACKET)[: -p.CHECKSUM])
    body[at : at + len(value)] = value
    assert said in one_line(p.signed(bytes(body)))


def test_larger_than_the_receiver_takes():
    data = p.pack(PACKET)
    with pytest.raises(AgpError, match="more than 100"):
        p.unpack(data, largest=100)


def test_bytes_behind_the_end():
    assert "instead of" in one_line(p.pack(PACKET) + b"\0")


def test_every_single_bit_counts():
    data = p.pack(PACKET)
    for i in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[i // 8] ^= 1 << i % 8
        one_line(bytes(flipped))


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Return a packet with some bytes changed, cut, doubled or swapped."""
    body = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        i, j = sorted(dice.randrange(len(body) + 1) for _ in range(2))
        change = dice.randrange(5)
        if change == 0 and body:
            body[dice.randrange(len(body))] = dice.randrange(256)
        elif change == 1:
            del body[i:j]
        elif change == 2:
            body[i:i] = body[i:j]
        elif change == 3:
            body[i:j] = dice.randbytes(j - i)
        else:
            body[i : i + 4] = dice.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"])
    return bytes(body)


@pytest.mark.slow
def test_ten_thousand_mutations():
    """A third each: as damaged, with a checksum made right again, and cut by the transport."""
    dice = random.Random(5)
    long = replace(PACKET, tensors=(H, replace(KV, data=dice.randbytes(3000), rows=1000)))
    originals = [p.pack(PACKET), p.pack(long)]
    tracemalloc.start()
    taken = 0
    for i in range(10_000):
        data = mutated(dice.choice(originals), dice)
        if i % 3 == 1:
            data = p.signed(data[: -p.CHECKSUM])
        elif i % 3 == 2:
            data = data[: dice.randrange(len(data) + 1)]
        if data in originals:
            continue
        try:
            p.unpack(data)
            taken += 1
            assert i % 3 == 1, "a damaged packet was taken"  # else a lawful packet of other values
        except AgpError as error:
            assert error.message.count("\n") == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken and peak < 2_000_000


def vectors() -> dict[str, bytes]:
    """Return the page's hex blocks by name."""
    found = re.findall(r"<!-- vector: (.+?) -->\n```text\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return {
        name: bytes.fromhex("".join(line[6:] for line in text.splitlines())) for name, text in found
    }


def test_the_page_shows_the_very_bytes():
    assert vectors()["a packet"] == p.pack(PACKET)
    assert p.unpack(vectors()["a packet"]) == PACKET


def test_the_page_shows_what_is_refused():
    refused = {name: data for name, data in vectors().items() if name != "a packet"}
    assert len(refused) == 2
    for name, data in refused.items():
        assert name in one_line(data)
