"""Checks that run on a generated answer: does it say, parse as, or satisfy what was asked for.

Code that a model wrote runs only on request, in `train.harness.run_code`.
"""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from train.harness.run_code import run_code as run


class _Check(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def passes(self, answer: str) -> bool:
        """Return whether the answer passes."""
        raise NotImplementedError


class Exact(_Check):
    """The answer, or one of its lines, is this text (case and outer punctuation aside).

    >>> Exact(type="exact", value="8437").passes("Port:\\n8437.")
    True
    """

    type: Literal["exact"]
    value: str

    def passes(self, answer: str) -> bool:
        """Return whether any line is the value."""
        return any(bare(line) == bare(self.value) for line in [answer, *answer.split("\n")])


class Contains(_Check):
    """The answer holds this text as whole words.

    >>> Contains(type="contains", value="port 80").passes("Use port 8080.")
    False
    """

    type: Literal["contains"]
    value: str = Field(min_length=1)

    def passes(self, answer: str) -> bool:
        """Return whether the value stands in the answer, not as part of a longer word."""
        return bool(re.search(rf"(?<!\w){re.escape(self.value)}(?!\w)", answer))


class Json(_Check):
    """The answer's JSON (alone, or in its first fence) has these keys with these types.

    >>> Json(type="json", keys={"id": "number"}).passes('```json\\n{"id": 3}\\n```')
    True
    """

    type: Literal["json"]
    keys: dict[str, Literal["string", "number", "boolean", "array", "object"]]

    def passes(self, answer: str) -> bool:
        """Return whether the JSON parses and every key has its type."""
        kinds: dict[str, Any] = {
            "string": str,
            "number": (int, float),
            "boolean": bool,
            "array": list,
            "object": dict,
        }
        try:
            value = json.loads(fenced(answer))
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and all(
            isinstance(value.get(k), kinds[t]) and (t == "boolean") == isinstance(value[k], bool)
            for k, t in self.keys.items()
        )


class Code(_Check):
    """The answer's Python, followed by these lines of assertions, exits with 0."""

    type: Literal["python"]
    asserts: str = Field(min_length=1)


Check = Annotated[Exact | Contains | Json | Code, Field(discriminator="type")]


def outcomes(checks: Iterable[Check], answer: str, run_code: bool) -> dict[str, bool]:
    """Return for each kind of check whether the answer passes all of that kind.

    Python is left out unless `run_code`.

    >>> outcomes([Exact(type="exact", value="7"), Contains(type="contains", value="8")], "7", False)
    {'exact': True, 'contains': False}
    """
    found: dict[str, bool] = {}
    for check in checks:
        if isinstance(check, Code):
            if not run_code:
                continue
            passed = run(fenced(answer), check.asserts)
        else:
            passed = check.passes(answer)
        found[check.type] = passed and found.get(check.type, True)
    return found


def bare(text: str) -> str:
    """Return a text without case, outer white space and outer punctuation.

    >>> bare(" **Yes.** ")
    'yes'
    """
    return text.strip(" \t\r\n.,;:!?*`'\"").casefold()


def fenced(answer: str) -> str:
    """Return what stands in the answer's first code fence, else the whole answer.

    >>> fenced("Here:\\n```python\\nx = 1\\n```")
    'x = 1\\n'
    """
    found = re.search(r"```[^\n]*\n(.*?)```", answer, re.DOTALL)
    return found[1] if found else answer
