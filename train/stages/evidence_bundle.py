"""What a decision over a bundle rests on: that of every run that brought a part, and of the whole.

A bundle is a copy. So its files are held against those of the runs, the runs against what was
written down when they were made, and its own measurement beside stage 1 alone against its manifest.
"""

from pathlib import Path
from typing import Any

from train.eval.promote import check_verdicts, tampered
from train.model.digest import file_sha256
from train.stages import evidence, runs
from train.stages.kept_bundles import Kept
from warehouse.errors import AgpError

SUMMED = ("seconds", "steps", "tokens", "supervised", "trainable")
Documents = list[dict[str, Any]]


def gather(kept: Kept) -> tuple[dict[str, Any], Documents, list[str]]:
    """Return a bundle's facts, all evaluations on test splits, and limitations in words.

    AgpError in one line where a run was not measured, or something is not as it was made.
    """
    if not kept.run_ids:
        raise AgpError(f"{kept.bundle.folder} names no run that brought its parts; make it of runs")
    documents, limits = of_whole(kept)
    known = []
    for run_id in kept.run_ids:
        run = runs.find_run(run_id)
        facts, found, said = evidence.gather(run)
        same_files(kept, run)
        known.append(facts)
        documents += found
        limits += [f"{run_id}: {line}" for line in said]
    return bundle_facts(kept, known), documents, limits


def of_whole(kept: Kept) -> tuple[Documents, list[str]]:
    """Return the bundle's own measurements, checked; without heads there is nothing to measure."""
    files = sorted((kept.folder / "evaluations").glob("*-test.json"))
    if not files and "heads" in kept.bundle.manifest.parts:
        raise AgpError(
            f"{kept.name} was not measured beside its stage 1 alone: agp eval {kept.bundle.folder}"
        )
    documents = [runs.read_json(file) for file in files]
    texts = evidence.gate_texts(kept.folder) if documents else {}
    for document in documents:
        if document.get("artifact_sha256") != kept.artifact:
            raise tampered(document, "it was measured with other parts than those that lie there")
        text = texts.get(document["gates_digest"])
        if text is None:
            raise tampered(document, "no look at the test split was written down under its gates")
        check_verdicts(document, text, kept.folder / "openings.jsonl")
        evidence.check_copy(document)
    return documents, evidence.limitations({"commit": ""}, documents)


def same_files(kept: Kept, run: Path) -> None:
    """Raise unless every file that a run brought is still what the run itself holds."""
    for role, part in kept.bundle.manifest.parts.items():
        for name, sha in part.files.items() if part.run_id == run.name else ():
            file = next((f for f in (run / "best" / name, run / name) if f.is_file()), None)
            if file is None or file_sha256(file) != sha:
                raise AgpError(
                    f"{role}/{name} of {kept.bundle.folder} is not what run {run.name} holds; "
                    "make the bundle again"
                )


def bundle_facts(kept: Kept, known: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the record says of a bundle: of its runs, the first of which is the backbone."""
    first, last = known[0], known[-1]
    captures = {k: v for facts in known for k, v in evidence.captures_of(facts).items()}
    summed = {k: sum(facts.get(k) or 0 for facts in known) for k in SUMMED}
    seeds = {facts["run_id"]: facts["settings"].get("seed") for facts in known}
    folder = kept.bundle.folder
    return {
        **{k: v for k, v in last.items() if k != "capture_digest"},
        **{k: first.get(k) for k in ("data", "build_id", "data_digests", "rows")},
        **{k: first.get(k) for k in ("model", "model_digest", "tokenizer_digest")},
        **kept.facts(),
        **summed,
        "captures": captures or None,
        "settings": {"seed": seeds},
        "artifact_sha256": kept.artifact,
        "reproduce": [
            *(f"agp reproduce {facts['run_id']}" for facts in known),
            f"agp bundle make {' '.join(kept.run_ids)} --out NEW-FOLDER",
            f"agp eval {folder}",
        ],
    }
