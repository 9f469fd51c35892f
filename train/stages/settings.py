"""A stage's settings: its TOML file, changed by `--set name=value`, checked by pydantic."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from warehouse.complaints import complaint
from warehouse.errors import AgpError


class LoopSettings(BaseModel):
    """What the loop needs to know, of any stage; the TOML files say what each line means."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    epochs: float = Field(gt=0)
    max_steps: int = Field(ge=0)
    learning_rate: float = Field(gt=0)
    warmup: float = Field(ge=0, le=1)
    final: float = Field(ge=0, le=1)
    weight_decay: float = Field(ge=0)
    clip: float = Field(gt=0)
    accumulate: int = Field(gt=0)
    evaluate_every: int = Field(gt=0)
    patience: int = Field(ge=0)
    diverged: float = Field(gt=1)
    seed: int


class Settings(LoopSettings):
    """What stage 1 needs besides: the adapter, and how conversations become batches."""

    method: Literal["lora", "dora"]
    blocks: str
    rank: int = Field(gt=0)
    scale: float = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    batching: Literal["pack", "rows"]
    batch_tokens: int = Field(gt=0)
    window: int = Field(gt=1)
    valid_tokens: int = Field(gt=0)
    checkpoint_gradients: bool
    head_positions: int = Field(gt=0)


Kind = TypeVar("Kind", bound=LoopSettings)


def settings(file: Path, changes: Iterable[str], kind: type[Kind]) -> Kind:
    """Return the settings of a file with changes such as `rank=4`; AgpError names a bad one."""
    values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or name not in values:
            raise AgpError(f"no setting {name!r}; there are {', '.join(values)} (name=value)")
        values[name] = value
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise AgpError(f"setting {complaint(error)}") from None
