"""Secrets planted in every context are found and gone; clean texts are left alone."""

import json
import tomllib
from pathlib import Path
from urllib.parse import quote

import pytest

from filters.secrets import Redactor, scan_many

PLANTED = tomllib.loads((Path(__file__).parent / "planted.toml").read_text(encoding="utf-8"))


def in_context(secret: str, context: dict) -> str:
    """Return the text of a context around a secret."""
    if context.get("percent"):
        return context["text"] + quote(secret, safe="")
    text = context["text"].replace("@", secret)
    for _ in range(context.get("escape", 0)):
        text = json.dumps(text)
    return text


@pytest.fixture(scope="module")
def planted(grow, core_of) -> list[tuple[str, str, str]]:
    """Return (kind in context, what must not survive, text) for all that can stand there."""
    return [
        (
            f"{name} in {context['name']}",
            core_of(template, seed),
            in_context(grow(template, seed), context),
        )
        for seed, context in enumerate(PLANTED["context"])
        for group in ("token", "line", "block")
        for name, template in PLANTED[group].items()
        if group == "token" or not context.get("tokens_only")
    ]


@pytest.fixture(scope="module")
def redacted(planted) -> list[str]:
    """Return the texts without secrets."""
    return Redactor(b"s").texts([text for *_, text in planted])


def test_recall(planted, redacted):
    missed = [
        name for (name, secret, _), text in zip(planted, redacted, strict=True) if secret in text
    ]
    assert len({name.partition(" in ")[0] for name, *_ in planted}) >= 40
    assert len(missed) <= 0.02 * len(planted), (len(missed), len(planted), missed)


def test_nothing_fires_after_redaction(planted, redacted):
    found = zip(planted, redacted, scan_many(redacted), strict=True)
    assert [(name, text) for (name, *_), text, findings in found if findings] == []
    assert Redactor(b"t").texts(redacted) == redacted
