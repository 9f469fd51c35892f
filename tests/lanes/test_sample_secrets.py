"""Secrets planted in the sample history are replaced, wherever they stand."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from filters.secrets import Redactor
from lanes.sample_history.write import history


@pytest.fixture(scope="module")
def planted() -> list[dict[str, Any]]:
    return history()[1].secrets


def strings(value: Any) -> Iterator[str]:
    """Yield every string and key of a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        yield from strings([*value.values()])
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def records() -> Iterator[Any]:
    """Yield what can be read of every line of the history."""
    for data in history()[0].values():
        for line in data.split(b"\n"):
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                continue


def test_recall(planted):
    values = [secret["value"] for secret in planted]
    found = {text for record in records() for text in strings(record)}
    showing = [text for text in found if any(value in text for value in values)]
    assert len(showing) >= len(planted)
    left = Redactor(b"s").texts(showing)
    survived = [(s["kind"], s["place"]) for s in planted if any(s["value"] in t for t in left)]
    assert len(survived) <= 0.02 * len(planted), survived


def test_a_build_of_the_sample_holds_none_of_them(sample, planted):
    written = "".join(p.read_text(encoding="utf-8") for p in (sample / "data").glob("*.jsonl"))
    left = [
        (s["kind"], s["place"])
        for s in planted
        if orjson.dumps(s["value"])[1:-1].decode() in written
    ]
    assert len(left) <= 0.02 * len(planted), left
    assert "postgres://mira:[PASSWORD_" in written and "redis://:[PASSWORD_" in written
