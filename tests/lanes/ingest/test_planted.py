"""Broken lines of six kinds: each is quarantined, or read where it can be, at exactly its place."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GENERATOR = os.environ.get("AGP_GENERATOR")
READ = {"utf8": 1, "two": 2}  # records that can be read of such a line; of the others none
PLANTED = {
    "cut": b'{"type": "user", "message": {"role": "us\n',
    "blank": b"\n",
    "utf8": b'{"type": "user", "n": "\xff\xfe"}\n',
    "two": b'{"type": "user", "n": 1}{"type": "user", "n": 2}\n',
    "nul": b"\0" * 64 + b"\n",
    "scalar": b"42\n",
}


def check(agp, rows, planted: list[dict]) -> None:
    """Ingest, and find of each planted line all its bytes in records with or without a reason."""
    agp("ingest")
    found: dict[tuple[str, int], list[tuple[int, str | None]]] = {}
    places = {(str(Path(p["file"]).resolve()), p["offset"]): p for p in planted}
    assert len(places) == len(planted)
    for path, offset, length, reason in rows(
        "select path, byte_offset, byte_length, reason from raw_records join files using (file_id)"
        " order by path, byte_offset"
    ):
        for place, line in places.items():
            if place[0] == path and place[1] <= offset < place[1] + line["length"]:
                found.setdefault(place, []).append((length, reason))
    for place, line in places.items():
        records = found[place]
        assert sum(length for length, _ in records) == line["length"], line
        read = sum(reason is None for _, reason in records)
        assert read == READ.get(line["kind"], 0), (line, records)
    quarantined = sum(line["kind"] not in READ for line in planted)
    assert rows("select count(reason) from raw_records") == [(quarantined,)]


def test_six_kinds_of_broken_lines_between_good_ones(home, agp, rows, line):
    path = home / ".claude" / "projects" / "p" / "s.jsonl"
    path.parent.mkdir(parents=True)
    data, planted = line(0), []
    for number, (kind, broken) in enumerate(PLANTED.items(), 1):
        planted.append({"file": path, "offset": len(data), "length": len(broken), "kind": kind})
        data += broken + line(number)
    path.write_bytes(data)
    check(agp, rows, planted)


@pytest.mark.slow
@pytest.mark.skipif(not GENERATOR, reason="AGP_GENERATOR names no program")
def test_every_line_that_a_generator_planted(home, agp, rows):
    target = home / ".claude"
    options = ["--mb", "10", "--files", "40", "--malformed", "30"]
    subprocess.run([sys.executable, str(GENERATOR), str(target), *options], check=True)
    planted = json.loads((target / "malformed.json").read_text())
    assert {p["kind"] for p in planted} == set(PLANTED)
    check(agp, rows, planted)
