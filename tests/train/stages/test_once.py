"""What an evaluation works out once is what it was when everything was worked out each time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.stage3 import Told, told
from train.harness.full_depth import FullDepth
from train.harness.lens import AffineExit
from train.harness.resumed import halfway, logits
from train.model.codecs import builtin
from train.model.depth import Place, inserted
from train.model.depth_set import DepthSet, Shape
from train.model.gemma import Gemma
from train.model.travel import Digests
from train.stages import depth_states
from train.stages.depth_states import Spoken
from train.stages.transfer_bench import Bench, Said
from train.stages.transfer_outcomes import outcomes, whole

IDS, NEXT = [2, 105, 300, 77, 400], [9, 31, 88, 9]
TOKENS, AT = [*IDS, *NEXT[:-1]], range(len(IDS) - 1, len(IDS) + len(NEXT) - 1)


def spoken(start: int = 0) -> Spoken:
    tokens = mx.array([[t + start for t in TOKENS]])
    return Spoken(tokens, mx.array([list(AT)]), mx.array(NEXT), "p", "p")


def dropped(gemma: Gemma, s: Spoken, gone: range) -> Told:
    """Run all but the dropped layers from the start, and full depth beside it."""
    stream = gemma.start(s.tokens)
    for k in (k for k in range(gemma.n_layers) if k not in gone):
        stream = gemma.run(replace(stream, layer=k), k + 1)
    h = mx.take_along_axis(stream.h, s.at[..., None], 1)[0]
    full = FullDepth(gemma.decode(gemma.hidden_at(s.tokens, s.at)[0]))
    return told(gemma.decode(h), full, s.said)


def test_dropped_layers_share_what_runs_before_them(tiny: Any):
    gemma, prompts = Gemma(tiny[0]), [spoken(), spoken(7)]
    found = depth_states.best_drops(gemma, prompts, [4, 5])
    for k, gone in found.items():
        sums = {
            other: sum(dropped(gemma, s, other).kl for s in prompts)
            for other in depth_states.droppable(gemma, gemma.n_layers - k)
        }
        assert gone == min(sums, key=lambda other: sums[other])
        seen = depth_states.see(gemma, prompts[0], {}, {k: gone})
        assert seen.told[k, "layers dropped"] == dropped(gemma, prompts[0], gone)


def test_every_way_is_held_against_the_same_full_depth(tiny: Any):
    gemma, s = Gemma(tiny[0]), spoken()
    width = gemma.config.hidden_size
    modules = DepthSet(Shape((Place(4, (2,), width),), (0,), 2))
    ways: dict[tuple[int, str], Any] = {(4, "logit lens"): None}
    ways[4, "affine lens"] = AffineExit(4, (mx.eye(width) * 0.9, mx.ones(width)))
    ways |= {(4, name): modules.member(name)[0] for name in modules.shape.names}
    seen = depth_states.see(gemma, s, ways, {})
    states, _ = gemma.capture(s.tokens, [2, 4, gemma.n_layers], positions=s.at)
    states = {k: h[0] for k, h in states.items()}
    for key, way in ways.items():
        full = FullDepth(gemma.decode(states[gemma.n_layers]))
        assert seen.told[key] == told(gemma.decode(way(states) if way else states[4]), full, s.said)
    assert seen.identical


def test_a_module_that_is_not_off_is_seen(tiny: Any, monkeypatch: Any):
    """One of many that stand around the model is enough."""
    gemma = Gemma(tiny[0])
    width = gemma.config.hidden_size
    modules = DepthSet(Shape((Place(4, (2,), width),), (0, 1), 2))
    ways: dict[tuple[int, str], Any] = {(4, n): modules.member(n)[0] for n in modules.shape.names}
    modules.member("1")[0].keep = mx.full((width,), 1e-6)
    assert depth_states.identical_when_off(gemma, spoken(), ways)

    @contextmanager
    def without_a_switch(gemma: Gemma, module: Any) -> Iterator[Any]:
        with inserted(gemma, module):
            yield SimpleNamespace(on=True)

    monkeypatch.setattr(depth_states, "inserted", without_a_switch)
    assert not depth_states.identical_when_off(gemma, spoken(), ways)


def test_a_run_that_was_never_split_says_what_every_split_says(tiny: Any):
    gemma = Gemma(tiny[0])
    full = whole(gemma, TOKENS, AT)
    for k in range(1, gemma.n_layers):
        half = halfway(gemma, TOKENS, AT, k)
        assert mx.array_equal(full.logits, logits(gemma, half, half.rows)), k


def test_codecs_that_give_back_the_same_bits_have_the_same_outcome(tiny: Any):
    gemma = Gemma(tiny[0])
    codecs = {name: builtin(name) for name in ("native", "int8", "int4")} | {
        "again": builtin("int4")
    }
    bench = Bench(gemma, None, Digests("a" * 16, None, "b" * 16), codecs, {}, None)
    found = outcomes(bench, Said("p", IDS, NEXT), [2, 4])
    for k, each in found.items():
        assert each["again"] == each["int4"] != each["int8"]
        assert each["native"].kl == 0 and all(each["native"].agree)
        half = halfway(gemma, TOKENS, AT, k)
        back = {
            r: codecs["int8"].round_trip(r, x, mx.zeros((len(x), 8))) for r, x in half.rows.items()
        }
        other, own = logits(gemma, half, back), logits(gemma, half, half.rows)
        kl = np.array(FullDepth(own).divergence(other)).sum(dtype=np.float64)
        assert each["int8"].kl == float(kl)
