"""`agp lanes build sft` from a small history: what comes out, and what does not."""

from collections import Counter
from pathlib import Path

import orjson
import pytest

from agp.report.ask import ask
from lanes.build_shown import show_left_out
from lanes.card import supervised
from lanes.lane import lane_named
from lanes.split import SPLITS
from warehouse.store import open_reader


def built(agp, *args) -> tuple[Path, dict]:
    made = orjson.loads(agp("lanes", "build", "sft", "--json", *args).stdout)
    return Path(made["path"]), made


def rows_of(folder: Path) -> dict[str, list[dict]]:
    paths = sorted(folder.glob("*.jsonl"))
    return {p.stem: [orjson.loads(line) for line in p.read_bytes().splitlines()] for p in paths}


def test_every_answer_is_supervised_once_and_no_family_straddles(many, agp, rows):
    folder, made = built(agp, "--max-exchanges", "2")
    splits = rows_of(folder)
    assert set(splits) == set(SPLITS) and not made["empty_splits"]
    seen = Counter()
    for row in (row for split in splits.values() for row in split):
        assert len(row["loss"]) == len(row["messages"]) and any(row["loss"])
        pairs = zip(row["messages"], row["loss"], strict=True)
        seen.update(m["content"] for m, bit in pairs if bit)
    assert len(seen) == 121 and set(seen.values()) == {1}
    families = "from v_lane_rows join v_exchanges using (exchange_id) group by family_id"
    assert rows(f"select distinct count(distinct split) {families}") == [(1,)]


def test_building_twice_gives_the_same_bytes_and_registers_once(many, agp, rows, tmp_path):
    folder, first = built(agp)
    other, second = built(agp, "--out", str(tmp_path / "elsewhere"))
    assert first["new"] and not second["new"] and first["build_id"] == second["build_id"]
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {
        p.name: p.read_bytes() for p in other.iterdir()
    }
    assert rows("select count(*) from lane_builds") == [(1,)]
    assert not list(folder.parent.glob(".partial*"))


def test_secrets_leave_as_placeholders(many, agp):
    folder, made = built(agp)
    assert made["redactions"]["email"] == 1
    text = b"".join(p.read_bytes() for p in folder.glob("*.jsonl"))
    assert b"anna.weber" not in text and b"[EMAIL_1]" in text


def test_what_a_person_switched_off_stays_and_is_said(many, agp, tmp_path):
    (tmp_path / ".agp/secrets.toml").write_text("[personal]\nemail = false\nhost = true")
    folder, made = built(agp)
    assert b"anna.weber" in b"".join(p.read_bytes() for p in folder.glob("*.jsonl"))
    assert made["looked_for"]["off"] == ["email", "private_ip"]
    assert "Not looked for, as chosen: email, private_ip." in (folder / "README.md").read_text()


def test_a_build_with_a_secret_is_refused_and_leaves_nothing(many, agp, monkeypatch, tmp_path):
    monkeypatch.setattr("filters.secrets.Redactor.value", lambda self, value: value)
    result = agp("lanes", "build", "sft", exit_code=2)
    assert "email in " in result.stderr and "anna.weber" not in result.stderr
    assert not list((tmp_path / ".agp" / "lanes").iterdir())


def test_a_row_leads_back_to_its_bytes(many, agp):
    _, made = built(agp)
    show = ("lanes", "show", made["build_id"])
    shown = orjson.loads(agp(*show, "train:0", "--json").stdout)
    assert {line["exchange_id"] for line in shown["origin"]} == set(shown["row"]["exchange_ids"])
    for line in shown["origin"]:
        data = Path(line["path"]).read_bytes()[line["byte_offset"] :][: line["byte_length"]]
        assert orjson.loads(data)["uuid"] == line["message_id"]
    assert "earns loss" in agp(*show, "train:0").stdout
    assert "there is no row" in agp(*show, "test:9999", exit_code=2).stderr
    assert "there is no build" in agp("lanes", "show", "nope", "test:1", exit_code=2).stderr


def test_the_audit_agrees_with_the_manifest_and_sees_a_changed_file(many, agp):
    folder, made = built(agp)
    audit = orjson.loads(agp("lanes", "audit", made["build_id"], "--json").stdout)
    for name, facts in made["splits"].items():
        assert audit["splits"][name]["rows"] == facts["rows"]
        assert audit["splits"][name]["fully_masked"] == 0
    assert audit["verdict"].startswith("every row earns loss, every file has its hash")
    (folder / "test.jsonl").write_text("{}\n")
    assert "test.jsonl changed" in agp("lanes", "audit", str(folder)).stdout


@pytest.mark.slow
def test_history_may_grow_and_families_stay_where_they_are(many, claude_tree, agp, rows):
    built(agp)
    before = rows("select family_id, split from splits")
    for s in range(30):
        session = claude_tree(f"new{s}")
        session.person(f"Describe the garden of house number {s} in two lines")
        session.agent(f"House {s} has a garden with a pond, and a tree that is older than it.")
    agp("ingest")
    built(agp)
    after = rows("select family_id, split from splits")
    assert len(after) == 70 and set(before) <= set(after)


def test_what_was_interrupted_is_context_only(claude_tree, agp):
    session = claude_tree()
    session.person("Begin with the work on the fence of the garden")
    session.agent("I began to measure the posts of the fence.")
    session.user([{"type": "text", "text": "[Request interrupted by user]"}])
    session.person("Go on with the fence then, and finish all of it")
    session.agent("The fence stands: twelve posts, two gates, one coat of paint.")
    agp("ingest")
    folder, made = built(agp)
    [[row]] = rows_of(folder).values()
    assert row["loss"] == [False, False, False, True]
    assert made["left_out"]["reasons"]["interrupted"] == 1
    assert len(made["empty_splits"]) == 4
    assert any(line.endswith(" has 0 of 20 rows") for line in made["missing"])
    assert "No family fell into" in agp("lanes", "build", "sft").stdout


def test_time_cut(claude_tree, agp, rows):
    for s in range(60):
        session = claude_tree(f"s{s}")
        when = {"timestamp": f"2026-03-0{1 + s % 4}T09:00:00.000Z"}
        session.person(f"Write page number {s} of the guide to the garden", **when)
        session.agent(f"Page {s} is written; it has three parts and a drawing.", **when)
    agp("ingest")
    built(agp, "--test-after", "2026-03-03")
    late = "from v_lane_rows join v_exchanges using (exchange_id) where asked_at >= '2026-03-03'"
    assert rows(f"select distinct split {late}") == [("test",)]
    assert rows(f"select count(*) {late}") == [(30,)]


def test_an_empty_build_says_where_to_look(claude_tree, agp):
    agp("ingest")
    assert "run `agp ingest` first" in agp("lanes", "build", "sft", exit_code=2).stderr
    claude_tree().person("Is there anybody in the garden today?")
    agp("ingest")
    assert "agp filters audit" in agp("lanes", "build", "sft", exit_code=2).stderr


def test_a_folder_with_other_files_is_not_touched(many, agp, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    result = agp("lanes", "build", "sft", "--out", str(tmp_path / "mine"), exit_code=2)
    assert "holds other files" in result.stderr


def test_a_place_that_cannot_be_written_is_one_line(many, agp, tmp_path):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file" / "build", Path("/proc/x/build")):
        assert (
            "name another folder" in agp("lanes", "build", "sft", "--out", out, exit_code=2).stderr
        )


def test_a_build_over_which_another_was_written_is_not_there(many, agp, tmp_path):
    _, first = built(agp, "--out", str(tmp_path / "data"))
    _, second = built(agp, "--out", str(tmp_path / "data"), "--tools", "none")
    listed = orjson.loads(agp("lanes", "list", "--json").stdout)
    there = {build["build_id"]: build["there"] for build in listed}
    assert there == {first["build_id"]: False, second["build_id"]: True}
    shown = agp("lanes", "show", first["build_id"], "train:0", exit_code=2)
    assert "no longer holds it" in shown.stderr


def test_a_link_to_a_folder_elsewhere_is_followed(many, agp, tmp_path):
    (tmp_path / "big").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "big")
    for _ in range(2):
        built(agp, "--out", str(tmp_path / "data"))
    assert (tmp_path / "data").is_symlink() and rows_of(tmp_path / "big")


def test_a_bad_setting_is_one_line(many, agp):
    assert "max_chars" in agp("lanes", "build", "sft", "--max-chars", "-1", exit_code=2).stderr


def test_what_is_left_out_adds_up_by_reason_and_by_rule(sample, capsys):
    made = orjson.loads((sample / "data" / "manifest.json").read_bytes())
    left = made["left_out"]
    supervised = sum(facts["exchanges"] for facts in made["splits"].values())
    assert supervised + sum(left["reasons"].values()) == left["exchanges"]
    assert sum(left["first_rule"].values()) == left["reasons"]["rule"]
    assert all(left["by_rule"][rule] >= n for rule, n in left["first_rule"].items())
    show_left_out(left)
    printed = capsys.readouterr().out
    assert f"left out: {sum(left['reasons'].values())} of {left['exchanges']} " in printed
    assert f"by rule: {left['reasons']['rule']} exchanges" in printed


def test_all_tables_count_exchanges_and_what_is_learned_from_alike(many, agp):
    folder, made = built(agp)
    listed = orjson.loads(agp("sql", "--example", "datasets", "--json").stdout)
    with open_reader() as con:
        reported = ask(con, "builds")
    audit = orjson.loads(agp("lanes", "audit", str(folder), "--json").stdout)["splits"]
    shares = agp("lanes", "build", "sft").stdout
    for rows in (listed, reported):
        counts = {row["split"]: (row["exchanges"], row["context"]) for row in rows}
        assert counts == {
            name: (facts["exchanges"], facts.get("context", 0))
            for name, facts in made["splits"].items()
        }
    for name, facts in made["splits"].items():
        share = supervised(facts, lane_named("sft"))
        assert audit[name]["supervised"] == share and share in shares


def test_what_needs_more_memory_than_usual_is_built_with_more(many, agp, monkeypatch):
    monkeypatch.setattr("warehouse.memory.LIMIT", "1MB")
    small, manifest = built(agp)
    monkeypatch.setattr("warehouse.memory.LIMIT", "1GB")
    assert built(agp)[1]["content_sha256"] == manifest["content_sha256"] and small.exists()
