"""Codecs: rows of numbers in, bytes of a packet out, and back."""

from train.model.codecs.base import Codec
from train.model.codecs.integers import Int4, Int8, Int8Outliers
from train.model.codecs.plain import Bf16, Native

BUILTIN: dict[str, type[Codec]] = {c.name: c for c in (Native, Bf16, Int8, Int8Outliers, Int4)}
NUMBERS = {"native": 0, "bf16": 1, "int8": 2, "int8o": 3, "int4": 4, "pca": 5, "learned": 6}


def builtin(name: str) -> Codec:
    """Return a codec that needs no fitting, by its name."""
    return BUILTIN[name]()
