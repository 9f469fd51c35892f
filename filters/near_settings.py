"""What filters/near.toml says, checked: when texts are near copies, and what a template is."""

import hashlib
import tomllib
from functools import cache

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from warehouse.statements import statement

ALGORITHM = 2  # another number has every sketch made anew


class TemplateSettings(BaseModel):
    """From how many prompts on that share so many letters in a row there is a template."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    window: PositiveInt
    anchors: PositiveInt
    members: int = Field(ge=2)


class NearSettings(BaseModel):
    """What filters/near.toml holds; its comments say what each is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    shingle: PositiveInt
    sketch: PositiveInt
    shared: float = Field(gt=0, le=1)
    opening: PositiveInt
    opened: float = Field(gt=0, le=1)
    keyed: PositiveInt
    beyond: PositiveInt
    few: PositiveInt
    paired: PositiveInt
    shortest: PositiveInt
    longest: PositiveInt
    crowd: PositiveInt
    neighbours: PositiveInt
    jaccard: float = Field(gt=0, lt=1)
    changed: float = Field(ge=0, lt=1)
    added: float = Field(ge=0, lt=1)
    slack: int = Field(ge=0)
    replaced: PositiveInt
    template: TemplateSettings

    def version(self) -> str:
        """Return a hash of all of it: what was made under another is made anew."""
        words = f"{ALGORITHM} {self.model_dump_json()}"
        return hashlib.blake2b(words.encode(), digest_size=8).hexdigest()


@cache
def near_settings() -> NearSettings:
    """Return the settings in force.

    >>> near_settings().shingle
    5
    """
    return NearSettings.model_validate(tomllib.loads(statement("filters", "near.toml")))
