"""One contender in a process of its own: train on the same data, print speed and memory as JSON.

    python bench/train/contenders.py NAME FOLDER

FOLDER holds `model/` and `data/`, made by run.py. `command` is `mlx_lm lora` itself, its training
function wrapped only to count; `sorted` is its training function on samples that its own batches
can sort by length; `agp` and `agp rows` are stage 1.
"""

import json
import resource
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import mlx_lm
import mlx_lm.lora
from mlx.utils import tree_flatten, tree_map
from mlx_lm.tuner import trainer
from mlx_lm.tuner.datasets import load_local_dataset
from mlx_lm.tuner.utils import linear_to_lora_layers

ROWS = 4  # of a batch, the peer's default
STEPS = 26  # the first is not timed; 25 batches of 4 are the whole dataset
LORA = {"rank": 8, "scale": 2.0, "dropout": 0.0}
mx.disable_compile()  # on a CPU it calls a C++ compiler and gains nothing


class Clock:
    """Counts the real tokens of the peer's batches and the time between them."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.times: list[float] = []
        self.processor: list[float] = []
        self.tokens: list[int] = []
        self.places: list[int] = []

    def batches(self, make: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """Return the peer's iterator, watched."""

        def watched(*args: Any, **options: Any) -> Iterator[Any]:
            for batch, lengths in make(*args, **options):
                self.times.append(time.perf_counter())
                self.processor.append(time.process_time())
                self.tokens.append(int(lengths[:, 1].sum().item()))
                self.places.append(batch.size)
                yield batch, lengths

        return watched

    def facts(self) -> dict[str, Any]:
        """Return speed without the first step, and how many places held no token."""
        took, cpu = self.times[-1] - self.times[1], self.processor[-1] - self.processor[1]
        real = sum(self.tokens[1:-1])
        padding = 1 - sum(self.tokens) / sum(self.places)
        return {"tokens": real, "seconds": took, "cpu": cpu, "padding": padding}


def command(folder: Path) -> dict[str, Any]:
    """Run `mlx_lm lora` on the folder."""
    clock, train = Clock(), trainer.train

    def counted(**options: Any) -> None:
        options |= {"val_dataset": None, "iterate_batches": clock.batches(trainer.iterate_batches)}
        train(**options)

    mlx_lm.lora.train = counted  # type: ignore[assignment]
    config = folder / "lora.json"  # JSON is YAML
    config.write_text(json.dumps({"lora_parameters": LORA}))
    sys.argv = ["mlx_lm.lora", "--train", "--mask-prompt", "--num-layers", "-1"]
    sys.argv += ["--model", str(folder / "model"), "--data", str(folder / "data")]
    sys.argv += ["--batch-size", str(ROWS), "--iters", str(STEPS + 1)]
    sys.argv += ["--adapter-path", str(folder / "adapters"), "--config", str(config)]
    mlx_lm.lora.main()
    return clock.facts()


def peer(folder: Path) -> tuple[Any, list[tuple[list[int], int]]]:
    """Return the peer's model with adapters, and its samples: (tokens, length of the prompt)."""
    model: Any
    tokenizer: Any
    found: Any
    model, tokenizer = mlx_lm.load(str(folder / "model"))[:2]
    model.freeze()
    linear_to_lora_layers(model, len(model.layers), dict(LORA))
    options = types.SimpleNamespace(mask_prompt=True)
    found = load_local_dataset(folder / "data", tokenizer, options)[0]
    return model, [found.process(found[i]) for i in range(len(found))]


def sorted_batches(folder: Path) -> dict[str, Any]:
    """Run the peer's step on samples whose lengths its batches can see."""
    model, samples = peer(folder)
    clock = Clock()
    file = str(folder / "adapters.safetensors")
    trainer.train(
        model=model,
        optimizer=optim.Adam(learning_rate=1e-5),
        train_dataset=samples,
        args=trainer.TrainingArgs(batch_size=ROWS, iters=STEPS + 1, adapter_file=file),
        iterate_batches=clock.batches(trainer.iterate_batches),
    )
    return clock.facts()


def stage1(folder: Path, *changes: str) -> dict[str, Any]:
    """Run stage 1 with its defaults, adapters on all blocks as the peer has them."""
    from train.stages import loop, stage1, training
    from train.stages.stage import Request

    every = [
        "blocks=all",
        "accumulate=1",
        "epochs=1",
        "evaluate_every=1000",
        "valid_tokens=1",
        *changes,
    ]
    run, stage = stage1.start(Request(str(folder / "model"), folder / "data", changes=tuple(every)))
    lines: list[dict[str, Any]] = []

    def watch(line: dict[str, Any], _: int) -> None:
        lines.append(line | {"cpu": time.process_time()})

    training.train(run, stage, loop.Progress(), watch, lambda: False)
    steps = [line for line in lines if "tokens" in line]
    first, last = steps[0], steps[-1]
    real = last["tokens"] - first["tokens"]
    lengths, packing = [len(s.ids) for s in stage.train], stage.settings.batching == "pack"
    places = [
        sum(lengths[i] for i in g) if packing else len(g) * max(lengths[i] for i in g)
        for g in stage.groups(0)
    ]
    padding = 1 - sum(lengths) / sum(places)
    took, cpu = last["seconds"] - first["seconds"], last["cpu"] - first["cpu"]
    return {"tokens": real, "seconds": took, "cpu": cpu, "padding": padding}


def gradients(folder: Path) -> dict[str, Any]:
    """Return how far stage 1's gradient of eight samples is from the peer's, adapters alike.

    The peer's own loss, each sample alone and its length less one: it counts a padded token too
    many. Beside it, how far the peer's padded batch is from its samples alone: rounding.
    """
    from train.stages import stage1
    from train.stages.batches import make

    model, samples = peer(folder)
    stage = stage1.Stage1(
        str(folder / "model"), folder / "data", stage1.chosen_settings(["blocks=all"])
    )
    mx.random.seed(1)
    moved = tree_map(lambda w: w + 0.02 * mx.random.normal(w.shape), model.trainable_parameters())
    model.update(moved)
    stage.model.update(moved)
    model.train()
    stage.model.train()
    first = samples[:8]
    theirs = summed(model, [[sample] for sample in first])
    padded = summed(model, [first])
    ours = nn.value_and_grad(stage.model, stage.loss)(make(stage.train[:8], "pack"))[1]
    return {"gradient_distance": apart(ours, theirs), "peer_distance": apart(padded, theirs)}


def summed(model: Any, batches: list[list[tuple[list[int], int]]]) -> Any:
    """Return the gradient of the peer's loss, summed over the tokens of all batches."""
    total: Any = None
    for rows in batches:
        width = max(len(ids) for ids, _ in rows)
        batch = mx.array([ids + [0] * (width - len(ids)) for ids, _ in rows])
        lengths = mx.array([[prompt, len(ids) - 1] for ids, prompt in rows])
        (_, count), new = nn.value_and_grad(model, trainer.default_loss)(model, batch, lengths)
        new = tree_map(lambda g, n=count: g * n, new)
        total = new if total is None else tree_map(mx.add, total, new)
    return total


def apart(one: Any, other: Any) -> float:
    """Return the norm of the difference of two gradients against that of the second."""

    def norm(tree: Any) -> float:
        pairs: Any = tree_flatten(tree)
        return sum(float((g * g).sum()) for _, g in pairs) ** 0.5

    return norm(tree_map(mx.subtract, one, other)) / norm(other)


CONTENDERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "command": command,
    "sorted": sorted_batches,
    "agp": stage1,
    "gradients": gradients,
    "agp rows": lambda folder: stage1(folder, "batching=rows"),
}


def main() -> None:
    """Run the contender that is named."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    facts = CONTENDERS[name](folder)
    facts["peak_mb"] = mx.get_peak_memory() / 1e6
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    facts["process_mb"] = used / (1e6 if sys.platform == "darwin" else 1e3)
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
