"""The tiny model's own text: banks of sentences in `tiny_corpus/` become documents, by a seed.

A bank opens with `@name`; every line below it is one way to say it, and `{other}` grows from
another bank. `{other.1}` stays the same within a document, `{other.2}` is a second one; in a table
(`@name |`) the number is a column of the document's one row. Conversations divide their turns by
` >> `.
"""

import random
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

REFERENCE = re.compile(r"\{([a-z_]+)(?:\.(\d))?(\.title)?\}")
MIXTURE = {"chat": 11, "prose": 5, "code": 2, "lines": 2}  # documents of each kind, out of 20


@cache
def banks() -> dict[str, list[Any]]:
    """Return every bank by name; a table's lines are split into columns."""
    found: dict[str, list[Any]] = {}
    for file in sorted((files("train.model") / "tiny_corpus").iterdir(), key=lambda f: f.name):
        name, table = "", False
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("@"):
                name, table = line[1:].removesuffix(" |"), line.endswith(" |")
                found[name] = []
            elif line and not line.startswith("# "):
                text = line.replace("\\n", "\n")
                found[name].append(text.split(" | ") if table else text)
    return found


@dataclass
class Document:
    """One document while it grows; it remembers what its numbered references drew."""

    rng: random.Random
    drawn: dict[str, list] = field(default_factory=dict)

    def grow(self, text: str) -> str:
        """Return the text with every reference replaced."""
        return REFERENCE.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        name, number, title = match.groups()
        bank = banks()[name]
        if number is None:
            line = self.rng.choice(bank)
        elif isinstance(bank[0], list):
            line = self._draws(name, 1)[0][int(number) - 1]
        else:
            line = self._draws(name, int(number))[int(number) - 1]
        grown = self.grow(line)
        return grown[:1].upper() + grown[1:] if title else grown

    def _draws(self, name: str, count: int) -> list:
        """Return at least `count` different lines of a bank, the same ones each time."""
        drawn = self.drawn.setdefault(name, [])
        while len(drawn) < count:
            drawn.append(self.rng.choice([line for line in banks()[name] if line not in drawn]))
        return drawn


def documents(count: int, seed: int) -> list[str | list[dict[str, str]]]:
    """Return documents: plain texts, and conversations as lists of messages.

    >>> documents(3, seed=1) == documents(3, seed=1) != documents(3, seed=2)
    True
    """
    rng = random.Random(seed)
    kinds = [kind for kind, share in MIXTURE.items() for _ in range(share)]
    made: list[str | list[dict[str, str]]] = []
    for i in range(count):
        kind = kinds[i % len(kinds)]
        text = Document(rng).grow("{" + kind + "}")
        turns = [turn.strip() for turn in text.split(" >> ")]
        made.append(messages(turns) if kind == "chat" else text)
    rng.shuffle(made)
    return made


def messages(turns: list[str]) -> list[dict[str, str]]:
    """Return turns as messages, the user first.

    >>> messages(["Hello!", "Hi."])[1]
    {'role': 'assistant', 'content': 'Hi.'}
    """
    return [{"role": ("user", "assistant")[i % 2], "content": turn} for i, turn in enumerate(turns)]
