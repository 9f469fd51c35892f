"""A stage-5 run measured: every codec at every split layer, on prompts that no training saw.

Order matters: the gates are hashed and the look at the test split is counted before a prompt is
read. Nothing was chosen on these prompts: the pair was kept by its loss on the valid split.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from train.eval import stage5
from train.eval.gates import Gate
from train.eval.stage1 import Measure, rule
from train.eval.stage5 import Free, Outcome
from train.harness.capture import read_manifest
from train.harness.packs import load_pack
from train.harness.strata import spread
from train.stages import contexts, runs, transfer_words
from train.stages.evaluations import Options, Tick, opened
from train.stages.transfer_bench import Bench, Said, load_bench
from train.stages.transfer_outcomes import outcomes
from train.stages.transfer_packets import SPOKEN, exact_measures, free_running
from warehouse.errors import AgpError

EXACT = 4  # prompts whose every bit is compared, and on which time is taken


def evaluate(
    run: Path, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure and decide; return the document.

    `begin` hears once how often `tick` will be called: for every prompt, every split layer, and
    every prompt that is answered with real packets.
    """
    facts = runs.summary(run)
    bench, layers = load_bench(run, facts), facts["split_layers"]
    source = judged_capture(facts, options)
    fixed, head = opened(run, facts, options, stage5.GATES)
    chosen = spread(
        load_pack(options.pack).split(options.split), lambda p: (p.kind, p.script), options.most
    )
    if not chosen:
        raise AgpError(f"the pack has no {options.split} prompts; see `agp packs show`")
    if source:
        heads = runs.find_run(facts["heads_run_id"])
        bench.contexts.update(contexts.judged(source, heads / "best", options.split))
    spoken = spread(chosen, lambda p: p.kind, max(1, options.answers))
    begin(len(chosen) + len(layers) + len(spoken))
    length = min(max(stage5.LENGTHS), options.length)
    said, found = [], []
    for prompt in chosen:
        said.append(bench.says(prompt, facts["window"], length))
        found.append(outcomes(bench, said[-1], layers))
        tick()
    answered = answers(bench, said, [chosen.index(p) for p in spoken], layers, tick)
    by_layer = {}
    for k in layers:
        columns = {name: [one[k][name] for one in found] for name in bench.codecs}
        by_layer[k] = stage5.layer_measures(columns, length) + exact_measures(
            bench, said[:EXACT], k
        )
        by_layer[k] += stage5.free_measures(free(answered, columns, k), length)
        tick()
    head |= {"layers": layers, "lengths": stage5.lengths(length)}
    head["positions"] = sum(len(one[layers[0]]["native"].agree) for one in found)
    return document(head, fixed.gates, by_layer, list(bench.codecs))


def answers(
    bench: Bench, said: Sequence[Said], at: Sequence[int], layers: Sequence[int], tick: Tick
) -> dict[int, dict[int, dict[str, float]]]:
    """Return how long real packets say the same, of some prompts by their number."""
    found = {}
    for i in at:
        found[i] = free_running(bench, said[i], layers)
        tick()
    return found


def free(
    answered: dict[int, dict[int, dict[str, float]]],
    columns: dict[str, list[Outcome]],
    layer: int,
) -> dict[str, list[Free]]:
    """Return what ran freely at a layer beside what one pass had said of the same prompts."""
    return {
        name: [Free(right[layer][name], columns[name][i].greedy) for i, right in answered.items()]
        for name in SPOKEN
    }


def document(
    head: dict[str, Any],
    gates: Sequence[Gate],
    by_layer: dict[int, list[Measure]],
    codecs: list[str],
) -> dict[str, Any]:
    """Return the document: the gates speak of the worst split layer."""
    worst = stage5.worst(by_layer)
    measures = worst + [m for k, found in by_layer.items() for m in stage5.named(k, found)]
    made = {
        **head,
        "measures": [{"name": m.name, **asdict(m.estimate)} for m in measures],
        "gates": [r.row() for r in rule(gates, worst)],
    }
    return made | transfer_words.shown(made, codecs)


def judged_capture(facts: dict[str, Any], options: Options) -> Path | None:
    """Return the capture whose states the run's heads judge; None where it has no heads.

    AgpError, before anything of a split is read, where the capture holds nothing of it.
    """
    if not facts.get("heads_run_id"):
        return None
    folder = options.capture or Path(facts["capture"])
    if options.split not in read_manifest(folder)["splits"]:
        raise AgpError(
            f"{folder.name} holds no prompt of the {options.split} split; capture it (`agp train "
            f"capture --splits heads,valid,{options.split}`) and name it by --capture"
        )
    return folder
