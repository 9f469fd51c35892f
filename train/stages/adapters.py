"""Adapters on chosen blocks, in mlx_lm's own format: it loads them as they are."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import linear_to_lora_layers

from train.stages.settings import Settings
from warehouse.errors import AgpError

LEAVES = ("lora_a", "lora_b", "m")


def choose_blocks(spec: str, layers: int) -> list[int]:
    """Return block numbers for `spread` (every second, the last too), `all`, `last:N`, a list.

    >>> choose_blocks("spread", 8), choose_blocks("last:2", 8), choose_blocks("0,5", 8)
    ([0, 2, 4, 6, 7], [6, 7], [0, 5])
    """
    try:
        if spec == "spread":
            return sorted({*range(0, layers, 2), layers - 1})
        if spec == "all":
            return list(range(layers))
        if spec.startswith("last:"):
            chosen = list(range(layers - int(spec[5:]), layers))
        else:
            chosen = sorted({int(part) for part in spec.split(",")})
    except ValueError:
        chosen = []
    if not chosen or not all(0 <= i < layers for i in chosen) or spec in ("last:0",):
        raise AgpError(f"blocks {spec!r}: say spread, all, last:N or a list within 0–{layers - 1}")
    return chosen


def attach(model: nn.Module, layers: list[nn.Module], settings: Settings) -> dict[str, Any]:
    """Freeze the model, put adapters on the linears of chosen blocks; return adapter_config.json.

    The config names every module in full, so that mlx_lm finds exactly these blocks again.
    """
    model.freeze()
    chosen = {id(layers[i]) for i in choose_blocks(settings.blocks, len(layers))}
    prefixes = [f"{name}." for name, module in model.named_modules() if id(module) in chosen]
    linear = (nn.Linear, nn.QuantizedLinear)
    found = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, linear) and any(name.startswith(p) for p in prefixes)
    ]
    if settings.method == "dora":
        refuse_odd_bits([module for _, module in found])
    parameters = {"rank": settings.rank, "scale": settings.scale, "dropout": settings.dropout}
    parameters["keys"] = sorted(name for name, _ in found)
    use_dora = settings.method == "dora"
    linear_to_lora_layers(model, len(layers), parameters, use_dora=use_dora)
    return {
        "fine_tune_type": settings.method,
        "num_layers": len(layers),
        "lora_parameters": parameters,
    }


def refuse_odd_bits(modules: list[nn.Module]) -> None:
    """Raise where mlx_lm's DoRA miscounts the inputs of a quantised linear (3, 5 and 6 bits)."""
    bits = {m.bits for m in modules if isinstance(m, nn.QuantizedLinear)}
    if any(32 % b for b in bits):
        raise AgpError("DoRA cannot stand on a base of 3, 5 or 6 bits; use --set method=lora")


def weights(model: nn.Module) -> dict[str, mx.array]:
    """Return the adapter's weights by their names in the model."""
    pairs: Any = tree_flatten(model.trainable_parameters())
    return {name: w for name, w in pairs if name.rsplit(".", 1)[-1] in LEAVES}


def write_config(folder: Path, config: dict[str, Any]) -> None:
    """Write adapter_config.json beside adapters.safetensors."""
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=1) + "\n")
