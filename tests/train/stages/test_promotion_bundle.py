"""`agp promote BUNDLE`: decided over as a whole, and every way to cheat it."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from train.eval import whole
from train.eval.gates import load_gates
from train.eval.stage1 import Measure, rule
from train.eval.statistics import Estimate
from train.model.digest import file_sha256
from train.stages import decisions, kept_bundles, promotion, record, runs
from warehouse.errors import AgpError
from warehouse.store import open_writer


def measured(folder: Path, n: int = 4) -> kept_bundles.Kept:
    """Leave a bundle's measurement beside stage 1 alone, as `agp eval BUNDLE` would."""
    kept = kept_bundles.keep(folder)
    fixed = load_gates(whole.GATES)
    head = kept.facts() | {"split": "test", "pack": "p", "pack_digest": "d"}
    head["gates_digest"] = fixed.digest
    document = head | {"openings": record.open_test(kept.folder, head, fixed.text), "words": []}
    found = [Measure("improved", Estimate(0.0, 0.0, 0.0, n))]
    document["measures"] = [{"name": "improved", "value": 0.0, "low": 0.0, "high": 0.0, "n": n}]
    document["gates"] = [r.row() for r in rule(fixed.gates, found)]
    document["artifact_sha256"] = kept.artifact
    (kept.folder / "evaluations").mkdir()
    runs.write_json(kept.folder / "evaluations" / "d-test.json", document)
    record.record(document)
    return kept


@pytest.fixture
def bundle(agp: Any, measured_run: Callable[..., str]) -> Path:
    """Return a measured bundle of measured runs."""
    agp("bundle", "make", measured_run(2), measured_run(5), "--out", "b")
    measured(Path("b"))
    return Path("b").absolute()


def refused(agp: Any, bundle: Path, said: str) -> None:
    """Check that nothing is decided over a bundle, in one line."""
    error = agp("promote", bundle, exit_code=2).stderr
    assert said in error and error.count("\n") == 1, error
    assert not decisions.all_promotions()


def test_a_bundle_is_decided_over_as_a_whole(agp: Any, bundle: Path, rows: Any):
    found = json.loads(agp("promote", bundle, "--json").stdout)
    assert found["decision"] == "hold" and found["stage"] == 5
    assert {g["run_id"][:3] for g in found["gates"]} == {"bun", "s2-", "s5-"}
    assert len(found["parents"]) == 2 and found["reproduce"][-1] == f"agp eval {bundle}"
    again = json.loads(agp("promote", bundle, "--json").stdout)
    assert not again["new"] and again["promotion_id"] == found["promotion_id"]
    assert rows("select run_id, decision from v_promotions") == [(found["run_id"], "hold")]
    said = agp("promote", bundle).output
    assert f"HOLD {found['run_id']}" in said
    page = (Path(found["path"]) / "record.md").read_text()
    assert page.startswith("# Hold: bundle ")


def test_a_whole_that_improves_nothing_is_rejected(agp: Any, measured_run: Callable[..., str]):
    agp("bundle", "make", measured_run(2), "--out", "b")
    measured(Path("b"), n=40)
    found = json.loads(agp("promote", "b", "--json").stdout)
    assert found["decision"] == "reject" and found["reason"].startswith("failed: improved (bundle-")


def test_what_was_not_measured_is_not_decided(
    agp: Any, measured_run: Callable[..., str], part_run: Callable[..., str]
):
    agp("bundle", "make", measured_run(2), "--out", "b")
    refused(agp, Path("b"), "was not measured beside its stage 1 alone: agp eval")
    never = part_run(5)
    agp("bundle", "make", never, "--out", "c")
    refused(agp, Path("c"), f"was not measured on a test split: agp eval {never}")


def test_a_changed_part_is_seen(agp: Any, bundle: Path):
    file = bundle / "codec" / "codec.safetensors"
    arrays: Any = mx.load(str(file))
    mx.save_safetensors(str(file), {k: v + 1 for k, v in arrays.items()})
    refused(agp, bundle, "is not as it was written")
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest["parts"]["codec"]["files"]["codec.safetensors"] = file_sha256(file)
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    refused(agp, bundle, "was not measured beside")  # another manifest is another bundle
    measured(bundle)
    refused(agp, bundle, "codec/codec.safetensors of")  # and the run holds other bytes


def edited(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_edited_numbers_and_gates_are_seen(agp: Any, bundle: Path):
    evidence = kept_bundles.keep(bundle).folder
    document, looks = evidence / "evaluations" / "d-test.json", evidence / "openings.jsonl"
    kept = document.read_text()
    edited(document, '"value": 0.0', '"value": 1.0')
    refused(agp, bundle, "other verdicts")
    document.write_text(kept)
    edited(looks, "least = 20", "least = 1")
    refused(agp, bundle, "are not those it was held against")
    edited(looks, "least = 1 ", "least = 20 ")
    run = next((bundle.parent / ".agp" / "runs").glob("s5-*"))
    edited(run / "evaluations" / "d-test.json", '"too_few"', '"passed"')
    refused(agp, bundle, "says passed, not too_few")


def test_an_edited_capture_is_seen(agp: Any, measured_run: Callable[..., str], tmp_path: Path):
    folder = tmp_path / ".agp" / "captures" / "c0"
    folder.mkdir(parents=True)
    shard = folder / "shard-00000.safetensors"
    shard.write_bytes(b"states")
    note = {"shard": shard.name, "sha256": file_sha256(shard)}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "shards": [note]}))
    digest = file_sha256(folder / "manifest.json")
    run = measured_run(5, capture=str(folder), captures={"c0": digest})
    found = json.loads(agp("promote", run, "--json").stdout)
    assert found["dataset"]["captures"] == {"c0": digest}
    shutil.rmtree(promotion.promotions_folder())
    shard.write_bytes(b"other")
    refused(agp, Path(run), "is not what s5-")
    shutil.rmtree(folder)
    said = json.loads(agp("promote", run, "--json").stdout)["limitations"]
    assert "the capture c0 is no longer there" in said


def test_a_full_disk_leaves_nothing_half(agp: Any, bundle: Path, rows: Any):
    real, fails = os.replace, {"of": "promotions"}

    def full(source: Any, target: Any) -> None:
        if fails["of"] in str(target):
            raise OSError(28, "No space left on device")
        real(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", full)
        refused(agp, bundle, "No space left on device")
        assert list(promotion.promotions_folder().glob("*p*")) == []
        fails["of"] = "/bundles/"
        refused(agp, bundle, "No space left on device")

    def no_room(*_: Any, **__: Any) -> None:
        raise AgpError("no room to write the warehouse")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(promotion, "register", no_room)
        refused(agp, bundle, "no room to write the warehouse")
    assert rows("select count(*) from v_promotions") == [(0,)]
    assert json.loads(agp("promote", bundle, "--json").stdout)["new"]


def test_two_at_once(agp: Any, bundle: Path):
    promotion.make_folder()
    with promotion.one_at_a_time():
        refused(agp, bundle, "another process is deciding")


def test_a_promotion_leads_to_bytes(agp: Any, measured_run: Callable[..., str], claude_tree: Any):
    for i in range(12):
        session = claude_tree(f"s{i}")
        session.person(f"Please write a note on caches, the {i}th one, and keep it short.")
        session.agent(f"A cache keeps what was computed; note {i} says when to throw it away.")
    agp("ingest")
    agp("lanes", "build", "sft", "--out", "sft")
    build = json.loads(agp("lanes", "list", "--json").stdout)[0]["build_id"]
    base = measured_run(1, build_id=build)
    digest = file_sha256(runs.find_run(base) / "best" / "adapters.safetensors")[:16]
    codec = measured_run(5, digest, base_run_id=base, adapter_digest=digest)
    agp("bundle", "make", codec, "--out", "b")
    for of in ("b", codec):
        promoted = json.loads(agp("promote", of, "--json").stdout)["promotion_id"]
        tree = agp("lineage", promoted, "--json").stdout
        assert {f'"id": "{name}"' in tree for name in (base, codec, build)} == {True}
        files = transcripts(json.loads(tree))
        assert len({f["id"] for f in files}) == 12
        assert all(f["sha256"].lower() == file_sha256(Path(f["path"])) for f in files)
    assert "bundle-" in agp("lineage", base).output


def test_a_run_on_a_capture_leads_to_bytes(
    agp: Any, measured_run: Callable[..., str], claude_tree: Any, rows: Any
):
    """Heads of the untuned model have no dataset: their capture's prompts were exchanges."""
    session = claude_tree("s1")
    session.person("Please write a note on caches.")
    session.agent("A cache keeps what was computed.")
    agp("ingest")
    [(exchange,)] = rows("select exchange_id from v_exchanges")
    run = measured_run(2, capture_id="c0", capture_digest="0")
    with open_writer() as con:
        con.execute(
            "insert into captures "
            "values ('c0', 'tiny', 'm', null, 'p', 'd', [2], 8, 1, 4, 'x', now())"
        )
        con.execute(
            "insert into capture_prompts values ('c0', 'p0', 'heads', 'shard', 0, 4, ?)", [exchange]
        )
    promoted = json.loads(agp("promote", run, "--json").stdout)["promotion_id"]
    [file] = transcripts(json.loads(agp("lineage", promoted, "--json").stdout))
    assert file["sha256"].lower() == file_sha256(Path(file["path"]))
    assert "promotion" in agp("lineage", exchange).output


def transcripts(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all transcripts that a tree came from."""
    own = [node] if node.get("form") == "transcript" else []
    return own + [f for child in node.get("came_from", []) for f in transcripts(child)]
