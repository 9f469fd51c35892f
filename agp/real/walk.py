"""The sample history through stage 1 on the real model: a folder in, what was measured out."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from agp.demo import living_in
from agp.demo_guide import Guide
from lanes.sample_history import copy_to

# Few steps of few tokens: the head is 262,144 words wide, so a token costs a third of a billion
# multiplications before the model itself begins.
SETTINGS = (
    "window=256",
    "accumulate=1",
    "max_steps=24",
    "learning_rate=3e-4",
    "evaluate_every=24",
    "valid_tokens=1500",
)
# Five of eighteen layers, few tokens: each is decoded by two lenses, again over all words.
MAP = ("--most", "40", "--set", "layers=6,9,12,15,17", "--set", "splits=heads,valid")
SHORT = ("--set", "length=8", "--set", "window=256")
MEASURED = ("--most", "40", "--answers", "2", "--max-tokens", "40", "--show", "1")


def walk(home: Path, model: Path, found: dict[str, Any]) -> dict[str, Any]:
    """Ingest, build, train and evaluate in a fresh home; return the evaluation and the run."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    copy_to(home)
    with living_in(home):
        return steps(Guide(home), model, found)


def steps(guide: Guide, model: Path, found: dict[str, Any]) -> dict[str, Any]:
    """Show and run every step."""
    guide.step(
        "The model is the one that was recorded",
        f"Its file has the recorded sha-256, its tokenizer gives {found['tokens']:,} tokens back "
        f"as the text they came from, its perplexity on that text is {found['perplexity']:.2f}.",
    )
    guide.step("The sample history becomes a dataset", "The rules of `agp filters` decide.")
    guide.run("ingest", lines=12)
    data = str(guide.home / "sft")
    guide.run("lanes", "build", "sft", "--out", data, lines=12)
    guide.step("Stage 1", "A LoRA on half of the blocks, spread over the depth.")
    few = [word for setting in SETTINGS for word in ("--set", setting)]
    guide.run_apart("train", "run", "1", "--model", str(model), "--data", data, *few)
    run = json.loads(guide.quietly("runs", "list", "--json"))[0]
    guide.step("Held-out sessions", "The adapter against its base, on answers it never saw.")
    guide.run("packs", "build", "--data", data)
    guide.run_apart("eval", run["run_id"], "--pack", "history", *MEASURED, lines=100)
    guide.step("Stage 0", "What do the base model's layers know, and where could it stop?")
    guide.run_apart(
        "train", "run", "0", "--model", str(model), "--pack", "history", *MAP, *SHORT, lines=40
    )
    newest = json.loads(guide.quietly("runs", "list", "--json"))[0]
    map_of = json.loads((Path(newest["path"]) / "report.json").read_text())
    evaluations = Path(run["path"]) / "evaluations"
    (file,) = evaluations.glob("*-test.json")
    facts = json.loads(guide.quietly("runs", "show", run["run_id"], "--json"))
    return {
        "run": facts,
        "evaluation": json.loads(file.read_text()),
        "map": map_of,
        "cores": os.cpu_count(),
    }
