"""What a capture costs beside a plain forward pass over the very same tokens.

    python -m bench captures
    python -m bench.captures.run --model FOLDER

Prompts of the shipped pack with the model's own continuations; making those is not timed. The plain
pass is the model's own call, logits everywhere; the lean one runs the shared tail and the head on
the captured positions only, and keeps nothing. A capture runs the same, and gathers the states of
all candidate layers, the 64 largest logits and log-sum-exp; `kept` also writes shards and damaged
copies. All take turns prompt by prompt, so that a slow moment meets each. Facts (lenses) are no
part of a forward pass: they are made afterwards from the shards. Goal: at most 1.10 of the plain.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.measure import ROOT, write_table

GOAL = 1.10
NAMES = {
    "plain": "plain forward (the model's own call)",
    "lean": "captured positions only, nothing kept",
    "capture": "capture",
    "kept": "capture, shards written",
}


def with_openblas() -> None:
    """Start this process anew with OpenBLAS on one thread, where it is found."""
    from train.blas import openblas

    library = openblas()
    if library and not os.environ.get("AGP_BLAS"):
        env = {**os.environ, "LD_PRELOAD": library, "AGP_BLAS": library}
        env |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "bench.captures.run", *sys.argv[1:]]
        os.execve(sys.executable, command, env)


def prepared(model: Any, tokenizer: Any, most: int) -> tuple[Any, Any, list[tuple[Any, Any, Any]]]:
    """Return the wrapper, the candidate layers, and (prompt, ids, continuation) of each prompt."""
    from train.harness.capture import candidates
    from train.harness.chat import template
    from train.harness.continuation import continuation
    from train.harness.packs import SHIPPED, load_pack
    from train.model.gemma import Gemma

    gemma = Gemma(model)
    found = []
    for prompt in load_pack(SHIPPED).split("valid")[:most]:
        ids = template(tokenizer, prompt.chat()[:-1], prompt=True)
        found.append((prompt, ids, continuation(gemma, ids, 32, {tokenizer.eos_token_id})))
    return gemma, candidates(gemma), found


def ways(gemma: Any, layers: Any, folder: Path) -> dict[str, Callable[[Any, Any, Any], None]]:
    """Return what is timed, by name: each takes a prompt, its ids and what was said."""
    import mlx.core as mx

    from train.harness.capture import PROMPTS, capture_ids
    from train.harness.planted import plant
    from train.harness.shards import write_shard

    def plain(prompt: Any, ids: list[int], said: list[int]) -> None:
        mx.eval(gemma.model(mx.array([[*ids, *said[:-1]]])))

    def lean(prompt: Any, ids: list[int], said: list[int]) -> None:
        at = mx.array([list(range(len(ids) - 1, len(ids) + len(said) - 1))])
        mx.eval(gemma.decode(gemma.hidden_at(mx.array([[*ids, *said[:-1]]]), at)))

    def capture(prompt: Any, ids: list[int], said: list[int]) -> None:
        capture_ids(gemma, ids, said, layers)

    held: list[tuple[Any, dict[str, mx.array]]] = []  # prompts of the shard that is being filled

    def kept(prompt: Any, ids: list[int], said: list[int]) -> None:
        held.append((prompt, capture_ids(gemma, ids, said, layers)))
        if len(held) == PROMPTS:
            parts = [rows for _, rows in held]
            arrays = {name: mx.concatenate([p[name] for p in parts]) for name in parts[0]}
            note = {"prompts": [p.id for p, _ in held], "splits": [p.split for p, _ in held]}
            note["lengths"] = [len(rows["token"]) for rows in parts]
            write_shard(folder, 0, arrays, note)
            write_shard(folder, 0, plant(note, arrays, layers), {}, "planted")
            held.clear()

    return {"plain": plain, "lean": lean, "capture": capture, "kept": kept}


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--most", type=int, default=48, help="prompts, 16 a shard")
    parser.add_argument("--repeat", type=int, default=7)
    asked = parser.parse_args()
    with_openblas()
    from train.model.load import load

    gemma, layers, prompts = prepared(*load(asked.model), asked.most)
    seconds: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        timed = ways(gemma, layers, Path(folder))
        for turn in range(asked.repeat + 1):
            spent = dict.fromkeys(timed, 0.0)
            for i, (prompt, ids, said) in enumerate(prompts):
                order = list(timed)[i % len(timed) :] + list(timed)[: i % len(timed)]
                for name in order:
                    start = time.perf_counter()
                    timed[name](prompt, ids, said)
                    spent[name] += time.perf_counter() - start
            for name in timed if turn else ():  # the first turn warms up
                seconds[name].append(spent[name])
    tokens = sum(len(ids) + len(said) - 1 for _, ids, said in prompts)
    report(asked.model, seconds, tokens, len(layers))


def report(model: str, seconds: dict[str, list[float]], tokens: int, layers: int) -> None:
    """Print the table, say whether the goal is met, and write it into the page."""
    rows = []
    for name, spent in seconds.items():
        ratios = [s / p for s, p in zip(spent, seconds["plain"], strict=True)]
        middle = statistics.median(ratios)
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        rate = tokens / statistics.median(spent)
        rows.append([NAMES[name], f"{rate:,.0f}", f"{middle:.2f}", spread])
        if name == "kept":
            verdict = "met" if middle <= GOAL else "not met"
            print(f"goal of {GOAL}: {verdict} ({middle:.2f})")
    head = [f"{model}, {layers} layers captured", "tokens/s", "of the plain pass", "least to most"]
    for row in [head, *rows]:
        print(" | ".join(row))
    write_table("captures", head, rows)


if __name__ == "__main__":
    main()
