"""A rule, as it stands in a TOML file: what it looks at, what it does, and its own tests."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Lane = Literal["sft", "routing", "semantic"]
LANES: tuple[Lane, ...] = ("sft", "routing", "semantic")
Example = str | dict[str, Any]
ON_EXCHANGE = ("drop", "keep", "flag", "weight")
ON_MESSAGE = ("strip", "keep")


class Rule(BaseModel):
    """One rule. `where` is an expression over the columns of an exchange or a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    why: str = Field(min_length=1, max_length=400)
    on: Literal["exchange", "message"]
    action: Literal["drop", "keep", "flag", "weight", "strip"]
    where: str
    lanes: tuple[Lane, ...] = Field(default=LANES, min_length=1)
    weight: float | None = Field(default=None, gt=0, le=100, allow_inf_nan=False)
    span: str | None = Field(default=None, min_length=1, max_length=1_000)
    priority: int = Field(default=0, ge=-1_000, le=1_000)
    kinds: tuple[str, ...] = ()
    hit: tuple[Example, ...] = Field(min_length=1)
    miss: tuple[Example, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def fits_together(self) -> "Rule":
        """Check what one key says about another."""
        allowed = ON_EXCHANGE if self.on == "exchange" else ON_MESSAGE
        if self.action not in allowed:
            raise ValueError(f"an {self.on} rule's action is one of {', '.join(allowed)}")
        if (self.action == "weight") != (self.weight is not None):
            raise ValueError('`weight` stands with action = "weight" and nowhere else')
        if self.span is not None and self.action != "strip":
            raise ValueError('`span` stands with action = "strip" and nowhere else')
        return self


class Switch(BaseModel):
    """A rule of another folder switched off: nothing but its id and `enabled = false`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    enabled: Literal[False]
