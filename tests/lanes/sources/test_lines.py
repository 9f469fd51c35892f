"""The byte loop: every byte in exactly one record, and all read that can be read."""

import io
from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.sources import lines
from lanes.sources.lines import Record, records
from warehouse.payloads import Factory, restore


def read(data: bytes, settled: bool = True) -> Iterator[Record]:
    found = records(io.BytesIO(data), len(data), Factory(), lambda _: None, settled)
    return (record for record in found if record is not None)


def parsed(data: bytes) -> list:
    return [record.parsed for record in read(data)]


GOOD = b'{"a": 1}\n'
PIECES = st.sampled_from(
    [
        GOOD,
        b'{"a":',
        b"}",
        b"\n",
        b"\r\n",
        b"\0\0",
        b"4",
        b"\xff",
        b'{"b":"\\ud83d"}',
        b" ",
        b'"',
        b"[1]",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=8), max_size=20).map(b"".join))
def test_every_byte_belongs_to_exactly_one_record(data):
    at = 0
    for record in read(data):
        part = data[at : at + record.length]
        assert record.offset == at and record.sha256 == sha256(part).digest()
        assert record.stored == part and (record.parsed is None) == (record.reason is not None)
        at += record.length
    assert at == len(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbf" + GOOD, [{"a": 1}]),
        (b'{"a": 1}\r\n', [{"a": 1}]),
        (b'{"a":"\xe2\x80\xa8"}\n', [{"a": "\u2028"}]),
        (b'{"a":"\\ud83d"}\n', [{"a": "\ufffd"}]),
        (b'{"a":"\\ud83d\\ude00"}\n', [{"a": "\U0001f600"}]),
        (b'{"a":"\xff"}\n', [{"a": "\ufffd"}]),
        (b'{"a":1e999}\n', [{"a": float("inf")}]),
        (b'{"a":"\x01\t"}\n', [{"a": "\x01\t"}]),
        (GOOD[:-1] + GOOD, [{"a": 1}, {"a": 1}]),
        (b'{"a":[1,2\n' + GOOD, [None, {"a": 1}]),
        (b'{"a":[1,2' + GOOD, [None, {"a": 1}]),
        (b"\0" * 64 + GOOD, [None, {"a": 1}]),
        (b"\n" + GOOD, [None, {"a": 1}]),
        (b'{"a":' * 3000 + b"\n" + GOOD, [None, {"a": 1}]),
        (b'{"a":' + b"9" * 5000 + b"}\n" + GOOD, [None, {"a": 1}]),
    ],
)
def test_what_can_be_read_is_read(data, expected):
    assert parsed(data) == expected


def test_nan_is_read():
    assert str(parsed(b'{"a":NaN}\n')) == "[{'a': nan}]"


def test_a_last_line_without_its_end_waits_unless_it_is_whole():
    assert [r.length for r in read(GOOD + b'{"a":', settled=False)] == [9]
    assert [r.length for r in read(GOOD + b'{"a":2}', settled=False)] == [9, 7]
    assert [r.reason for r in read(GOOD + b'{"a":', settled=True)] == [None, "cut off"]


def test_a_line_too_long_is_kept_in_pieces_and_named_by_its_size(monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 3 << 20)
    monkeypatch.setattr(lines, "SCAN", 1 << 20)
    monkeypatch.setattr(lines, "PIECE", 1 << 20)
    long = b'{"a":"' + b"x" * (5 << 20) + b'"}\n'
    data, factory, hashed = GOOD + long + GOOD, Factory(), sha256()
    found = records(io.BytesIO(data), len(data), factory, hashed.update, False)
    first, second, third = (record for record in found if record)
    assert first.parsed == third.parsed == {"a": 1} and third.offset == len(GOOD + long)
    assert second.reason == "line of 5 MB, longer than 3 MB" and second.length == len(long)
    payloads = {digest: data for digest, _, data in factory.drain()}
    assert restore(second.stored, payloads.__getitem__) == long
    assert hashed.digest() == sha256(data).digest()


@given(st.binary(max_size=40), st.integers(16_380, 16_400), st.binary(max_size=40))
def test_payloads_come_back_exactly(before, length, after):
    line = before + b"QUJD" * (length // 4) + b"=" * (length % 3) + after + b"\n"
    factory = Factory()
    if factored := factory.factor(line):
        payloads = {digest: data for digest, _, data in factory.drain()}
        assert restore(factored[0], payloads.__getitem__) == line
        assert b"payload:" in factored[1]
