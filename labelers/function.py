"""A labeling function as it stands in a TOML file: what it looks for, and what it then says."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Example = str | dict[str, Any]
PATTERN_CHARACTERS = set("\\^$*+?()[]{}|")
WINDOW = 2_000  # characters of a text that words and patterns are looked for in


class TextFunction(BaseModel):
    """One labeling function. `yes` says when the label holds, `no` when not; else it abstains.

    Both are words and phrases (kind lexicon), an RE2 pattern (regex), or an expression (sql).
    Words under `no` beat those under `yes`; where a pattern or expression says both, it abstains.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    label: str | None = None
    labels: tuple[str, ...] = ()
    kind: Literal["lexicon", "regex", "sql"]
    why: str = Field(min_length=1, max_length=400)
    on: Literal["prompt", "answer", "previous_prompt", "next_prompt"] = "prompt"
    yes: str | tuple[str, ...] | None = None
    no: str | tuple[str, ...] | None = None
    unless: str | None = None
    confidence: float = Field(default=0.7, gt=0.5, le=1)
    hit: tuple[Example, ...] = ()
    against: tuple[Example, ...] = ()
    miss: tuple[Example, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def fits_together(self) -> "TextFunction":
        """Check what one key says about another."""
        if (self.label is None) == (not self.labels):
            raise ValueError("it needs `label`, or `labels` to say the same of several")
        if self.yes is None and self.no is None:
            raise ValueError("it needs `yes`, `no` or both: when it votes")
        if (self.yes is None) != (not self.hit) or (self.no is None) != (not self.against):
            raise ValueError("`yes` wants examples under `hit`, and `no` under `against`")
        for side in (self.yes, self.no):
            if side is not None and isinstance(side, str) == (self.kind == "lexicon"):
                raise ValueError("a lexicon is a list of words; regex and sql are one text")
        for term in self.terms():
            check_term(term)
        return self

    def each(self) -> dict[str, str]:
        """Return the id under which it votes on each of its labels, and the label."""
        if self.label is not None:
            return {self.id: self.label}
        return {f"{self.id}-{label}": label for label in self.labels}

    def terms(self) -> tuple[str, ...]:
        """Return the words of a lexicon, both sides."""
        sides = (self.yes, self.no) if self.kind == "lexicon" else ()
        return tuple(term for side in sides if side is not None for term in side)


class Switch(BaseModel):
    """A function of another folder switched off: nothing but its id and `enabled = false`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    enabled: Literal[False]


def check_term(term: str) -> None:
    """Raise ValueError for an entry of a lexicon that is no plain word or phrase."""
    strange = sorted(PATTERN_CHARACTERS & set(term))
    if strange:
        shown = " ".join(strange)
        raise ValueError(f'a lexicon holds plain words, not {shown}; use kind = "regex"')
    if not re.search(r"\w", term):
        raise ValueError("a lexicon entry has no letter or digit in it")


def term_pattern(terms: tuple[str, ...]) -> str:
    r"""Return the RE2 pattern of whole words and phrases, whatever their case and spacing.

    RE2's own word boundary knows ASCII letters only, so the neighbours are spelled out.

    >>> print(term_pattern(("back to", "zurück")))
    (?i)(?:^|[^\pL\pN])(?:back\s+to|zurück)(?:$|[^\pL\pN])
    """
    inner = "|".join(r"\s+".join(re.escape(w) for w in term.split()) for term in terms)
    return rf"(?i)(?:^|[^\pL\pN])(?:{inner})(?:$|[^\pL\pN])"
