"""One epoch of stage 2, each way in a process of its own: JSON on the last line.

`shards` trains on what a capture holds; `backbone` makes the same rows anew for the epoch, as a
trainer without a capture must: the model runs over every prompt, and the lens is read at every
candidate layer, of real states and of damaged copies. The heads' own steps stand in both.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.harness import traces
from train.harness.capture import full_depth
from train.harness.chat import template
from train.harness.lens import fit_lenses
from train.harness.packs import find_pack, load_pack
from train.harness.shards import read_shard
from train.model.gemma import Gemma
from train.model.load import load
from train.stages import loop, stage2
from train.stages.examples import labelled
from train.stages.settings import settings
from train.stages.training import task

mx.disable_compile()


def epoch(folder: Path) -> float:
    """Return the seconds that one epoch of steps takes, files read included."""
    chosen = settings(stage2.FILE, ("seeds=1",), stage2.HeadSettings)
    stage = stage2.Stage2(labelled(folder), chosen)
    groups = stage.groups(0)
    began = time.perf_counter()
    made = task(folder, stage, lambda line, total: None, lambda: False)
    progress, source = loop.Progress(), iter(groups)
    for _ in groups:
        progress.step += 1
        _, _, gradients = loop.step_gradients(made, chosen, progress, source)
        stage.optimizer.update(stage.model, gradients)
        mx.eval(stage.model.trainable_parameters(), stage.optimizer.state)
    return time.perf_counter() - began


def backbone(folder: Path) -> float:
    """Return the seconds of making an epoch's rows anew: model, damaged copies, lenses."""
    source = labelled(folder)
    facts: dict[str, Any] = source.facts
    traces.LENSES = (source.lens,)  # heads look through one
    model, tokenizer = load(facts["model"])
    gemma, layers = Gemma(model), source.layers
    lenses = fit_lenses(traces.fitting_rows(folder, facts["shards"]), layers, gemma.n_layers)
    prompts = {p.id: p for p in load_pack(find_pack(facts["pack"])).split("heads")}
    work = []
    for note, planted in zip(facts["shards"], facts["planted_shards"], strict=True):
        token, dead = np.array(read_shard(folder, note)["token"]), read_shard(folder, planted)
        stops = np.cumsum(note["lengths"])
        for name, stop, n in zip(note["prompts"], stops, note["lengths"], strict=True):
            if name in prompts:
                ids = template(tokenizer, prompts[name].chat()[:-1], prompt=True)
                own = copies_of(dead, int(stop - n), int(stop))
                work.append((name, ids[-facts["window"] :], token[stop - n : stop].tolist(), own))
    began = time.perf_counter()
    for name, ids, continued, own in work:
        at = list(range(len(ids) - 1, len(ids) + len(continued) - 1))
        tokens = mx.array([ids + continued[:-1]])
        states, _ = gemma.capture(tokens, [*layers, gemma.n_layers], positions=mx.array([at]))
        rows = {f"h.{k}": h[0] for k, h in states.items()} | {"position": mx.array(at)}
        rows |= full_depth(gemma, states[gemma.n_layers][0]) | {"token": mx.array(continued)}
        note = {"prompts": [name], "splits": ["heads"], "lengths": [len(continued)]}
        about = traces.about_rows(note, rows)
        list(traces.shard_tables(gemma, about, rows, layers, lenses))
        list(traces.planted_tables(gemma, about, rows, own, layers, lenses))
    return time.perf_counter() - began


def copies_of(dead: dict[str, mx.array], start: int, stop: int) -> dict[str, mx.array]:
    """Return the damaged copies of one prompt's rows, counted from its first."""
    row = np.array(dead["row"])
    here = mx.array(np.flatnonzero((row >= start) & (row < stop)))
    found = {name: value[here] for name, value in dead.items()}
    return found | {"row": found["row"] - start}


def main() -> None:
    """Run what is named on the capture that is named."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    seconds = {"shards": epoch, "backbone": backbone}[name](folder)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = used / (1e6 if sys.platform == "darwin" else 1e3)
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main()
