"""Planted near copies and hard negatives: a number of texts in, texts with the truth out.

Of every hundred texts ten are copies of another one, in which up to a twentieth of the words or of
the characters is replaced, left out or put in; and ten were made from a template, which is most of
their words, with content of their own: one passage, two, or numbers. No two of these say the same.
Words are drawn by Zipf's law from the letters of six scripts.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

SCRIPTS = {
    "latin": ("abcdefghijklmnopqrstuvwxyzéöñ", 2, 9, " "),
    "cyrillic": ("абвгдежзийклмнопрстуфхцчшщыьэюя", 2, 9, " "),
    "arabic": ("ابتثجحخدذرزسشصضطظعغفقكلمنهوي", 2, 7, " "),
    "devanagari": ("कखगघचछजझटठडढतथदधनपफबभमयरलवशसह" + "ािीुूेैोौ", 2, 7, " "),
    "nko": ("".join(map(chr, range(0x7CA, 0x7EB))), 2, 7, " "),
    "han": ("".join(map(chr, range(0x4E00, 0x4E00 + 3000))), 1, 2, ""),
}
WORDS = 12_000  # of each script
MEMBERS = 20  # texts of a template


@dataclass(frozen=True)
class Planted:
    """A text; `cluster` is the same for a text and its copies, `kind` says how it was made."""

    text: str
    cluster: int
    original: bool
    script: str
    kind: str  # plain | words | characters | passage | passages | numbers


class Writer:
    """Writes texts of one script."""

    def __init__(self, script: str, dice: random.Random) -> None:
        """Draw the script's words."""
        self.letters, low, high, self.between = SCRIPTS[script]
        self.script, self.dice = script, dice
        self.words = [
            "".join(dice.choices(self.letters, k=dice.randint(low, high))) for _ in range(WORDS)
        ]
        self.often = list(accumulate(1 / (rank + 20) for rank in range(WORDS)))

    def some(self, count: int) -> list[str]:
        """Return so many words."""
        return self.dice.choices(self.words, cum_weights=self.often, k=count)

    def length(self) -> int:
        """Return how many words a text has: from thirty to about six hundred."""
        more = 2 if self.script == "han" else 1
        return more * int(30 * 20 ** (self.dice.random() ** 2))

    def joined(self, words: Sequence[str]) -> str:
        """Return words as a text."""
        return self.between.join(words)

    def edited(self, words: Sequence[str], kind: str) -> str:
        """Return the words with up to a twentieth of them, or of their characters, changed."""
        share = self.dice.uniform(0.005, 0.05)
        if kind == "words":
            return self.joined(self.changed(words, share, lambda: self.some(1)[0]))
        text = self.joined(words)
        return "".join(self.changed(text, share, lambda: self.dice.choice(self.letters)))

    def changed(self, items: Sequence[str], share: float, new: Callable[[], str]) -> list[str]:
        """Return items with a share of them replaced, left out, or another put before them."""
        result = list(items)
        count = max(1, int(len(result) * share))
        for at in sorted(self.dice.sample(range(len(result)), count), reverse=True):
            how = self.dice.randrange(3)
            result[at : at + 1] = [[new()], [], [new(), result[at]]][how]
        return result

    def members(self, kind: str, count: int) -> list[str]:
        """Return texts of one template: a fifth to a third of each is its own."""
        base = self.some(self.length())
        share = self.dice.uniform(0.2, 0.33)
        places = {"passage": 1, "passages": 2, "numbers": 3}[kind]
        size = max(3, int(len(base) * share / places))
        starts = [i * len(base) // places for i in range(places)]
        made = []
        for _ in range(count):
            words = list(base)
            for at in reversed(starts):
                digits = [str(self.dice.randrange(1000, 10**6))]
                words[at : at + size] = digits if kind == "numbers" else self.some(size)
            made.append(self.joined(words))
        return made


def planted(count: int, seed: int = 11) -> list[Planted]:
    """Return about so many texts in random order, the same ones for the same seed."""
    dice = random.Random(seed)
    writers = [Writer(script, dice) for script in SCRIPTS]
    found: list[Planted] = []

    def add(text: str, writer: Writer, kind: str, of: int | None = None) -> int:
        cluster = len(found) if of is None else of
        found.append(Planted(text, cluster, of is None, writer.script, kind))
        return cluster

    for _ in range(count // 200):
        for kind in ("words", "characters"):
            for _ in range(10):
                writer = dice.choice(writers)
                words = writer.some(writer.length())
                cluster = add(writer.joined(words), writer, "plain")
                add(writer.edited(words, kind), writer, kind, cluster)
        writer = dice.choice(writers)
        kind = dice.choice(("passage", "passages", "numbers"))
        for text in writer.members(kind, MEMBERS):
            add(text, writer, kind)
        for _ in range(140):
            writer = dice.choice(writers)
            add(writer.joined(writer.some(writer.length())), writer, "plain")
    dice.shuffle(found)
    return found


def judged(texts: Sequence[Planted], pairs: set[tuple[int, int]]) -> tuple[float, float]:
    """Return recall of the planted copies and precision of found pairs (numbers of texts)."""
    first = {text.cluster: i for i, text in enumerate(texts) if text.original}
    wanted = [
        (min(i, first[text.cluster]), max(i, first[text.cluster]))
        for i, text in enumerate(texts)
        if not text.original
    ]
    right = sum(texts[one].cluster == texts[other].cluster for one, other in pairs)
    recall = sum(pair in pairs for pair in wanted) / max(len(wanted), 1)
    return recall, right / max(len(pairs), 1)
