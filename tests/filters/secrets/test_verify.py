"""`agp secrets verify`: two look, what is found is told by kind and place, and doubt is no pass."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters.secrets import second

STAND_IN = """#!{python}
import json, os, pathlib, sys
roots = [a for a in sys.argv[2:] if os.path.isdir(a) and "rule-cache" not in a and "cache" not in a]
log = pathlib.Path({log!r})
log.write_text(json.dumps({{"args": sys.argv[1:], "env": sorted(os.environ)}}))
found = []
for root in roots:
    for path in pathlib.Path(root).rglob("*"):
        if path.is_file():
            for number, line in enumerate(path.read_bytes().split(b"\\n"), 1):
                at = line.find(b"zork-")
                if at >= 0:
                    where = {{"path": str(path), "line": number, "column_start": at}}
                    where["column_end"] = at + 9
                    where["snippet"] = line[at : at + 9].decode()
                    found.append({{"rule": {{"id": "betterleaks.zork-key"}}, "finding": where}})
print(json.dumps({{"findings": found}}))
print(json.dumps({{"summary": 1}}))
sys.exit(200 if found else 0)
"""


@pytest.fixture
def scanner(tmp_path, monkeypatch):
    """Put a stand-in with kingfisher's output on the path; return what it was called with."""
    log = tmp_path / "log.json"
    program = tmp_path / "bin" / "kingfisher"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable, log=str(log)))
    program.chmod(0o755)
    monkeypatch.setattr(second, "program", lambda: str(program))
    return lambda: json.loads(log.read_text())


@pytest.fixture
def build(tmp_path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train.jsonl").write_text('{"text": "roses"}\n')
    return folder


def test_clean(agp, build, scanner):
    shown = agp("secrets", "verify", build).stdout
    assert "agp's detectors and kingfisher find nothing in 1 file" in shown
    args = scanner()["args"]
    assert {"--no-validate", "--no-update-check", "--no-ignore"} <= set(args)
    assert set(scanner()["env"]) <= {"PATH", "HOME", "LANG", "LC_CTYPE"}


def test_where_it_finds_and_never_what(agp, build, scanner):
    """In text, in Parquet and its metadata, and in the name of a file."""
    table = pa.table({"text": ["a", "b zork-7Qx2", "c"]})
    pq.write_table(table.replace_schema_metadata({"k": "zork-Meta"}), build / "train.parquet")
    (build / "README.md").write_text("# Card\n\nby zork-1Ab2\n")
    (build / "zork-9Na8.txt").write_text("x")
    done = agp("secrets", "verify", build, "--json", exit_code=1)
    rows = {(Path(r["file"]).name, r["row"]) for r in json.loads(done.stdout)["findings"]}
    assert rows >= {("train.parquet", 2), ("train.parquet", 4), ("README.md", 3), ("data", 0)}
    assert "zork-" not in done.output
    assert "zork-" not in agp("secrets", "verify", build, exit_code=1).output


def test_our_own_finding_is_one_too(agp, build, scanner, grow):
    key = grow("ghp_{A-Za-z0-9*36}", 4)
    (build / "train.jsonl").write_text(json.dumps({"text": key}))
    shown = agp("secrets", "verify", build, exit_code=1).output
    assert "github_pat" in shown and key not in shown
    assert "github_pat" in agp("secrets", "verify", build, "--own", exit_code=1).output


def test_many_findings_are_few_in_a_terminal(agp, build, grow):
    keys = grow("ghp_{A-Za-z0-9*36}", 3)
    (build / "train.jsonl").write_text("".join(json.dumps({"text": keys}) + "\n" for _ in range(9)))
    few = agp("secrets", "verify", build, "--own", "--limit", "2", exit_code=1).output
    assert few.count("github_pat") == 2 and "… and 7 more findings; --limit 0 shows them" in few
    every = agp("secrets", "verify", build, "--own", "--limit", "0", exit_code=1).output
    assert every.count("github_pat") == 9 and "more" not in every


def test_where_there_is_no_file_nothing_was_verified(agp, tmp_path):
    (tmp_path / "empty").mkdir()
    done = agp("secrets", "verify", tmp_path / "empty", "--own", exit_code=2)
    assert "holds no file" in done.stderr


def test_without_it_nothing_is_verified(agp, build, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(second.sys, "executable", str(tmp_path / "python"))
    done = agp("secrets", "verify", build, exit_code=2)
    assert "pip install kingfisher-bin" in done.stderr and done.stderr.count("\n") == 1
    assert "find nothing" in agp("secrets", "verify", build, "--own").stdout


@pytest.mark.parametrize("body", ["exit 3", "echo '{}'", "echo no; exit 0", "kill -9 $$"])
def test_a_scanner_that_fails_is_no_pass(agp, build, monkeypatch, tmp_path, body):
    program = tmp_path / "kingfisher"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setattr(second, "program", lambda: str(program))
    assert "kingfisher" in agp("secrets", "verify", build, exit_code=2).stderr


def test_what_is_no_build(agp, tmp_path, scanner):
    agp("ingest")
    assert "agp lanes list" in agp("secrets", "verify", "nonsuch", exit_code=2).stderr


@pytest.mark.slow
def test_the_real_scanner(agp, build, grow):
    """kingfisher-bin, which the tests install."""
    agp("secrets", "verify", build)
    key = grow("ghp_{A-Za-z0-9*36}", 6)
    pq.write_table(pa.table({"text": ["a", f"use {key}"]}), build / "train.parquet")
    (build / f"notes-{grow('glpat-{A-Za-z0-9*20}', 6)}.md").write_text("x")
    done = agp("secrets", "verify", build, "--json", exit_code=1)
    found = {(r["by"], r["kind"], r["row"]) for r in json.loads(done.stdout)["findings"]}
    assert ("kingfisher", "github_pat", 2) in found and ("kingfisher", "gitlab_pat", 0) in found
    assert key not in done.output
