"""Loading a model: a folder, a hub id, or `tiny`; numbers a CPU can compute with."""

import json
import re
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_map

from train.model.digest import model_digest
from warehouse.errors import AgpError

TINY = Path(__file__).parent / "tiny"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def model_folder(name: str) -> Path:
    """Return the folder of a model; a hub id is fetched by mlx_lm; AgpError when there is none."""
    if name == "tiny":
        return TINY
    path = Path(name).expanduser()
    if path.exists():
        if not (path / "config.json").is_file():
            raise AgpError(f"{path} is no model folder: it has no config.json")
        return path
    if not HUB_ID.fullmatch(name):
        raise AgpError(f"no model at {name}; give a model folder, a hub id, or `tiny`")
    from mlx_lm.utils import _download

    try:
        return Path(_download(name))
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AgpError(f"cannot fetch {name} ({reason}); give a model folder") from None


def load(name: str, adapter: str | Path | None = None) -> tuple[nn.Module, Any]:
    """Return (model, tokenizer) of a model and, when named, an adapter of it.

    On a CPU half precision is ten times slower, so weights that are not quantised become float32,
    and mlx's compiler, which would call a C++ compiler for nothing, stays off.
    """
    from mlx_lm.tuner.utils import load_adapters
    from mlx_lm.utils import load_model, load_tokenizer

    on_cpu = mx.default_device() == mx.Device(mx.cpu)
    if on_cpu:
        mx.disable_compile()
    folder = model_folder(name)
    try:
        model, config = load_model(folder)
        tokenizer = load_tokenizer(folder, eos_token_ids=config.get("eos_token_id"))
    except (ValueError, FileNotFoundError, RuntimeError, KeyError, TypeError) as error:
        raise AgpError(f"cannot load {folder}: {str(error).splitlines()[0]}") from None
    if on_cpu:
        widen(model)
    if adapter is not None:
        if not (Path(adapter) / "adapter_config.json").is_file():
            raise AgpError(f"{adapter} is no adapter folder: it has no adapter_config.json")
        refuse_foreign(Path(adapter), folder)
        try:
            load_adapters(model, str(adapter))
        except (ValueError, KeyError, RuntimeError) as error:
            raise AgpError(f"{adapter} is no adapter of {name}: {error}") from None
    model.eval()
    return model, tokenizer


def refuse_foreign(adapter: Path, folder: Path) -> None:
    """Raise where an adapter says that it belongs to another base than this model folder."""
    try:
        config = json.loads((adapter / "adapter_config.json").read_bytes())
    except ValueError as error:
        raise AgpError(f"{adapter / 'adapter_config.json'} is no JSON ({error})") from None
    wanted, found = config.get("model_digest"), model_digest(folder)
    if wanted and wanted != found:
        named = config.get("model", "another model")
        raise AgpError(
            f"{adapter} is an adapter of {named} ({wanted}), not of {folder} ({found}); "
            "give the model that it was trained on"
        )


def widen(model: nn.Module) -> None:
    """Turn half-precision weights into float32, in place; the scales of quantised ones too."""
    half = (mx.float16, mx.bfloat16)
    model.update(
        tree_map(lambda w: w.astype(mx.float32) if w.dtype in half else w, model.parameters())
    )
