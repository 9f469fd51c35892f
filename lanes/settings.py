"""Settings of lanes: TOML beside the code in, a validated model out; options of a command win."""

import tomllib
from importlib.resources import files
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.complaints import complaint
from warehouse.errors import AgpError


class Settings(BaseModel):
    """A lane's settings: unknown names are errors, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


S = TypeVar("S", bound=Settings)


def load(kind: type[S], name: str, overrides: dict[str, Any]) -> S:
    """Return the settings in lanes/NAME.toml with what the command line said put over them.

    An override of None means that nothing was said.
    """
    values = tomllib.loads((files("lanes") / f"{name}.toml").read_text(encoding="utf-8"))
    values |= {key: value for key, value in overrides.items() if value is not None}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise AgpError(f"settings of {name}: {complaint(error)}") from None
