"""Stage 1 against `mlx_lm lora`: real tokens a second and peak memory, on the same data.

    python bench/train/run.py

A Gemma 4 of 6 million parameters with random weights and about E2B's proportions (four of its ten
layers own keys and values), 100 conversations of 162 tokens on average, three tenths of them
supervised, adapters of rank 8 on all linears. Every contender runs in a process of its own, with
OpenBLAS where it is found. The table goes between the markers of bench/README.md.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "bench" / "out" / "train"
README = ROOT / "bench" / "README.md"
BEGIN, END = "<!-- train -->", "<!-- /train -->"
sys.path.insert(0, str(ROOT))
SAMPLES, MEAN, SUPERVISED, VOCABULARY = 100, 162, 0.3, 8192
NAMES = {
    "command": "`mlx_lm lora` (unsorted)",
    "sorted": "its step, sorted batches",
    "agp rows": "agp, padded rows",
    "agp": "agp, packs (default)",
}


def config() -> dict[str, Any]:
    """Return the model's config.json."""
    kinds = ["sliding_attention"] * 3 + ["full_attention"]
    text = {
        "model_type": "gemma4_text",
        "hidden_size": 128,
        "num_hidden_layers": 10,
        "num_kv_shared_layers": 6,
        "layer_types": (kinds * 3)[:10],
        "intermediate_size": 512,
        "use_double_wide_mlp": True,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "global_head_dim": 64,
        "vocab_size": VOCABULARY,
        "vocab_size_per_layer_input": VOCABULARY,
        "hidden_size_per_layer_input": 16,
        "sliding_window": 128,
        "final_logit_softcapping": 30.0,
    }
    return {"model_type": "gemma4", "vocab_size": VOCABULARY, "text_config": text}


def make_model(folder: Path) -> None:
    """Write a model with random weights, float32 as both sides compute, and the tiny tokenizer."""
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.models import gemma4

    from train.model.load import TINY

    folder.mkdir(parents=True, exist_ok=True)
    mx.random.seed(1)
    model = gemma4.Model(gemma4.ModelArgs.from_dict(config()))
    weights: Any = dict(tree_flatten(model.parameters()))
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(config()))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TINY / name, folder / name)


def make_data(folder: Path) -> None:
    """Write conversations of one turn whose lengths spread as real ones do (log-normal)."""
    from tokenizers import Tokenizer

    from train.model.corpus import documents
    from train.model.load import TINY

    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(1)
    tokenizer = Tokenizer.from_file(str(TINY / "tokenizer.json"))
    prose = " ".join(d for d in documents(400, seed=1) if isinstance(d, str))
    ids = tokenizer.encode(prose, add_special_tokens=False).ids
    drawn = [rng.lognormvariate(0, 0.7) for _ in range(SAMPLES)]
    scale = MEAN * SAMPLES / sum(drawn)
    rows = []
    for length in (min(500, max(20, round(x * scale))) for x in drawn):
        answer = max(2, round(length * SUPERVISED))
        start = rng.randrange(len(ids) - length)
        parts = ids[start : start + length - answer], ids[start + length - answer : start + length]
        texts = [tokenizer.decode(part) for part in parts]
        roles = zip(("user", "assistant"), texts, strict=True)
        rows.append({"messages": [{"role": r, "content": t} for r, t in roles]})
    for split, part in {"train": rows, "valid": rows[:4], "test": rows[:4]}.items():
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in part))


def measure(name: str) -> dict[str, Any]:
    """Run a contender in a process of its own, with OpenBLAS on one thread where it is found."""
    from train.blas import openblas

    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    env |= {"AGP_HOME": str(OUT / "home")}
    if library := openblas():
        env |= {"LD_PRELOAD": library, "AGP_BLAS": library}
    script = [sys.executable, str(Path(__file__).with_name("contenders.py")), name, str(OUT)]
    done = subprocess.run(script, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def best(name: str, repeat: int) -> dict[str, Any]:
    """Return the fastest of several runs."""
    runs = [measure(name) for _ in range(repeat)]
    return min(runs, key=lambda r: r["seconds"] / r["tokens"])


def table(found: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Return a row for each contender: its numbers, and stage 1's against them."""
    rate = {name: f["tokens"] / f["seconds"] for name, f in found.items()}
    return [
        [
            NAMES[name],
            f"{rate[name]:,.0f}",
            f"{rate['agp'] / rate[name]:.1f} ×",
            f"{f['tokens'] / f['cpu']:,.0f}",
            f"{f['padding']:.0%}",
            f"{f['peak_mb']:,.0f}",
            f"{found['agp']['peak_mb'] / f['peak_mb']:.2f}",
            f"{f['process_mb']:,.0f}",
        ]
        for name, f in found.items()
    ]


def write(rows: list[list[str]], apart: dict[str, float]) -> None:
    """Put the table between the markers of the page."""
    head = ["trainer", "real tokens/s", "agp is", "a CPU second", "padding", "peak MB"]
    head += ["agp's", "process MB"]
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    distances = (
        f"Gradients of eight samples, relative distance: agp's pack to the peer's samples alone "
        f"{apart['gradient_distance']:.0e}, the peer's padded batch to the same "
        f"{apart['peer_distance']:.0e}."
    )
    block = "\n".join([BEGIN, *lines, "", distances, END])
    page = README.read_text()
    if BEGIN in page:
        page = page[: page.index(BEGIN)] + block + page[page.index(END) + len(END) :]
    else:
        page += f"\n## Training\n\n{block}\n"
    README.write_text(page)


def main() -> None:
    """Measure every contender and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeat", type=int, default=2)
    options.add_argument(
        "--only", choices=[*NAMES, "gradients"], help="print one contender's numbers"
    )
    given = options.parse_args()
    make_model(OUT / "model")
    make_data(OUT / "data")
    if given.only:
        print(measure(given.only))
        return
    found = {name: best(name, given.repeat) for name in NAMES}
    rows = table(found)
    print("\n".join("\t".join(row) for row in rows))
    apart = measure("gradients")
    print(apart)
    write(rows, apart)


if __name__ == "__main__":
    main()
