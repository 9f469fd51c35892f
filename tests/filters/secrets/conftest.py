"""Random values in the shape of secrets: none is written down, all are made when a test runs."""

import random
import re
import string
from base64 import b64encode

import pytest

CLASSES = {"A-Z": string.ascii_uppercase, "a-z": string.ascii_lowercase, "0-9": string.digits}
CLASSES |= {"2-7": "234567", "1-9": "123456789", "a-f": "abcdef"}


def _random(match: re.Match[str], rng: random.Random) -> str:
    letters = match[1]
    for name, characters in CLASSES.items():
        letters = letters.replace(name, characters)
    return "".join(rng.choice(letters) for _ in range(int(match[2])))


@pytest.fixture
def grow():
    """Return a function that fills `{A-Z2-7*16}` with random characters, `{base64:...}` encoded."""

    def fill(template: str, seed: int) -> str:
        rng = random.Random(f"{template} {seed}")
        text = re.sub(r"\{([^{}*]+)\*([0-9]+)\}", lambda m: _random(m, rng), template)
        return re.sub(r"\{base64:(.*?)\}", lambda m: b64encode(m[1].encode()).decode(), text)

    return fill
