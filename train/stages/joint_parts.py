"""A bundle's parts brought to life around its backbone, and written down again as they moved.

What is written is a checkpoint that looks like those of stages 1 to 5 at once: whatever reads an
adapter, heads, modules, a projection or a codec reads it from there. Each part names the adapter
that it now belongs to.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn

from train.model import depth_set, heads, semantic
from train.model.bundle import Bundle
from train.model.codecs.learned import Learned, arrays_of, from_arrays
from train.model.depth_set import DepthSet
from train.model.digest import weights_digest
from train.model.gemma import Gemma
from train.model.joint import Joint, Members
from train.model.load import load
from train.stages import adapters, checkpoint, fitted
from train.stages.bundles import FILES, LENS

CONTROL = "shuffled"  # of heads and projections: learned from shuffled labels
Arrays = dict[str, mx.array]


@dataclass
class Parts:
    """Everything of a bundle, in memory."""

    gemma: Gemma
    tokenizer: Any
    joint: Joint
    documents: dict[str, dict[str, Any]]  # role → what stands beside its weights
    lenses: dict[int, tuple[mx.array, mx.array]]  # that the heads look through; empty: as it is

    @property
    def roles(self) -> list[str]:
        """Return the roles that there are, the adapter first."""
        return list(self.documents)

    def part(self, role: str) -> Any:
        """Return a part's module."""
        return self.joint[role]


def bring(found: Bundle) -> Parts:
    """Load a bundle's parts; AgpError where it has no adapter."""
    held = [role for role in FILES if role in found.manifest.parts]
    folders = {role: found.part(role) for role in ("adapter", *held)}
    model, tokenizer = load(found.manifest.backbone.model, folders["adapter"])
    made: dict[str, nn.Module] = {}
    for role in held:
        if role != "adapter":
            made[role] = LOADERS[role](folders[role])
    documents = {
        role: json.loads((folder / FILES[role][1]).read_bytes()) for role, folder in folders.items()
    }
    lenses = read_lenses(folders["heads"]) if "heads" in folders else {}
    joint = Joint(model, made, adapters.LEAVES)
    return Parts(Gemma(model), tokenizer, joint, documents, lenses)


def load_members(found: dict[str, Any]) -> Members:
    """Return heads or projections by name, of which the control stays as it is."""
    return Members(found, still=(CONTROL,))


def load_depth(folder: Path) -> DepthSet:
    """Return depth modules, of which the seeds move and the rivals stay as they are."""
    made, _ = depth_set.load_depth(folder)
    for name in depth_set.OTHERS:
        for module in made.member(name):
            module.freeze()
    return made


def load_codec(folder: Path) -> Learned:
    """Return the learned pair; how many bits a latent takes stays as it is."""
    arrays, about = fitted.read(folder)
    made = from_arrays(arrays, list(about["roles"]), about["hidden"])
    for pair in made.pairs.values():
        pair.freeze(keys=["gain"], recurse=False)
    return made


def read_lenses(folder: Path) -> dict[int, tuple[mx.array, mx.array]]:
    """Return the affine lenses that heads look through; none where states are read as they are."""
    arrays: Any = mx.load(str(folder / LENS))
    layers = [int(name.removesuffix(".map")) for name in arrays if name.endswith(".map")]
    return {k: (arrays[f"{k}.map"], arrays[f"{k}.bias"]) for k in layers}


LOADERS: dict[str, Any] = {
    "heads": lambda folder: load_members(heads.load_heads(folder, None)),
    "depth": load_depth,
    "semantic": lambda folder: load_members(semantic.load_semantic(folder, None)),
    "codec": load_codec,
}


def depth_modules(parts: Parts, half: bool = False) -> list[Any]:
    """Return the depth modules of all seeds, at every exit or at the one nearest half depth."""
    made, n = parts.part("depth"), parts.gemma.n_layers
    layers = made.shape.layers
    nearest = min(range(len(layers)), key=lambda i: abs(2 * layers[i] - n))
    found = [made.member(str(seed)) for seed in made.shape.seeds]
    return [m for seed in found for i, m in enumerate(seed) if not half or i == nearest]


def kept(parts: Parts) -> tuple[dict[str, Arrays], dict[str, Any]]:
    """Return tensors and documents by the files' names; each part names the adapter as it is."""
    arrays = {FILES[role][0]: tensors(parts, role) for role in parts.roles}
    digest = digest_of(arrays[FILES["adapter"][0]])
    documents = {FILES[r][1]: renamed(d, digest) for r, d in parts.documents.items()}
    return arrays, documents


def tensors(parts: Parts, role: str) -> Arrays:
    """Return a part's numbers as its own stage writes them."""
    if role == "adapter":
        return adapters.weights(parts.gemma.model)
    return arrays_of(parts.part(role))


def digest_of(arrays: Arrays) -> str:
    """Return what names an adapter: the hash of the file that these tensors make."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILES["adapter"][0]
        checkpoint.write_tensors(file, arrays)
        return weights_digest(file)


def renamed(document: dict[str, Any], digest: str) -> dict[str, Any]:
    """Return a part's document with another adapter's digest, wherever it names one."""
    if "identity" in document:
        return document | {"identity": document["identity"] | {"adapter_digest": digest}}
    return document | ({"adapter_digest": digest} if "adapter_digest" in document else {})


def restore(parts: Parts, arrays: dict[str, Arrays]) -> None:
    """Give every part the tensors of a checkpoint, by the files' names."""
    for role in parts.roles:
        module = parts.gemma.model if role == "adapter" else parts.part(role)
        module.load_weights(list(arrays[FILES[role][0]].items()), strict=False)
