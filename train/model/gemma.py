"""Gemma in four verbs over mlx_lm's own layers: run a..b, capture, resume at k, decode.

In goes a model that mlx_lm loaded (`gemma4`, `gemma4_text`, `gemma3`, `gemma3_text`, with or
without adapters); out come residual streams and logits, bit-identical to calling that model. `h` at
layer k is the residual stream before layer k; h at `n_layers` is what the final norm reads.

Gemma 4's last layers share the keys and values of earlier ones, so from `first_shared` on a
position whose output nobody needs need not run: `take` keeps the positions that do.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.models import gemma3_text, gemma4_text

from train.model.masks import array_mask, causal_mask, restarted, segment_mask, select_rows
from train.model.stream import Kv, Stream, run_layer
from warehouse.errors import AgpError


class Gemma:
    """A view of a loaded model; it owns no weights and changes none."""

    def __init__(self, model: nn.Module) -> None:
        """Look at a model; AgpError when it is no text Gemma 3 or 4."""
        text = model.language_model if "language_model" in model else model
        if not isinstance(text, gemma3_text.Model | gemma4_text.Model):
            raise AgpError(f"{type(model).__module__} is no Gemma 3 or 4 text model")
        self.model, self.text, self.backbone = model, text, text.model
        self.is_gemma4 = isinstance(text, gemma4_text.Model)
        self.config: Any = text.args
        self.n_layers: int = len(self.backbone.layers)
        self.window: int = self.config.sliding_window
        if isinstance(text, gemma4_text.Model):
            self.sources: list[int] = text.model.previous_kvs
            self.kinds = [
                "full" if k == "full_attention" else "sliding" for k in text.args.layer_types or []
            ]
            shared, self.softcap = text.args.num_kv_shared_layers, text.args.final_logit_softcapping
        else:
            pattern = self.config.sliding_window_pattern
            self.sources = list(range(self.n_layers))
            self.kinds = ["sliding" if (i + 1) % pattern else "full" for i in self.sources]
            shared, self.softcap = 0, None
        self.first_shared = self.n_layers - shared
        self.call: Callable[..., tuple[mx.array, Kv | None]] = run_layer

    @property
    def layers(self) -> Sequence[nn.Module]:
        """Return mlx_lm's layers, as they are now (adapters included)."""
        return self.backbone.layers

    def make_cache(self) -> list[Any]:
        """Return mlx_lm's own cache: one entry for each layer that owns keys and values."""
        return self.text.make_cache()

    def producers(self, layer: int) -> list[int]:
        """Return the layers below `layer` whose keys and values are read at `layer` or above."""
        return sorted({s for s in self.sources[layer:] if s < layer})

    def embed(self, tokens: mx.array) -> tuple[mx.array, list[mx.array | None]]:
        """Return h_0 [b x s x d] and the per-layer inputs of token ids [b x s]."""
        h = self.backbone.embed_tokens(tokens)
        if not isinstance(self.backbone, gemma4_text.Gemma4TextModel):
            return h * mx.array(self.config.hidden_size**0.5, mx.bfloat16).astype(h.dtype), [
                None
            ] * self.n_layers
        raw, h = h, h * self.backbone.embed_scale
        if not self.backbone.hidden_size_per_layer_input:
            return h, [None] * self.n_layers
        inputs = self.backbone._get_per_layer_inputs(tokens, raw)
        inputs = self.backbone._project_per_layer_inputs(h, inputs)
        return h, [inputs[:, :, i, :] for i in range(self.n_layers)]

    def start(
        self, tokens: mx.array, cache: list[Any] | None = None, segments: mx.array | None = None
    ) -> Stream:
        """Return the stream before layer 0; masks are made here, before a layer moves its cache.

        `segments` [b x s] numbers the sample each position of a pack belongs to, in order: none
        sees another, and each stands where it would stand alone.
        """
        h, per_layer = self.embed(tokens)
        stream = self._stream(h, 0, per_layer, cache, segments, {})
        return stream if segments is None else replace(stream, places=restarted(segments))

    def resume(
        self,
        tokens: mx.array,
        h: mx.array,
        layer: int,
        kvs: dict[int, Kv],
        cache: list[Any] | None = None,
    ) -> Stream:
        """Return the stream that stood before `layer`, from h, the kvs of `producers(layer)`, ids.

        Everything else (per-layer inputs, masks) is made again. Entries of `cache` from `layer` on
        must not have seen these tokens yet.
        """
        missing = [p for p in self.producers(layer) if p not in kvs]
        if missing:
            raise AgpError(f"resuming at layer {layer} needs keys and values of layers {missing}")
        return self._stream(h, layer, self.embed(tokens)[1], cache, None, dict(kvs))

    def _stream(
        self,
        h: mx.array,
        layer: int,
        per_layer: Sequence[mx.array | None],
        cache: list[Any] | None,
        segments: mx.array | None,
        kvs: dict[int, Kv],
    ) -> Stream:
        """Return a stream with one mask for each kind of attention."""
        caches = [*(cache or []), *[None] * (self.n_layers - len(cache or []))]
        masks = {}
        for kind in set(self.kinds):
            window = self.window if kind == "sliding" else None
            own = [i for i in range(layer, self.n_layers) if self.kinds[i] == kind]
            held = next((caches[i] for i in own if caches[i] is not None), None)
            read = next((kvs[self.sources[i]] for i in own if self.sources[i] in kvs), None)
            if segments is not None:
                masks[kind] = segment_mask(segments, window)
            else:
                keys = read[0][0].shape[2] if read and held is None else None
                masks[kind] = causal_mask(h, held, window, keys)
        return Stream(h, layer, per_layer, [masks[k] for k in self.kinds], caches, kvs)

    def run(self, stream: Stream, stop: int) -> Stream:
        """Run layers `stream.layer` up to, not including, `stop`."""
        h, kvs, turned = stream.h, dict(stream.kvs), stream.turned
        for i in range(stream.layer, stop):
            mask, cache, shared = stream.masks[i], stream.cache[i], kvs.get(self.sources[i])
            at = (i, self.layers[i], turned)
            h, made = self.call(at, h, mask, cache, stream.per_layer[i], shared)
            if made is not None and i in self.sources[i + 1 :]:
                kvs[i] = made
        return replace(stream, h=h, layer=stop, kvs=kvs)

    def take(self, stream: Stream, positions: mx.array) -> Stream:
        """Keep positions [b x p] only; exact from `first_shared` on, an error below it."""
        if stream.layer < self.first_shared:
            raise AgpError(f"positions may be dropped from layer {self.first_shared} on")
        per_layer: list[mx.array | None] = [
            None
            if x is None or i < stream.layer
            else mx.take_along_axis(x, positions[..., None], 1)
            for i, x in enumerate(stream.per_layer)
        ]
        rows: dict[int, Any] = {}  # one selection for each distinct mask
        masks = list(stream.masks)
        for i in range(stream.layer, self.n_layers):
            keys = stream.kvs[self.sources[i]][0][0].shape[2]
            full = array_mask(masks[i], stream.h.shape[1], keys)
            rows.setdefault(id(masks[i]), select_rows(full, positions))
            masks[i] = rows[id(stream.masks[i])]
        h = mx.take_along_axis(stream.h, positions[..., None], 1)  # [b x p x d]
        return replace(stream, h=h, per_layer=per_layer, masks=masks, positions=positions)

    def uncapped(self, h: mx.array) -> mx.array:
        """Return logits [... x vocabulary] of a residual stream before the soft-cap."""
        normed = self.backbone.norm(h)
        if self.text.tie_word_embeddings:
            return self.backbone.embed_tokens.as_linear(normed)
        return self.text.lm_head(normed)

    def decode(self, h: mx.array) -> mx.array:
        """Return logits [... x vocabulary] of a residual stream: final norm, head, soft-cap."""
        logits = self.uncapped(h)
        return gemma4_text.logit_softcap(self.softcap, logits) if self.softcap else logits

    def logits(self, tokens: mx.array, cache: list[Any] | None = None) -> mx.array:
        """Return what the model itself returns for token ids [b x s]."""
        return self.decode(self.run(self.start(tokens, cache), self.n_layers).h)

    def hidden_at(
        self,
        tokens: mx.array,
        positions: mx.array,
        cache: list[Any] | None = None,
        segments: mx.array | None = None,
    ) -> mx.array:
        """Return h at `n_layers` of the given positions [b x p] only: [b x p x d].

        The shared tail runs on those positions alone.
        """
        stream = self.run(self.start(tokens, cache, segments), self.first_shared)
        if self.first_shared == self.n_layers:
            return mx.take_along_axis(stream.h, positions[..., None], 1)
        return self.run(self.take(stream, positions), self.n_layers).h

    def prefill(self, tokens: mx.array, cache: list[Any]) -> mx.array:
        """Fill a cache from a prompt [b x s] and return the next token's logits [b x v]."""
        last = mx.full((tokens.shape[0], 1), tokens.shape[1] - 1)
        return self.decode(self.hidden_at(tokens, last, cache))[:, 0]

    def capture(
        self,
        tokens: mx.array,
        layers: Sequence[int],
        cache: list[Any] | None = None,
        positions: mx.array | None = None,
    ) -> tuple[dict[int, mx.array], Stream]:
        """Return {k: h_k} for the layers asked for, and the stream where it ended.

        With `positions` [b x p] every h_k holds those positions only.
        """
        stream, states = self.start(tokens, cache), {}
        stops = sorted(set(layers))
        if positions is not None and stops[-1] > self.first_shared:
            stops = sorted({*stops, self.first_shared})
        for stop in stops:
            stream = self.run(stream, stop)
            if positions is not None and stop == self.first_shared < stops[-1]:
                stream = self.take(stream, positions)
            if stop in layers:
                states[stop] = stream.h
                if positions is not None and stream.positions is None:
                    states[stop] = mx.take_along_axis(stream.h, positions[..., None], 1)
        return states, stream
