"""Random values in the shape of secrets: none is written down, all are made when a test runs."""

import random
import re
import string
from base64 import b64encode

import pytest

CLASSES = {"A-Z": string.ascii_uppercase, "a-z": string.ascii_lowercase, "0-9": string.digits}
CLASSES |= {
    "A-F": "ABCDEF",
    "2-7": "234567",
    "1-9": "123456789",
    "2-9": "23456789",
    "3-9": "3456789",
    "a-f": "abcdef",
}


def _random(match: re.Match[str], rng: random.Random) -> str:
    letters = match[1]
    for name, characters in CLASSES.items():
        letters = letters.replace(name, characters)
    return "".join(rng.choice(letters) for _ in range(int(match[2])))


def fill(template: str, seed: int) -> str:
    """Fill `{A-Z2-7*16}` with random characters, then encode `{base64:...}`, end `{luhn:...}`."""
    rng = random.Random(f"{template} {seed}")
    text = re.sub(r"\{([^{}*:]+)\*([0-9]+)\}", lambda m: _random(m, rng), template)
    text = re.sub(r"\{luhn:([0-9 -]*)\}", lambda m: m[1] + _last(m[1]), text)
    return re.sub(r"\{base64:(.*?)\}", lambda m: b64encode(m[1].encode()).decode(), text)


def _last(digits: str) -> str:
    """Return the digit that makes a number right by the Luhn formula."""
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(re.sub(r"\D", "", digits)[::-1])]
    return str(-sum(d - 9 * (d > 9) for d in doubled) % 10)


def core(template: str, seed: int) -> str:
    """Return the longest random run of the filled template: what must not survive."""
    rng = random.Random(f"{template} {seed}")
    runs = [_random(m, rng) for m in re.finditer(r"\{([^{}*]+)\*([0-9]+)\}", template)]
    text = fill(template, seed)
    return max((run for run in runs if run in text), key=len, default=text[-20:])


@pytest.fixture(scope="session")
def grow():
    """Return the function that fills a template."""
    return fill


@pytest.fixture(scope="session")
def core_of():
    """Return the function that names what must not survive."""
    return core
