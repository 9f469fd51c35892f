"""Text as a terminal may show it: nothing in it moves a cursor or hides what stands beside."""

JOINERS = "\u200c\u200d"  # without them words of some scripts, and some pictures, fall apart


def printable(text: str) -> str:
    """Return a text with a mark in place of every control or format character and surrogate.

    >>> printable("a\\x1b[31m"), printable("a\\u202eb\\ud800"), printable("ߒߞߏ\\t!")
    ('a�[31m', 'a�b�', 'ߒߞߏ\\t!')
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" + JOINERS else "\ufffd" for c in text)
