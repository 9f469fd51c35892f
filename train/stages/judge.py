"""Heads over a split of a capture, shard by shard: what they said, beside facts and labels."""

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.judged import Judged, Said
from train.eval.resample import Groups
from train.harness.planted import KINDS
from train.model.heads import VITALITIES, Heads
from train.stages.examples import Labelled, Part, Reader
from train.stages.looks import Rows, dead_of, dead_rows, real_rows
from warehouse.errors import AgpError

DEAD = VITALITIES.index("dead")
LABELS = ("scalars", "agree", "route", "vitality", "earliest")
Arrays = dict[str, np.ndarray]


def judge(source: Labelled, split: str, members: Mapping[str, Heads]) -> Judged:
    """Return a split as evaluations see it; AgpError where the capture holds nothing of it."""
    facts: list[Arrays] = []
    said: dict[str, list[Arrays]] = {name: [] for name in members}
    seen = 0
    for _, part, at in Reader(source, 1).each(split):
        which = dead_of(part, at)
        facts.append(facts_of(part, at, which, seen))
        seen += len(at)
        real, dead = real_rows(part, at), dead_rows(part, which)
        for name, member in members.items():
            said[name].append(said_of(member, real, dead, len(at)))
    if not facts:
        raise AgpError(f"{source.folder.name} holds no prompt of the {split} split")
    found = together(facts)
    groups = Groups.of(found.pop("prompts").tolist(), found.pop("conversations").tolist())
    return Judged(
        tuple(source.layers),
        source.facts["n_layers"],
        groups,
        **{name: found[name] for name in (*LABELS, "kind", "dead_layer", "dead_row")},
        dead_scalars=found["dead_scalars"],
        said={name: Said(**together(parts)) for name, parts in said.items()},
    )


def facts_of(part: Part, at: np.ndarray, which: np.ndarray, seen: int) -> Arrays:
    """Return what is known of some positions of a shard and their damaged copies."""
    a = part.arrays
    place = {int(row): seen + i for i, row in enumerate(at)}
    return {
        **{name: a[name][at] for name in LABELS},
        "agree": a["agree"][at].astype(bool),
        "prompts": part.prompts[at],
        "conversations": part.conversations[at],
        "kind": np.array(KINDS)[a["planted.kind"][which]],
        "dead_layer": a["planted.layer"][which],
        "dead_row": np.array([place[int(row)] for row in a["planted.row"][which]], int),
        "dead_scalars": a["planted.scalars"][which],
    }


def said_of(member: Heads, real: Rows, dead: Rows, n: int) -> Arrays:
    """Return what one set of heads says of n positions and of damaged copies."""
    a, b = outputs(member, real), outputs(member, dead)
    shaped = {name: value.reshape(n, -1) for name, value in a.items()}
    return shaped | {"dead_confidence": b["confidence"], "dead_death": b["death"]}


def outputs(member: Heads, rows: Rows) -> Arrays:
    """Return probabilities and likeliest classes of rows, [r] each."""
    found: dict[str, Any] = member(rows.look())
    return {
        "confidence": np.array(mx.sigmoid(found["confidence"])),
        "death": np.array(mx.softmax(found["vitality"], axis=-1)[:, DEAD]),
        **{n: np.array(mx.argmax(found[n], axis=-1)) for n in ("route", "vitality", "earliest")},
    }


def together(parts: list[Arrays]) -> Arrays:
    """Return arrays of the same names one behind the other."""
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
