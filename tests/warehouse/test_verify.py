"""`agp warehouse verify` finds every kind of damage, and only damage."""

import json
import random

import pytest
from click.testing import CliRunner

from agp.cli import main
from warehouse.home import warehouse_path
from warehouse.store import open_writer


def damages(agp) -> list[dict]:
    return json.loads(agp("warehouse", "verify", "--json", exit_code=1).stdout)["damages"]


def test_a_sound_warehouse(transcript, agp):
    out = agp("warehouse", "verify").stdout
    assert f"1 files, 6 records, {transcript.stat().st_size / 1e6:.1f} MB" in out
    assert "every byte as it was read" in out


@pytest.mark.parametrize(
    "change, what",
    [
        ("update segments set bytes = 'x'::blob", "cannot be unpacked"),
        ("delete from segments", "segment 0 is missing"),
        ("update raw_records set stored_length = 1 where ordinal = 2", "not as it was read"),
        ("update raw_records set sha256 = 'x'::blob where ordinal = 2", "not as it was read"),
        ("update payload_pieces set bytes = 'x'::blob", "not as it was read"),
        ("delete from payload_pieces", "missing"),
        ("delete from raw_records where ordinal = 2", "record 2 should begin here"),
        ("delete from raw_records where ordinal = 5", "5 of 6 records"),
        ("delete from raw_records", "0 of 6 records"),
        ("update raw_records set byte_offset = byte_offset + 1 where ordinal = 1", "should begin"),
        ("update files set prefix_sha256 = 'x'::blob", "the whole does not have the hash"),
        ("delete from files", "no known file"),
    ],
)
def test_each_kind_of_damage(transcript, agp, change, what):
    with open_writer() as con:
        con.execute(change)
    found = damages(agp)
    assert any(what in damage["what"] for damage in found), found
    assert what in agp("warehouse", "verify", exit_code=1).stdout.replace("\n", " ")


def test_records_in_another_order_are_no_damage(transcript, agp):
    with open_writer() as con:
        con.execute("create temp table r as from raw_records; delete from raw_records")
        con.execute("insert into raw_records from r order by ordinal desc")
    agp("warehouse", "verify")


def test_flipped_bytes_of_the_file_are_found_or_meaningless(transcript, agp):
    sound, dice = warehouse_path().read_bytes(), random.Random(7)
    codes = []
    for _ in range(6):
        data = bytearray(sound)
        data[dice.randrange(12_288, len(data))] ^= 0xFF
        warehouse_path().write_bytes(data)
        result = CliRunner().invoke(main, ["warehouse", "verify"])
        codes.append(result.exit_code)
        assert isinstance(result.exception, SystemExit | None), result.exception
    assert {1, 2} & set(codes)  # a byte that no block uses may differ
