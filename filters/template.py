"""A commented rule to begin with: its id and expression in, a file of the user's own folder out."""

import json
import tomllib
from pathlib import Path

from filters.files import bundled, layered, own, parse
from filters.samples import shortened
from warehouse.errors import AgpError
from warehouse.expressions import ExpressionError, check
from warehouse.features import columns
from warehouse.statements import statement

# What stands in the template until a person writes something better; examples that it fulfils. It
# only flags, since it is in force at once: whoever has edited it writes what it ought to do.
BEGIN = {
    "exchange": ("flag", "prompt_words < 3", ["Go on"], ["Go on with the second half of the list"]),
    "message": ("strip", "starts_with(text, 'NOTICE:')", ["NOTICE: done"], ["What is a NOTICE:?"]),
}


def begin(name: str, on: str, where: str | None = None) -> Path:
    """Write the template under the user's own rules and return the file.

    With an expression of one's own the examples are left for the person to write, so
    `agp filters test` fails until then. AgpError where the file is there, or the id or the
    expression cannot be one.
    """
    action, usual, hit, miss = BEGIN[on]
    if where is not None:
        try:
            check(where, columns(on))
        except ExpressionError as error:
            raise AgpError(f"{shortened(where)}: {error.reason}") from None
        hit, miss = ["an example that it must hit"], ["one that it must not"]
    text = statement("filters", "template.toml")
    filled = {
        '"ID"': quoted(name),
        '"WHY"': quoted("Say here why nobody should learn from this."),
        '"ON"': quoted(on),
        '"ACTION"': quoted(action),
        "WHERE": quoted(where or usual),
        "HIT": quoted(hit),
        "MISS": quoted(miss),
    }
    for mark, value in filled.items():
        text = text.replace(f"= {mark}", f"= {value}", 1)
    file = own() / f"{name}.toml"
    if name in {placed.rule.id for placed in layered([bundled()])}:
        raise AgpError(
            f"{name} is a bundled rule, which a rule of yours by that id replaces; take another "
            f"name, or write {file} yourself"
        )
    parse(file, 1, tomllib.loads(text)["rule"][0])  # above all: an id that can be a file's name
    own().mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise AgpError(f"{file} is there already; edit it, or take another name") from None
    return file


def quoted(value: str | list[str]) -> str:
    """Return a string or a list of strings as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)
