"""The vocabulary: primitives, invariants and other labels that functions may vote on, from TOML.

Files of `labelers/kernel` come in, the user's own in `$AGP_HOME/kernel` over them by id; concepts
by id go out. A concept that is switched off is no label: nothing may vote on it.
"""

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from labelers.nko import NkoName
from warehouse.errors import AgpError
from warehouse.home import agp_home
from warehouse.tables import named, plain, read_tables

BUNDLES = "bundles.toml"  # sets of concepts, not concepts


class Concept(BaseModel):
    """One label: what it means, how it may be measured, and what it is not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    kind: Literal["primitive", "invariant", "process"]
    name: str = Field(min_length=1)
    nko: NkoName | None = None
    sigil: str | None = Field(default=None, pattern=r"^[\u07C0-\u07FF]$")
    required: bool = False
    enabled: bool = True
    definition: str = Field(min_length=1, max_length=400)
    formula: str = Field(min_length=1, max_length=400)
    examples: tuple[str, ...] = Field(min_length=1)
    counter_examples: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def required_stay(self) -> "Concept":
        """Refuse to switch a required concept off."""
        if self.required and not self.enabled:
            raise ValueError("it is required and cannot be switched off")
        return self


class Switch(BaseModel):
    """A concept of another folder switched on or off: nothing but its id and `enabled`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    enabled: bool


def bundled() -> Path:
    """Return the folder of the concepts that come with the program."""
    with as_file(files("labelers") / "kernel") as folder:
        return folder


def concepts() -> dict[str, Concept]:
    """Return the concepts in force, by id, in the order of their files."""
    return {c.id: c for c in all_concepts().values() if c.enabled}


def all_concepts() -> dict[str, Concept]:
    """Return all concepts, those that are switched off too."""
    own = agp_home() / "kernel"
    stamps = tuple((p, p.stat().st_mtime_ns) for p in sorted(own.glob("*.toml")))
    return layered(stamps)


@cache
def layered(stamps: tuple[tuple[Path, int], ...]) -> dict[str, Concept]:
    """Return the bundled concepts with those of the user's files over them."""
    found: dict[str, Concept] = {}
    for path in (*sorted(bundled().glob("*.toml")), *(path for path, _ in stamps)):
        if path.name == BUNDLES:
            continue
        for number, table in enumerate(read_tables(path, "concept"), 1):
            concept = parse(path, number, table, found)
            found[concept.id] = concept
    return found


def parse(path: Path, number: int, table: object, known: dict[str, Concept]) -> Concept:
    """Return one [[concept]] table as a concept; `id` and `enabled` alone switch a known one."""
    label = named(path, "concept", number, table)
    switch = isinstance(table, dict) and table.keys() == {"id", "enabled"}
    try:
        if not switch:
            return Concept.model_validate(table)
        asked = Switch.model_validate(table)
        if asked.id not in known:
            raise AgpError(f"{label}: there is no such concept to switch")
        return Concept.model_validate(known[asked.id].model_dump() | {"enabled": asked.enabled})
    except ValidationError as error:
        raise AgpError(f"{label}: {plain(error, 'concept', Concept)}") from None
