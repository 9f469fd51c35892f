"""What each codec makes of a prompt and its continuation: one pass over all positions.

A row is coded for itself, so this is what packets, one a token, would bring.
"""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from train.eval.stage5 import Outcome
from train.harness.full_depth import FullDepth, decoded
from train.harness.resumed import Halfway, final, halfway
from train.model.codecs.base import Codec
from train.model.gemma import Gemma
from train.model.packet import CHECKSUM, ENTRY, HEAD, id_bytes
from train.model.travel import hidden_rows, kv_columns, lower, reach
from train.stages import contexts
from train.stages.transfer_bench import Bench, Said


def outcomes(bench: Bench, said: Said, layers: Sequence[int]) -> dict[int, dict[str, Outcome]]:
    """Return what each codec makes of a prompt and its continuation at each split layer."""
    gemma, ids = bench.gemma, said.ids
    tokens, end = [*ids, *said.tokens[:-1]], len(ids) + len(said.tokens) - 1
    at = range(len(ids) - 1, end)
    full = whole(gemma, tokens, at)
    found: dict[int, dict[str, Outcome]] = {}
    for k in layers:
        half = halfway(gemma, tokens, at, k)
        rows: dict[bytes, dict[str, mx.array]] = {}  # those of the same bits once
        key: dict[str, bytes] = {}
        for name, codec in bench.codecs.items():
            back = arrived(bench, said.prompt, codec, half)
            key[name] = bits(back)
            rows[key[name]] = back
        logits = decoded(gemma, [final(gemma, half, back) for back in rows.values()])
        seen = {same: told(full, x) for same, x in zip(rows, logits, strict=True)}
        found[k] = {
            name: outcome(gemma, codec, k, said, seen[key[name]])
            for name, codec in bench.codecs.items()
        }
    return found


def outcome(
    gemma: Gemma, codec: Codec, split: int, said: Said, heard: tuple[float, tuple[bool, ...]]
) -> Outcome:
    """Return what was heard through a codec, with the bytes of a prompt and of one more token."""
    prompt, step = (packet_bytes(gemma, codec, split, x) for x in (said.ids, said.tokens[:1]))
    return Outcome(*heard, prompt, step, len(said.ids))


def whole(gemma: Gemma, tokens: Sequence[int], at: Sequence[int]) -> FullDepth:
    """Return what the run that was never split says at positions `at`, in float32."""
    h = gemma.hidden_at(mx.array([list(tokens)]), mx.array([list(at)]))
    return FullDepth(gemma.decode(h)[0].astype(mx.float32))


def arrived(bench: Bench, prompt: str, codec: Codec, half: Halfway) -> dict[str, mx.array]:
    """Return the rows of a sequence as they come out of a codec."""
    back = {}
    for role, x in half.rows.items():
        context = contexts.of_rows(bench.contexts, prompt, bench.gemma, role, x)
        back[role] = codec.round_trip(role, x, context)
    return back


def bits(rows: dict[str, mx.array]) -> bytes:
    """Return the bytes of all rows, by role."""
    return b"".join(np.array(mx.view(rows[role], mx.uint8)).tobytes() for role in sorted(rows))


def told(full: FullDepth, other: mx.array) -> tuple[float, tuple[bool, ...]]:
    """Return KL(full ‖ other) in nats, summed over positions, and where the same token is first."""
    other = other.astype(mx.float32)
    agree = np.array(full.best == mx.argmax(other, -1))
    kl = float(np.array(full.divergence(other)).sum(dtype=np.float64))
    return kl, tuple(bool(a) for a in agree)


def packet_bytes(gemma: Gemma, codec: Codec, split: int, tokens: Sequence[int]) -> int:
    """Return how long the packet of some tokens is, header, keys and values included."""
    n, width = len(tokens), gemma.config.hidden_size
    sizes = [codec.size(f"h.{split}", hidden_rows(gemma, split, n), width)]
    for layer in lower(gemma, split, whole=False):
        rows = reach(gemma, layer, n)
        sizes.append(codec.size(f"kv.{layer}", rows, kv_columns(gemma, layer)))
    return HEAD.size + ENTRY.size * len(sizes) + id_bytes(tokens) * n + sum(sizes) + CHECKSUM
