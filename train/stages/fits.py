"""Whether the parts of a bundle fit together: each is opened and says itself whose it is.

The manifest says of every part which backbone it belongs to, and holds every byte; but whoever
writes a manifest may put parts side by side that never met. So heads, modules, projection, codec
and thresholds are asked themselves.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from train.model import depth_set, heads, semantic
from train.model.bundle import Bundle
from train.model.digest import file_sha256
from train.model.identity import NAMES
from train.model.travel import Digests
from train.stages import certified, runs
from train.stages.fitted import fitted_codecs
from warehouse.errors import AgpError

READ: dict[str, tuple[str, Callable[[Path], Any]]] = {  # role → its document, what loads it
    "heads": (heads.ABOUT, lambda folder: heads.load_heads(folder, None)),
    "depth": (depth_set.ABOUT, depth_set.load_depth),
    "semantic": (semantic.ABOUT, lambda folder: semantic.load_semantic(folder, None)),
}


def fits(found: Bundle, tokenizer: str) -> None:
    """Raise AgpError in one line unless all parts are of one backbone and one tokenizer.

    `tokenizer` is the digest of the model's tokenizer.
    """
    backbone, held = found.manifest.backbone, found.manifest.parts
    wanted = (backbone.model_digest, backbone.adapter_digest, tokenizer)
    for role in held.keys() & READ.keys():
        same_backbone(found, role, wanted)
    if "codec" in held:
        fitted_codecs(found.part("codec"), Digests(*wanted))
    if "thresholds" in held:
        thresholds(found)


def same_backbone(found: Bundle, role: str, wanted: tuple[str, str | None, str]) -> None:
    """Raise unless a part loads, and was trained on the bundle's own model and adapter."""
    about, load = READ[role]
    folder = found.part(role)
    load(folder)
    said = runs.read_json(folder / about)["identity"]
    for key, ours in zip(NAMES, wanted, strict=False):
        if said[key] != ours:
            raise AgpError(
                f"{found.folder}: the {role} was trained on {NAMES[key]} {said[key] or 'none'}, "
                f"the bundle has {ours or 'none'}; make the bundle again of runs that fit"
            )


def thresholds(found: Bundle) -> None:
    """Raise unless thresholds are probabilities, certified for the very heads beside them."""
    file = found.part("thresholds") / certified.FILE
    document = runs.read_json(file)
    if document.get("weights") != file_sha256(found.part("heads") / heads.WEIGHTS):
        raise AgpError(f"{file} was certified for other heads; make the bundle again")
    for name, said in document["heads"].items():
        value = said["threshold"]
        if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
            raise AgpError(f"{file}: threshold {value:g} of heads {name} is outside 0 to 1")
