"""pgvector's binary form of a vector in; the text that the server would write, and its floats, out.

Of a vector of 768 dimensions a server writes the text in about a hundred microseconds, its binary
form in a few, and that is a third as long.
"""

from math import copysign
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import numpy as np

HEAD = 4  # bytes before the values: how many there are, and two of no use
# From here on a few digits may lie half way between two floats, which PostgreSQL does not take for
# either of them.
HALVES = 1 << 24
LEAST, MOST = 1e-4, 1e6  # a server writes values from here to there without an exponent


class Vector:
    """A vector of a row: `values` are its [d] floats of 32 bits."""

    __slots__ = ("values",)

    def __init__(self, binary: bytes) -> None:
        """Take the binary form; ValueError where it is none.

        >>> Vector(b"\\0\\2\\0\\0" + b"\\x3f\\x80\\0\\0" + b"\\x3d\\xcc\\xcc\\xcd").text()
        b'[1,0.1]'
        """
        import numpy as np

        if len(binary) != HEAD + 4 * int.from_bytes(binary[:2]):
            raise ValueError("no vector")
        self.values = np.frombuffer(binary, ">f4", offset=HEAD).astype("=f4")

    def __str__(self) -> str:  # noqa: D105
        return self.text().decode()

    def text(self) -> bytes:
        """Return the vector as the server writes it: the fewest digits that give each value."""
        import numpy as np

        size, parts, at = np.abs(self.values), [], 0
        for i in np.flatnonzero(((size < LEAST) & (size > 0)) | (size >= MOST)):
            if i > at:
                parts.append(plain(self.values[at:i]))
            parts.append(scientific(self.values[i]))
            at = i + 1
        if at < len(size):
            parts.append(plain(self.values[at:]))
        return b"[" + b",".join(parts) + b"]"


def plain(values: "np.ndarray") -> bytes:
    """Return values that need no exponent, between commas."""
    text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    return text.replace(b".0,", b",").replace(b".0]", b"]")[1:-1]


def scientific(value: Any) -> bytes:
    """Return a float of 32 bits with an exponent, in the fewest digits that are it and no other.

    >>> import numpy as np
    >>> [scientific(np.float32(x)) for x in (1e-7, -1234567, 2**30)]
    [b'1e-07', b'-1.234567e+06', b'1.0737418e+09']
    """
    import numpy as np

    exact = int(abs(value))
    if exact < HALVES:
        return np.format_float_scientific(value, trim="-", exp_digits=2).encode()
    above = 1 << (exact.bit_length() - 24)  # to the next float
    below = above if exact & (exact - 1) else above // 2
    for digits in range(1, 10):
        unit = 10 ** (len(str(exact)) - digits)
        for found in ((exact + unit // 2) // unit * unit, -(-exact // unit) * unit):
            if -below < 2 * (found - exact) < above:
                signed = copysign(found, value)
                return np.format_float_scientific(signed, trim="-", exp_digits=2).encode()
    raise AssertionError("nine digits are enough")
