"""What holds for any text: redaction is final, batches change nothing, clean parts stay."""

import json
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from filters.secrets import Redactor, scan, scan_many

PLANTED = tomllib.loads((Path(__file__).parent / "planted.toml").read_text(encoding="utf-8"))
TEMPLATES = [t for group in ("token", "line", "block") for t in PLANTED[group].values()]
GLUE = [
    " ",
    "\n",
    '"',
    "'",
    "=",
    ": ",
    ",",
    "\\n",
    '\\"',
    "%20",
    "@",
    "://",
    "[",
    "]",
    "&",
    ";",
    "",
]

noise = st.text(max_size=20) | st.sampled_from(
    ["password", "token: ", "Bearer ", "Cookie: ", "[EMAIL_1]", "https://", "/home/", "secret="]
)
piece = noise | st.sampled_from(GLUE) | st.tuples(st.sampled_from(TEMPLATES), st.integers(0, 9))
quick = settings(max_examples=120, derandomize=True)


def built(pieces, grow) -> str:
    return "".join(p if isinstance(p, str) else grow(*p) for p in pieces)


@quick
@given(st.lists(piece, max_size=8))
def test_redaction_is_final(grow, pieces):
    once = Redactor(b"s").text(built(pieces, grow))
    assert scan(once) == []
    assert Redactor(b"s").text(once) == once


@quick
@given(st.lists(st.lists(piece, max_size=4), max_size=5))
def test_a_texts_findings_do_not_depend_on_its_neighbours(grow, groups):
    texts = [built(pieces, grow) for pieces in groups]
    assert scan_many(texts) == [scan(text) for text in texts]


@quick
@given(st.lists(piece, max_size=6))
def test_json_stays_json(grow, pieces):
    text = json.dumps({"command": built(pieces, grow)})
    assert isinstance(json.loads(Redactor(b"s").text(text)), dict)


@quick
@given(st.text())
def test_findings_lie_inside_the_text(text):
    assert all(0 <= f.start < f.end <= len(text) for f in scan(text))
