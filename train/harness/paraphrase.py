"""Texts in other words: requests in, the same requests by `paraphrase.toml` out.

Words are exchanged and a frame is set around them; no model writes anything. What keyword
functions find must be the same before and after, so that the label of a text holds for both.
"""

import hashlib
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from labelers.keywords import holds
from labelers.load import Labeler
from labelers.masking import patterns

FILE = Path(__file__).with_suffix(".toml")
WAYS = ("near", "far")


class Way(BaseModel):
    """One way of rewriting."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    frames: list[str] = Field(min_length=1)
    words: dict[str, str]


@cache
def ways() -> dict[str, Way]:
    """Return the ways that ship, by name."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: Way.model_validate(found[name]) for name in WAYS}


def rewritten(text: str, way: Way) -> str:
    """Return a text in other words; which frame stands around it depends on the text alone.

    >>> rewritten("Can you fix it?", Way(frames=["Hello. {text}"], words={"fix": "repair"}))
    'Hello. Can you repair it?'
    """
    longest = sorted(way.words, key=len, reverse=True)
    inner = "|".join(re.escape(word) for word in longest)
    if inner:
        text = re.sub(rf"\b(?:{inner})\b", lambda m: way.words[m[0].lower()], text, flags=re.I)
    at = hashlib.blake2b(text.encode(), digest_size=2).digest()
    return way.frames[int.from_bytes(at) % len(way.frames)].replace("{text}", text)


def paraphrases(texts: Sequence[str], name: str, labelers: Sequence[Labeler]) -> list[str | None]:
    """Return each text in other words; None where a keyword function would judge it otherwise."""
    made = [rewritten(text, ways()[name]) for text in texts]
    searched = patterns(labelers)
    same = (holds(texts, searched) == holds(made, searched)).all(axis=1)
    return [new if kept else None for new, kept in zip(made, same, strict=True)]
