"""A model's facts from its config.json alone; nothing is loaded."""

import json
from typing import Any

from train.model.load import model_folder
from warehouse.errors import AgpError


def text_config(folder_or_name: str) -> dict[str, Any]:
    """Return the text model's settings of a config.json, defaults of mlx_lm filled in."""
    from dataclasses import asdict

    from mlx_lm.models import gemma3_text, gemma4_text

    folder = model_folder(folder_or_name)
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except ValueError as error:
        raise AgpError(f"{folder / 'config.json'} is no JSON ({error})") from None
    text = {**config, **config.get("text_config", {})}
    text["vocab_size"] = config.get("vocab_size", text.get("vocab_size"))
    kind = text.get("model_type", "")
    if not kind.startswith(("gemma3", "gemma4")):
        raise AgpError(f"{folder} is a {kind or 'nameless'} model; AGP wraps Gemma 3 and 4")
    arguments = (gemma3_text if kind.startswith("gemma3") else gemma4_text).ModelArgs
    known = {k: v for k, v in text.items() if v is not None}
    filled = asdict(arguments.from_dict(known))
    return filled | {"quantization": config.get("quantization")}


def kinds(config: dict[str, Any]) -> list[str]:
    """Return full or sliding for each layer."""
    if "layer_types" in config:
        return [t.removesuffix("_attention") for t in config["layer_types"]]
    pattern = config["sliding_window_pattern"]
    return ["sliding" if (i + 1) % pattern else "full" for i in range(config["num_hidden_layers"])]


def describe(name: str) -> dict[str, Any]:
    """Return what `agp model show` prints."""
    config = text_config(name)
    layers = config["num_hidden_layers"]
    own = layers - config.get("num_kv_shared_layers", 0)
    each = kinds(config)
    quantised = config["quantization"]
    return {
        "type": config["model_type"],
        "layers": layers,
        "hidden size": config["hidden_size"],
        "vocabulary": config["vocab_size"],
        "full attention": ", ".join(str(i) for i, k in enumerate(each) if k == "full"),
        "sliding window": config["sliding_window"],
        "own keys and values": f"0–{own - 1}",
        "shared keys and values": f"{own}–{layers - 1}" if own < layers else "none",
        "per-layer input": config.get("hidden_size_per_layer_input", 0),
        "soft-cap": config.get("final_logit_softcapping"),
        "quantisation": f"{quantised['bits']} bits" if quantised else "none",
    }
