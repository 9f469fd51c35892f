"""The codecs that a run of stage 5 trained: its checkpoint in, codecs that fit one model out."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx

from train.model.codecs.base import Codec
from train.model.codecs.learned import LearnedCodec, components, from_arrays
from train.model.codecs.pca import Pca
from train.model.travel import Digests
from warehouse.errors import AgpError

FILES = ("codec.safetensors", "codec.json")


def read(folder: Path) -> tuple[dict[str, mx.array], dict[str, Any]]:
    """Return a checkpoint's arrays and what stands beside them."""
    weights, about = (folder / name for name in FILES)
    if not weights.is_file() or not about.is_file():
        raise AgpError(f"{folder} holds no codec; give a run of stage 5 that has a checkpoint")
    try:
        arrays: Any = mx.load(str(weights))
        return arrays, json.loads(about.read_bytes())
    except (ValueError, RuntimeError) as error:
        raise AgpError(f"cannot read the codec in {folder} ({error}); train it again") from None


def fitted_codecs(folder: Path, digests: Digests) -> dict[str, Codec]:
    """Return the codecs `pca` and `learned`; AgpError where they belong to another model."""
    arrays, about = read(folder)
    wanted = Digests(about["model_digest"], about["adapter_digest"], about["tokenizer_digest"])
    names = ("model", "adapter", "tokenizer")
    for what, a, b in zip(names, wanted.named, digests.named, strict=True):
        if a != b:
            raise AgpError(f"the codec in {folder} is of {what} {a}, not of {b}; load the same")
    return of_arrays(arrays, about)


def of_arrays(arrays: dict[str, mx.array], about: dict[str, Any]) -> dict[str, Codec]:
    """Return both codecs of a checkpoint's arrays."""
    roles, hidden = list(about["roles"]), about["hidden"]
    try:
        pca = Pca(components(arrays, roles))
        return {"pca": pca, "learned": LearnedCodec(from_arrays(arrays, roles, hidden), pca)}
    except (KeyError, ValueError) as error:
        raise AgpError(f"the codec's arrays are not those of its description ({error})") from None
