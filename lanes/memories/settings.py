"""Settings of the memory tables: what the TOML files say in, a validated model out."""

from functools import cache
from pathlib import Path

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from lanes.memories.document import ROLES, document, stamp
from warehouse.errors import AgpError
from warehouse.tables import plain


class Settings(BaseModel):
    """Unknown names are errors, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Table(Settings):
    """A table of the project: its name there, and what its columns are called."""

    table: str = Field(min_length=1)
    key: tuple[str, ...] = Field(min_length=1)
    updated: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    columns: dict[str, tuple[str, ...]] = {}


class Linked(Settings):
    """Which memories have to do with an exchange."""

    most: PositiveInt
    longest: PositiveInt
    common: PositiveInt
    everyday: float = Field(ge=0, le=1)
    least_text: float = Field(ge=0, le=1)
    least_embedding: float = Field(ge=-1, le=1)
    text_weight: NonNegativeFloat
    embedding_weight: NonNegativeFloat
    project_weight: NonNegativeFloat
    conversation_weight: NonNegativeFloat
    recent_weight: NonNegativeFloat
    recent_days: PositiveFloat


class MemorySettings(Settings):
    """What lanes/memories/memories.toml holds; its comments say what each is."""

    schema_name: str = Field(alias="schema", min_length=1)
    page: PositiveInt
    overlap_seconds: NonNegativeFloat
    most_gone: float = Field(ge=0, le=1)
    tries: PositiveInt
    first_wait_seconds: NonNegativeFloat
    longest_wait_seconds: NonNegativeFloat
    timeout_seconds: PositiveFloat
    turns: Table
    edges: Table
    prompts: Table
    linked: Linked

    def tables(self) -> dict[str, Table]:
        """Return the tables by the kind of file that their pages become."""
        return {kind: getattr(self, name) for kind, name in ROLES.items()}


def memory_settings() -> MemorySettings:
    """Return the settings in force; an error names the file and the key."""
    return _settings(*stamp())


@cache
def _settings(path: Path, changed: int) -> MemorySettings:
    try:
        return MemorySettings.model_validate(document())
    except ValidationError as error:
        raise AgpError(f"{path}: {plain(error, 'table', MemorySettings)}") from None
