"""What `agp ingest` says and keeps, on small trees."""

import json
import subprocess
import sys


def test_every_byte_is_kept_and_what_cannot_be_read_says_why(tree, agp, kept, rows, line):
    file = tree / "s.jsonl"
    file.write_bytes(line(1) + b"\n{broken\n\xff\xfe\n4\n" + line(2))
    agp("ingest")
    assert kept(file) == [file.read_bytes()]
    at = len(line(1))
    assert rows("select byte_offset, reason from raw_records where reason is not null") == [
        (at, "blank line"),
        (at + 1, "not JSON"),
        (at + 9, "not JSON"),
        (at + 12, "a number, not an object"),
    ]


def test_a_second_ingest_changes_nothing(tree, agp, rows, line):
    (tree / "s.jsonl").write_bytes(line(1))
    first = json.loads(agp("ingest", "--json").stdout)
    second = json.loads(agp("ingest", "--json").stdout)
    assert first["new"]["records"] == 1
    assert set(second["new"].values()) == {0} and second["files"]["unchanged"] == 1
    assert rows("select count(*) from ingests") == [(1,)]


def test_an_unchanged_file_is_not_opened(tree, agp, line, monkeypatch):
    (tree / "s.jsonl").write_bytes(line(1))
    agp("ingest")
    monkeypatch.setattr("lanes.ingest.parse.read_file", None)
    agp("ingest")


def test_an_empty_home_is_no_error(agp):
    assert "No transcript was found" in agp("ingest").output


def test_a_path_that_is_not_there_is_one_line(agp):
    assert agp("ingest", "nowhere", exit_code=2).output.startswith("agp: there is nothing at")


def test_a_file_that_no_source_knows_is_one_line(agp, home):
    (home / "notes.txt").write_text("Water the roses")
    assert "no source has files like" in agp("ingest", home / "notes.txt", exit_code=2).stderr


def test_a_folder_without_any_history_says_so(tree, agp, home, line):
    (tree / "s.jsonl").write_bytes(line(1))
    agp("ingest")
    (home / "notes").mkdir()
    assert "no history was found in" in agp("ingest", home / "notes").stderr


def test_a_run_that_finds_nothing_new_imports_neither_arrow_nor_rich(tree, agp, line):
    (tree / "s.jsonl").write_bytes(line(1))
    agp("ingest")
    code = (
        "import sys; from agp.cli import main; main(['ingest', '--json'], standalone_mode=False);"
        "sys.stderr.write(' '.join({m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["new"]["records"] == 0
    assert not {"pyarrow", "numpy", "pandas", "rich"} & set(done.stderr.split())


def test_the_summary_names_files_records_and_what_was_quarantined(tree, agp, line):
    (tree / "s.jsonl").write_bytes(line(1) + b"broken\n")
    lines = agp("ingest").output.splitlines()
    assert [row.split()[-1] for row in lines if row.startswith(("records", "quarantined"))] == [
        "2",
        "1",
    ]


def test_an_image_is_kept_once(tree, agp, kept, rows):
    image = b"QUJD" * 8000
    record = b'{"type":"user","a":"%s","b":"%s"}\n' % (image, image)
    file = tree / "s.jsonl"
    file.write_bytes(record * 3)
    agp("ingest")
    assert rows("select byte_length from payloads") == [(24000,)]
    assert rows("select max(stored_length) from raw_records") == [(len(record) - 2 * 31966,)]
    (tree / "t.jsonl").write_bytes(record)
    agp("ingest")
    assert rows("select count(*) from payloads") == [(1,)]
    assert kept(file) == [file.read_bytes()]


def test_tool_output_and_metadata_are_one_record_each(tree, agp, kept, rows):
    (tree / "s" / "tool-results").mkdir(parents=True)
    (tree / "s" / "subagents").mkdir()
    output = tree / "s" / "tool-results" / "toolu_1.txt"
    output.write_bytes(b"two\nlines, \xff and no end")
    (tree / "s" / "subagents" / "agent-1.meta.json").write_text('{\n  "agentType": "x"\n}')
    agp("ingest")
    assert rows("select kind, records, quarantined, session_id from files order by kind") == [
        ("metadata", 1, 0, "s"),
        ("tool_output", 1, 0, "s"),
    ]
    assert kept(output) == [output.read_bytes()]
