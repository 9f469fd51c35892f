"""Planted secrets: kinds from content/secrets.toml in, prompts that show one somewhere out.

None is real: each is drawn at random in the shape its provider uses, and exists only where the
history is written out. The ledger says what stands where.
"""

import base64
import string
from collections.abc import Callable
from typing import Any

from lanes.sample_history.bank import Item, fill, read
from lanes.sample_history.dice import Dice

PLACES = ("prompt", "command", "output", "beside", "title", "answer", "path", "huge", "hook")
ALPHABETS = {
    "base32": string.ascii_uppercase + "234567",
    "base64": string.ascii_letters + string.digits + "+/",
    "alnum": string.ascii_letters + string.digits,
    "letters": string.ascii_letters,
    "hex": "0123456789abcdef",
    "password": string.ascii_letters + string.digits + "_-",
    "url": string.ascii_letters + string.digits + "_-",
}


def secret(row: dict[str, Any], dice: Dice) -> str:
    """Return a new secret of one kind."""
    body = row["body"]
    made = SHAPES[body](dice) if body in SHAPES else dice.letters(row["length"], ALPHABETS[body])
    return "".join(row["parts"]) + made


def _jwt(dice: Dice) -> str:
    parts = ('{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{dice.hex(8)}","iat":1751270400}}')
    coded = [base64.urlsafe_b64encode(p.encode()).rstrip(b"=").decode() for p in parts]
    return ".".join([*coded, dice.letters(43, ALPHABETS["url"])])


def _pem(dice: Dice, end: str = "\n") -> str:
    lines = [dice.letters(64, ALPHABETS["base64"]) for _ in range(6)]
    frame = ["-----BEGIN RSA PRIVATE" + " KEY-----", "-----END RSA PRIVATE" + " KEY-----"]
    return end.join([frame[0], *lines, frame[1]])


def _card(dice: Dice) -> str:
    digits = [4, *(dice.below(10) for _ in range(14))]
    doubled = (d * 2 - 9 * (d > 4) if i % 2 == 0 else d for i, d in enumerate(digits))
    whole = "".join(map(str, [*digits, -sum(doubled) % 10]))
    return " ".join(whole[i : i + 4] for i in range(0, 16, 4))


def _digits(dice: Dice, n: int) -> str:
    return dice.letters(n, string.digits)


def _basic(dice: Dice) -> str:
    return base64.b64encode(f"mira:{dice.letters(18, ALPHABETS['password'])}".encode()).decode()


def _openai(dice: Dice) -> str:
    half = [dice.letters(74, ALPHABETS["url"]) for _ in range(2)]
    return ("T3Blb" + "kFJ").join(half)


SHAPES: dict[str, Callable[[Dice], str]] = {
    "jwt": _jwt,
    "pem": _pem,
    "pem_escaped": lambda dice: _pem(dice, "\\n"),
    "card": _card,
    "basic": _basic,
    "openai": _openai,
    "anthropic": lambda dice: dice.letters(93, ALPHABETS["url"]) + "AA",
    "slack": lambda d: f"{_digits(d, 12)}-{_digits(d, 12)}-{d.letters(24, ALPHABETS['alnum'])}",
    "sendgrid": lambda d: ".".join(d.letters(n, ALPHABETS["url"]) for n in (22, 43)),
    "telegram": lambda d: f"{_digits(d, 10)}:AA" + d.letters(33, ALPHABETS["url"]),
    "email": lambda d: f"{d.pick(_NAMES)}.{d.pick(_SURNAMES)}{d.below(90)}@krume-lager.de",
    "phone": lambda d: f"+49 30 {_digits(d, 4)} {_digits(d, 4)}",
    "ip": lambda d: f"81.{d.between(10, 250)}.{d.between(1, 250)}.{d.between(1, 250)}",
}
_NAMES = ("anouk", "jonte", "leila", "pavel", "ruta", "tamsin")
_SURNAMES = ("brandvold", "okafor", "siegel", "quist", "marchetti")


def planted(projects: list[str], dice: Dice) -> list[Item]:
    """Return prompts that show every kind of secret, each in two of the places, and some that
    only speak of secrets."""
    content = read("secrets")
    stories = content["stories"]
    made = []
    for i, row in enumerate(content["secret"]):
        for turn in range(2):
            place = "prompt" if turn == 0 else PLACES[1 + i % (len(PLACES) - 1)]
            if place == "path" and "/" in row["shown"] + row["body"]:
                place = "output"
            made.append(_story(row, place, dice.pick(projects), i, stories, dice))
    for ask, reply in zip(stories["questions"], stories["replies"], strict=True):
        project = dice.pick(projects)
        made.append(_item(project, fill(ask, {"project": project}), reply, stories, dice))
    return made


def _story(
    row: dict[str, Any], place: str, project: str, i: int, stories: dict[str, Any], dice: Dice
) -> Item:
    value = secret(row, dice)
    shown = row["shown"].replace("{s}", value)
    asks = stories[place]
    ask = fill(asks[i % len(asks)], {"shown": shown, "project": project})
    reply = stories["says"][i % len(stories["says"])]
    if place == "answer":
        reply = f"We put this there: `{shown}`."
    item = _item(project, ask, reply, stories, dice)
    item.more["secret"] = {"kind": row["kind"], "value": value, "place": place}
    item.more |= _where(place, shown, value)
    if place == "output":
        item.output = f"PATH=/usr/bin\n{shown}\nLANG=C.UTF-8"
    return item


def _where(place: str, shown: str, value: str) -> dict[str, Any]:
    """Return what `item.more` needs so that the secret comes to stand in its place."""
    if place == "command":
        return {"command": f"curl -sf localhost/health -H '{shown}'"}
    if place == "beside":
        return {"beside": {"stderr": f"warning: deprecated setting {shown}"}, "command": "./start"}
    if place == "path":
        return {"read": f"backup-{value}.txt"}
    return {place: shown} if place in ("title", "huge", "hook") else {}


def _item(project: str, ask: str, reply: str, stories: dict[str, Any], dice: Dice) -> Item:
    facts = dice.shuffled(stories["facts"])[:3]
    lines = "\n".join(f"{i}. {fact}" for i, fact in enumerate(facts, 1))
    end = "Seen in `settings.py`; `make env` shows it.\nNot checked: the staging box."
    answer = f"{reply}\n\n{lines}\n\n{end}".replace("{project}", project)
    topic = f"{project}/settings/secrets"
    return Item(project, "settings", topic, "settings", ask, answer, "settings.py", "make env")
