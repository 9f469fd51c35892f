"""Names in N'Ko: a string in, refused unless it is written in that script."""

from typing import Annotated

from pydantic import AfterValidator

FIRST, LAST = "\u07c0", "\u07ff"


def in_nko(text: str) -> str:
    """Return a name of N'Ko letters, digits and marks, with single spaces between words.

    >>> in_nko("ߞߍߣߍߦߊ") == "ߞߍߣߍߦߊ"
    True
    >>> in_nko("kɛnɛya")
    Traceback (most recent call last):
    ValueError: an N'Ko name is written in N'Ko (U+07C0 to U+07FF), not with U+006B
    """
    strange = [c for c in text.replace(" ", "") if not FIRST <= c <= LAST]
    if strange:
        code = f"U+{ord(strange[0]):04X}"
        raise ValueError(f"an N'Ko name is written in N'Ko (U+07C0 to U+07FF), not with {code}")
    if not text or text != " ".join(text.split()):
        raise ValueError("an N'Ko name is empty, or has spaces at its ends or several in a row")
    return text


NkoName = Annotated[str, AfterValidator(in_nko)]
