"""Hashes: one for a model, whatever folder it lies in, and one for any file."""

import hashlib
from pathlib import Path


def model_digest(folder: Path) -> str:
    """Return 16 hex digits over config.json, tokenizer.json and every weight file."""
    total = hashlib.blake2b(digest_size=8)
    named = [folder / "config.json", folder / "tokenizer.json"]
    for file in sorted([*named, *folder.glob("model*.safetensors")]):
        if file.is_file():
            with file.open("rb") as stream:
                total.update(file.name.encode() + hashlib.file_digest(stream, "blake2b").digest())
    return total.hexdigest()


def file_sha256(file: Path) -> str:
    """Return a file's sha-256 in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tokenizer_digest(folder: Path) -> str:
    """Return 16 hex digits of a model folder's tokenizer.json; of nothing where it has none."""
    file = folder / "tokenizer.json"
    text = file.read_bytes() if file.is_file() else b""
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def weights_digest(file: Path) -> str:
    """Return 16 hex digits of a file of weights: what names an adapter."""
    return file_sha256(file)[:16]
