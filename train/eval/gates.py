"""Gates: TOML in, a verdict for each measured value out.

They are fixed, and hashed, before the test split is read; nothing here sees a model.
"""

import hashlib
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from train.eval.statistics import Estimate
from warehouse.complaints import complaint
from warehouse.errors import AgpError

SHIPPED = Path(__file__).with_name("stage1.toml")


class Gate(BaseModel):
    """What one measured value must be."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1)
    below: float | None = None
    not_below: float | None = None
    least: int = Field(gt=0)
    part: str | None = None  # of a bundle: asked only where it is there (stage 6)

    @model_validator(mode="after")
    def one_rule(self) -> "Gate":
        """Refuse a gate of no rule, or of two."""
        if (self.below is None) == (self.not_below is None):
            raise ValueError(f"gate {self.name} needs either `below` or `not_below`")
        return self

    @property
    def threshold(self) -> float:
        """Return what the value is held against."""
        return self.below if self.below is not None else self.not_below or 0.0

    @property
    def rule(self) -> str:
        """Return what passes, in words."""
        word = "interval below" if self.below is not None else "interval not below"
        return f"{word} {self.threshold:g}"

    def verdict(self, found: Estimate | None, counted: int | None = None) -> str:
        """Return passed, failed, or too_few to tell.

        `counted` is what `least` speaks of, where that is not the estimate's n.

        >>> gate = Gate(name="ce", below=0, least=10)
        >>> gate.verdict(Estimate(-0.2, -0.3, -0.1, 40)), gate.verdict(Estimate(0.1, -0.1, 0.3, 40))
        ('passed', 'failed')
        >>> gate.verdict(Estimate(-0.2, -0.3, -0.1, 9)), gate.verdict(Estimate(-0.1, -0.3, 0.1, 40))
        ('too_few', 'too_few')
        """
        if found is None or (found.n if counted is None else counted) < self.least:
            return "too_few"
        if self.not_below is not None:
            return "failed" if found.high < self.not_below else "passed"
        if found.high < self.threshold:
            return "passed"
        return "failed" if found.value >= self.threshold else "too_few"


@dataclass(frozen=True)
class Gates:
    """A file of gates and the hash of its text."""

    gates: tuple[Gate, ...]
    text: str

    @property
    def digest(self) -> str:
        """Return 16 hex digits of the file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def asked_of(fixed: Gates, parts: Collection[str]) -> Gates:
    """Return the gates that concern a bundle of these parts, with their own text and its hash.

    >>> text = '# two\\n[[gate]]\\nname = "a"\\nbelow = 0\\nleast = 1\\n'
    >>> more = '[[gate]]\\nname = "b"\\nbelow = 0\\nleast = 1\\npart = "heads"\\n'
    >>> [g.name for g in asked_of(parse_gates(text + more, Path("x")), []).gates]
    ['a']
    """
    head, *blocks = re.split(r"(?m)^(?=\[\[gate\]\])", fixed.text)
    kept = [
        (gate, block)
        for gate, block in zip(fixed.gates, blocks, strict=True)
        if gate.part is None or gate.part in parts
    ]
    return Gates(tuple(g for g, _ in kept), head + "".join(b for _, b in kept))


def load_gates(file: Path) -> Gates:
    """Read a file of gates; what is wrong with it is one line."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AgpError(f"cannot read the gates in {file}: {error}") from None
    return parse_gates(text, file)


def parse_gates(text: str, file: Path) -> Gates:
    """Read gates from the text of a file, which names it in errors."""
    try:
        rows: Any = tomllib.loads(text).get("gate", [])
        gates = tuple(Gate.model_validate(row) for row in rows)
    except tomllib.TOMLDecodeError as error:
        raise AgpError(f"cannot read the gates in {file}: {error}") from None
    except ValidationError as error:
        raise AgpError(f"{file}: a gate's {complaint(error)}") from None
    if not gates:
        raise AgpError(f"{file} holds no [[gate]]")
    if len({g.name for g in gates}) < len(gates):
        raise AgpError(f"{file}: two gates have one name")
    return Gates(gates, text)


def interval(gate: dict[str, Any]) -> str:
    """Return a gate's value with its interval; what three digits would hide, with its exponent.

    >>> interval({"value": 1.1e-5, "low": 0.0, "high": 2e-5})
    '+1.1e-05 [+0.000, +2.0e-05]'
    """
    if gate["value"] is None:
        return "not measured"
    value, low, high = (signed(gate[k]) for k in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def signed(value: float) -> str:
    """Return a number with its sign and three digits behind the point, or an exponent."""
    return f"{value:+.1e}" if 0 < abs(value) < 5e-4 else f"{value:+.3f}"
