"""A model from its config.json alone: every shape and type, not one weight.

mlx computes when it is asked to; a model that is built and never evaluated takes no memory, so
even one of many gigabytes can be counted exactly, adapters included.
"""

import json
from collections.abc import Container
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten
from mlx_lm.models import gemma3, gemma3_text, gemma4, gemma4_text

from warehouse.errors import AgpError

FAMILIES: dict[str, Any] = {
    "gemma3": gemma3,
    "gemma3_text": gemma3_text,
    "gemma4": gemma4,
    "gemma4_text": gemma4_text,
}


def skeleton(folder: Path, float32: bool) -> Any:
    """Return the model that the config of a folder describes, unevaluated and quantised as it says.

    `float32` widens half-precision numbers, as loading on a CPU does.
    """
    config = read_config(folder)
    kind = config.get("model_type", "")
    if kind not in FAMILIES:
        raise AgpError(f"{folder} is a {kind or 'nameless'} model; AGP wraps Gemma 3 and 4")
    try:
        model = FAMILIES[kind].Model(FAMILIES[kind].ModelArgs.from_dict(config))
    except (TypeError, ValueError, KeyError, ZeroDivisionError) as error:
        raise AgpError(f"{folder / 'config.json'} describes no model ({error})") from None
    dtype = mx.float32 if float32 else stored_dtype(config)
    model.apply(lambda w: w.astype(dtype))
    quantise(model, config.get("quantization"))
    return model


def read_config(folder: Path) -> dict[str, Any]:
    """Return config.json; AgpError where there is none, or it is no JSON object."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise AgpError(f"cannot read {folder / 'config.json'} ({error})") from None
    if not isinstance(config, dict):
        raise AgpError(f"{folder / 'config.json'} holds no settings")
    return config


def stored_dtype(config: dict[str, Any]) -> mx.Dtype:
    """Return the type weights are stored in; bfloat16 where the config names none."""
    text = config.get("text_config", {})
    names = (c.get(k) for c in (config, text) for k in ("dtype", "torch_dtype"))
    name = next((n for n in names if n), "bfloat16")
    return {"float32": mx.float32, "float16": mx.float16}.get(name, mx.bfloat16)


def quantise(model: nn.Module, quantization: dict[str, Any] | None) -> None:
    """Quantise as the config says: all that can be, unless it says otherwise of a module."""
    if not quantization:
        return

    def chosen(path: str, module: Any) -> Any:
        if not hasattr(module, "to_quantized"):
            return False
        fits = module.weight.shape[-1] % quantization["group_size"] == 0
        return quantization.get(path, fits)

    mode = quantization.get("mode", "affine")
    size, bits = quantization["group_size"], quantization["bits"]
    nn.quantize(model, size, bits, mode=mode, class_predicate=chosen)


def tensors(tree: Any) -> dict[str, mx.array]:
    """Return the parameters of a tree by name."""
    pairs: Any = tree_flatten(tree)
    return dict(pairs)


def numbers(model: nn.Module) -> dict[str, int]:
    """Return how many numbers a model's embedding, per-layer table and other weights hold.

    Of a quantised module the numbers count that it stands for, not its packed words.
    """
    found = {"embedding": 0, "per-layer embedding": 0, "other": 0}
    for name, module in model.named_modules():
        own = {k: w for k, w in module.items() if isinstance(w, mx.array) and k[0] != "_"}
        if not own:
            continue
        count = sum(w.size for k, w in own.items() if k not in ("scales", "biases"))
        if "bits" in vars(module) and "scales" in own:
            packed = own["weight"].size
            count += packed * 32 // vars(module)["bits"] - packed
        found[part(name)] += count
    return found


def part(name: str) -> str:
    """Return which part of the plan a module's weights belong to.

    >>> part("language_model.model.embed_tokens_per_layer"), part("model.layers.0.mlp.up_proj")
    ('per-layer embedding', 'other')
    """
    last = name.rsplit(".", 1)[-1]
    return {"embed_tokens": "embedding", "embed_tokens_per_layer": "per-layer embedding"}.get(
        last, "other"
    )


def stored_bytes(model: nn.Module, without: Container[str] = ()) -> dict[str, int]:
    """Return the bytes of a model's weights by the same parts, without leaves of some names."""
    found = {"embedding": 0, "per-layer embedding": 0, "other": 0}
    for name, array in tensors(model.parameters()).items():
        module, _, leaf = name.rpartition(".")
        found[part(module)] += 0 if leaf in without else array.nbytes
    return found
