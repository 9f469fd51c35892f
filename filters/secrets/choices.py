"""What a person chose for their home: which personal data is replaced, and words of their own.

`secrets.toml` of the home comes in; a redactor that follows it goes out. Credentials have no
switch.
"""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from filters.secrets.detectors import kinds_off, personal_kinds
from filters.secrets.finding import Look
from filters.secrets.home import home_literals, home_salt
from filters.secrets.redact import Redactor, literal_pattern
from warehouse.errors import AgpError
from warehouse.home import agp_home
from warehouse.tables import plain

NAME = "secrets.toml"


class Choices(BaseModel):
    """The file: kinds of personal data that are switched on or off, and literal words."""

    # Strict: who writes `phone = "no"` or `phone = 0` may mean either, and must be asked.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    personal: dict[str, bool] = {}
    literals: list[Annotated[str, StringConstraints(min_length=3)]] = []


def home_choices(home: Path | None = None) -> Choices:
    """Return what the home's file says; AgpError in one line where it is wrong."""
    path = (home or agp_home()) / NAME
    try:
        choices = Choices(**tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Choices()
    except ValidationError as error:
        raise AgpError(f"{path}: {plain(error, 'setting', Choices)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise AgpError(f"{path}: {error}") from None
    if strange := sorted(choices.personal.keys() - personal_kinds()):
        known = ", ".join(sorted(personal_kinds()))
        raise AgpError(f"{path}: no kind of personal data is named {strange[0]}; there are {known}")
    return choices


def home_off(home: Path | None = None) -> frozenset[str]:
    """Return the personal kinds that are left alone in this home."""
    chosen = home_choices(home).personal
    return frozenset(k for k in personal_kinds() if not chosen.get(k, k not in kinds_off()))


def home_words(home: Path | None = None) -> list[str]:
    """Return the person's own words, of both files."""
    return [*home_literals(home), *home_choices(home).literals]


def home_look(home: Path | None = None) -> Look:
    """Return what is looked for in this home."""
    return Look(literal_pattern(home_words(home)), home_off(home))


def home_redactor(kinds: frozenset[str] | None = None) -> Redactor:
    """Return a redactor with the salt, the words and the choices of the home.

    With `kinds` it replaces these alone, whatever is switched off.
    """
    return Redactor(home_salt(), kinds, home_words(), home_off())
