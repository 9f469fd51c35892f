"""A planted set: kinds and contexts of a TOML file in, texts and what must not survive out.

No value is written down anywhere: each is drawn at random when it is asked for, and is the same
for the same seed.
"""

import base64
import html
import json
import random
import re
import string
import tomllib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

FIRST = Path(__file__).with_name("planted.toml")
UNSEEN = Path(__file__).with_name("unseen.toml")
GROUPS = ("token", "line", "block", "personal")
RANDOM = re.compile(r"\{([^{}*:]+)\*([0-9]+)\}")
WORKED = re.compile(r"\{(base64|luhn|crc32):([^{}]*)\}")


class Planted(NamedTuple):
    """A text with one secret in it."""

    group: str
    area: str  # of the group, or the group itself where the file names none
    kind: str
    context: str
    needles: tuple[str, ...]  # what must not survive, as it stands in the text
    text: str


def letters(written: str) -> str:
    """Return the characters of a class.

    >>> letters("a-c7_-")
    'abc7_-'
    """
    spans = re.sub(r"(\w)-(\w)", lambda m: _between(m[1], m[2]), written)
    return "".join(dict.fromkeys(spans))


def _between(first: str, last: str) -> str:
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits
    return "".join(c for c in alphabet if first <= c <= last)


def filled(template: str, rng: random.Random) -> tuple[str, str]:
    """Return a template with random characters, and the longest random part of it.

    >>> filled("no part is random", random.Random(1))
    ('no part is random', 'no part is random')
    """
    runs: list[str] = []

    def run(found: re.Match[str]) -> str:
        runs.append("".join(rng.choices(letters(found[1]), k=int(found[2]))))
        return runs[-1]

    text = RANDOM.sub(run, template)
    worked = [MADE[m[1]](m[2]) for m in WORKED.finditer(text)]
    text = WORKED.sub(lambda m: MADE[m[1]](m[2]), text)
    longest = max([r for r in runs if r in text] or worked, key=len, default=text)
    return text, longest if len(longest) >= 6 else text


def luhn(digits: str) -> str:
    """Return digits, however grouped, with the one behind them that the Luhn formula asks for.

    >>> luhn("7992739871")
    '79927398713'
    """
    doubled = (int(d) << 1 if i % 2 == 0 else int(d) for i, d in enumerate(_bare(digits)[::-1]))
    return digits + str(-sum(d - 9 * (d > 9) for d in doubled) % 10)


def _bare(digits: str) -> str:
    return re.sub(r"\D", "", digits)


def crc32(text: str) -> str:
    """Return a text with its checksum behind it, in six digits to the base 62.

    >>> crc32("abc")
    'abc0yKviM'
    """
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    left, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        left, digit = divmod(left, 62)
        digits = alphabet[digit] + digits
    return text + digits


MADE: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "luhn": luhn,
    "crc32": crc32,
}


def placed(secret: str, needle: str, context: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the text of a context around a secret, and the needle's parts as they stand in it."""
    text = context["text"]
    if context.get("percent"):
        return text + quote(secret, safe=""), (quote(needle, safe=""),)
    if context.get("base64"):
        coded = base64.b64encode(f"setting = {secret}\n".encode()).decode()
        return text + coded, (coded[16:],)
    if context.get("html"):
        secret, needle = html.escape(secret), html.escape(needle)
    if context.get("escaped"):
        secret, needle = json.dumps(secret)[1:-1], json.dumps(needle)[1:-1]
    if context.get("wrap"):
        half = len(secret) // 2
        return text.replace("@", f"{secret[:half]}\n{secret[half:]}"), (
            secret[:half],
            secret[half:],
        )
    at = context.get("at", "@")
    text = text.replace(at, at.replace("@", secret))
    if context.get("surrogate"):
        text = f"\udc80{text}"
    for _ in range(context.get("escape", 0)):
        text, needle = json.dumps(text), json.dumps(needle)[1:-1]
    return text, (needle,)


def planted(source: Path = FIRST) -> Iterator[Planted]:
    """Yield every kind of a set in every context where it can stand."""
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    for number, context in enumerate(table["context"]):
        for group in context.get("only", GROUPS):
            for area, kind, template in kinds(table[group], group):
                secret, core = filled(template, random.Random(f"{kind} {number}"))
                text, needles = placed(secret, core, context)
                yield Planted(group, area, kind, context["name"], needles, text)


def kinds(group: dict[str, Any], area: str) -> Iterator[tuple[str, str, str]]:
    """Yield area, kind and template of a group, which may hold areas."""
    for name, value in group.items():
        if isinstance(value, dict):
            yield from kinds(value, name)
        else:
            yield area, name, value[0]


def clean(source: Path = UNSEEN) -> Iterator[tuple[str, str]]:
    """Yield a set's texts in which nothing is secret, with what makes each hard.

    A template with random characters comes twice, with others each time.
    """
    table = tomllib.loads(source.read_text(encoding="utf-8"))["clean"]
    for hard, templates in table.items():
        for template in templates:
            texts = (filled(template, random.Random(f"{template} {n}"))[0] for n in range(2))
            yield from ((hard, text) for text in dict.fromkeys(texts))


def survived(needles: tuple[str, ...], text: str) -> bool:
    """Return whether half of a secret, or of one of its parts, is still in a text in one piece."""
    return any(_half_is_in(needle, text) for needle in needles)


def _half_is_in(needle: str, text: str) -> bool:
    half = max(5, (len(needle) + 1) // 2)
    return any(needle[i : i + half] in text for i in range(len(needle) - half + 1))
