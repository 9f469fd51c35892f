"""What the heads of a stage-2 run say of a capture's positions, as a packet carries it.

A context is eight numbers of a state: probabilities of the four routes and of the four vitalities,
in 255ths. Where no heads judged, it is zeros.
"""

from collections.abc import Sequence
from pathlib import Path

import mlx.core as mx
import numpy as np

from train.model.codecs.learned import CONTEXT
from train.model.gemma import Gemma
from train.model.heads import Heads, Look, load_heads
from train.stages.examples import Reader, labelled
from train.stages.looks import real_rows

Contexts = dict[str, dict[int, np.ndarray]]  # prompt → split layer → [p x 8]


def judged(capture: Path, heads: Path, split: str) -> Contexts:
    """Return the contexts of a split's prompts; AgpError where the heads are of another model.

    `heads` is a folder that holds heads; the first of them judge.
    """
    source = labelled(capture)
    member = next(iter(load_heads(heads, source.identity()).values()))
    found: Contexts = {}
    for _, part, at in Reader(source, 1).each(split):
        rows = real_rows(part, at)
        said = in_255ths(member, rows.look()).reshape(len(at), len(source.layers), CONTEXT)
        names = part.prompts[at]
        for name in dict.fromkeys(names.tolist()):
            own = said[names == name]
            found[name] = {k: own[:, i] for i, k in enumerate(source.layers)}
    return found


def split(prompts: Sequence[tuple[str, int]], said: np.ndarray, layers: Sequence[int]) -> Contexts:
    """Return contexts [Σ p·k x 8] by prompt and layer; each prompt comes with its positions p."""
    shaped = said.reshape(-1, len(layers), CONTEXT)
    parts = np.split(shaped, np.cumsum([n for _, n in prompts])[:-1])
    return {
        name: {k: own[:, i] for i, k in enumerate(layers)}
        for (name, _), own in zip(prompts, parts, strict=True)
    }


def in_255ths(member: Heads, look: Look) -> np.ndarray:
    """Return the contexts [r x 8] of what heads see, rounded as a packet rounds them, 0 to 1."""
    said = member(look)
    both = [mx.softmax(said[name], axis=-1) for name in ("route", "vitality")]
    return np.array(mx.round(mx.concatenate(both, axis=1) * 255) / 255)


def of_rows(found: Contexts, prompt: str, gemma: Gemma, role: str, x: mx.array) -> mx.array:
    """Return the contexts of rows x [n x w] of a role: zeros where nothing was said.

    Keys and values have none. Below the shared tail a packet's one context, that of the prompt's
    end, stands for every state in it; positions behind the captured ones have none.
    """
    kind, _, layer = role.partition(".")
    said = found.get(prompt, {}).get(int(layer))
    rows = np.zeros((x.shape[0], CONTEXT), np.float32)
    if kind == "h" and said is not None:
        if int(layer) < gemma.first_shared:
            rows[:] = said[0]
        else:
            n = min(len(rows), len(said))
            rows[:n] = said[:n]
    return mx.array(rows)
