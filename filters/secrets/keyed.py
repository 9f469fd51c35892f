"""One name for one secret, however it is written: bytes come in, a keyed hash goes out."""

import hashlib
import re

from filters.secrets.views import decoded_view

_BREAK = re.compile(rb"\s*\n\s*")


def keyed(secret: bytes, salt: bytes) -> bytes:
    """Return a hash that says nothing without the salt, the same behind escapes and line breaks.

    >>> keyed(rb"a\\/b", b"salt") == keyed(b"a/\\n  b", b"salt") == keyed(b"a/b", b"salt")
    True
    >>> keyed(b"a/b", b"salt") == keyed(b"a/b", b"pepper")
    False
    """
    view = decoded_view(secret)
    plain = _BREAK.sub(b"", view.data if view else secret)
    return hashlib.blake2b(plain, key=salt[:64], digest_size=16).digest()
