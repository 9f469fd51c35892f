"""A secret in other clothes: wrapped, escaped, encoded, coloured; and talk about secrets."""

import base64
import json
from urllib.parse import quote

import pytest

from filters.secrets import Redactor, scan

KEYS = ["ghp_{A-Za-z0-9*36}", "AKIA{A-Z2-7*16}", "sk-ant-api03-{A-Za-z0-9_-*93}AA"]
FORMS = {
    "plain": lambda k: f"use {k} now",
    "line break": lambda k: f"it says\n{k[:14]}\n{k[14:]}\nthere",
    "two line breaks, indented": lambda k: f"> {k[:8]}\r\n    {k[8:14]}\r\n    {k[14:]}\n",
    "json": lambda k: json.dumps({"a": f"x\n{k}"}),
    "json in json": lambda k: json.dumps(json.dumps({"a": f"x\n{k}"})),
    "json in json in json": lambda k: json.dumps(json.dumps(json.dumps(f"x\n{k}"))),
    "percent": lambda k: "https://rosebed.io/?q=" + quote(f"key={k}&x", safe=""),
    "percent twice": lambda k: quote(quote(f"key={k}&x", safe=""), safe=""),
    "base64": lambda k: base64.b64encode(f"key={k}\n".encode()).decode(),
    "base64 for addresses": lambda k: base64.urlsafe_b64encode(f"?>{k}~~".encode()).decode(),
    "base64 of UTF-16": lambda k: base64.b64encode(f"$k='{k}'".encode("utf-16-le")).decode(),
    "base64 in json": lambda k: json.dumps({"d": base64.b64encode(f"k={k}".encode()).decode()}),
    "NUL": lambda k: f"a\0{k}\0b",
    "behind a NUL": lambda k: f"\0 {k}",
    "file name": lambda k: f"/srv/backup/notes-{k}.txt.gz",
    "lone surrogate": lambda k: f"\ud83d{k}\udc80",
    "colours": lambda k: f"\x1b[32m✓\x1b[0m \x1b[1;33m{k}\x1b[0m",
    "colours inside": lambda k: f"\x1b[01;31m{k[:6]}\x1b[m{k[6:]}",
    "colours in json": lambda k: json.dumps(f"\x1b[33m{k}\x1b[39m"),
    "markup": lambda k: f"<td>{k}</td><b>{k}</b>",
    "entities": lambda k: f"&lt;k&gt;{k}&#60;/k&#x3E;",
    "allow marker": lambda k: f"{k} # gitleaks:allow",
    "right to left": lambda k: f"المفتاح {k} هنا",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("template", KEYS)
def test_no_half_of_it_stays(grow, form, template):
    key = grow(template, 11)
    text = FORMS[form](key)
    redacted = Redactor(b"s").text(text)
    shown = redacted + _decoded(redacted)
    halves = (key[:14], key[-14:], base64.b64encode(key.encode()).decode()[4:20])
    assert not [half for half in halves if half in shown], redacted
    assert scan(redacted) == []


def _decoded(text: str) -> str:
    """Return what the words of a text hold in base64."""
    found = []
    for word in text.replace('"', " ").replace("=", " ").split():
        try:
            found.append(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode("latin-1"))
        except ValueError:
            continue
    return " ".join(found)


@pytest.mark.parametrize("template", KEYS)
def test_cut_by_a_block(grow, template):
    """Two blocks of a message, or two strings of a list: neither part stays."""
    key = grow(template, 3)
    cut = len(key) // 2
    blocks = [{"text": f"use {key[:cut]}"}, {"text": f"{key[cut:]} now", "n": 1}, {"text": "fine"}]
    first, second, third = Redactor(b"s").value({"content": blocks})["content"]
    assert first["text"].startswith("use [") and first["text"].endswith("_1]")
    assert second == {"text": f"{first['text'][4:]} now", "n": 1} and third == {"text": "fine"}
    assert Redactor(b"s").value([key[:cut], key[cut:]]) == [first["text"][4:]] * 2
    assert key[-9:] not in Redactor(b"s").text(f"{key[:cut]}\n\n{key[cut:]}")


def test_blocks_without_a_key_stay():
    blocks = [{"text": "run make_roses_now"}, {"text": "then_water_them at 9"}, {"text": "ghp_"}]
    assert Redactor(b"s").value(blocks) == blocks


def test_colours_around_stay(grow):
    key = grow("ghp_{A-Za-z0-9*36}", 3)
    assert Redactor(b"s").text(f"\x1b[31m{key}\x1b[0m.") == "\x1b[31m[GITHUB_PAT_1]\x1b[0m."


def test_words_behind_a_whole_key_stay(grow):
    key = grow("sk-ant-api03-{A-Za-z0-9_-*93}AA", 3)
    text = Redactor(b"s").text(f"{key}\nthen_run_make_roses\n")
    assert text == "[ANTHROPIC_API_KEY_1]\nthen_run_make_roses\n"


@pytest.mark.parametrize(
    "text",
    [
        "what is an AKIA key?",
        "How do I rotate an sk-ant key that starts with sk-ant-api03-?",
        "Why do GitHub tokens begin with ghp_ and npm's with npm_?",
        "Is +49 the code of Germany, and which numbers begin with 4242?",
        "Explain 10.0.0.0/8, 127.0.0.1, ::1, 0.0.0.0 and 255.255.255.0",
        "A card number has 16 digits; Luhn checks the last: 4242 4242 4242 4242",
        "Upgrade to 120.0.6099.109 or pkg==84.22.71.44",
        "aGVsbG8gd29ybGQsIHRoaXMgaXMganVzdCB0ZXh0",
        "ISBN 978-3-16-148410-0, order 2026-0042-1177, epoch 1767225600000000",
        "2026-01-02T03:04:05+0200 and 12:34:56:78:9a:bc",
        "call me tomorrow at 10:30, the phone is 6.1 inches",
        "grep -rn password src | wc -l",
    ],
)
def test_talk_stays(text):
    assert Redactor(b"s").text(text) == text
