"""How every evaluation ends in words: gates that did not pass, and looks at the test split."""

from collections.abc import Mapping
from typing import Any


def closing(document: Mapping[str, Any]) -> list[str]:
    """Return what failed, what cannot be told, and how often the test split was opened.

    >>> closing({"gates": [{"name": "use", "verdict": "failed"}], "openings": None})
    ['Failed: use.']
    """
    said: list[str] = []
    for verdict, word in (("failed", "Failed"), ("too_few", "Too few to tell, or not measured")):
        names = [g["name"] for g in document["gates"] if g["verdict"] == verdict]
        said += [f"{word}: {', '.join(names)}."] if names else []
    if opened := document["openings"]:
        said.append(
            f"The test split was opened {opened['of_run']} × for this run, "
            f"{opened['of_pack']} × in all."
        )
        if opened["under_other_gates"]:
            said.append("It had been opened for this run under other gates before.")
    return said
