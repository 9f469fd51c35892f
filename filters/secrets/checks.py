"""Questions a pattern cannot ask: is it random, is it code, is it a placeholder, is it anyone's.

Every check takes the secret and the whole match (bytes) and says whether it may be a secret.
"""

import base64
import binascii
import math
import re
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files

Match = re.Match[bytes]

_EXAMPLE = re.compile(
    rb"(?i)example|sample|dummy|placeholder|your|changeme|x{4}|\.\.\.|fake|redact|insert|replace"
    rb"|1234567890|0{8}|abcdefgh"
)
_WORD = re.compile(rb"[A-Z]?[a-z]*|[A-Z]+|[0-9]{1,4}|v[0-9]+")
_CAMEL = re.compile(rb"(?:[A-Z]?[a-z]{3,}[0-9]{0,3}|[A-Z]{3,}[0-9]{0,3})+")
_CODE = re.compile(
    rb"(?i)(?:process\.env|os\.environ|import\.meta|self\.|this\.|config\.|settings\.|secrets\.|env\.)"
    rb"|[$%@#*&<{(\[]|(?:\.{0,2}|~)/|https?:|file:|v?[0-9]+(?:\.[0-9]+)+|sha(?:1|256|384|512)-"
)
_VARIABLE = re.compile(rb"[$%<{*#!(\[]|\.\.\.|--?[a-z]|x{3,}", re.I)
_USER = re.compile(rb"://(?P<user>[^\s@/:]{0,80}):(?P<variable>[$%]?)$")
_VARIABLE_NAME = re.compile(rb"(?:[A-Z_][A-Z0-9_]*|[a-z_]+)@")
_LETTERS_AND_MORE = re.compile(
    rb"(?=.*[A-Za-z])(?=.*[0-9]|.*[a-z].*[A-Z]|.*[A-Z].*[a-z]|.*[^\w.-])"
)
_CALL = re.compile(rb"[\w.]+[(\[]|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+[)\],;]*$|[A-Z][A-Z_]*[0-9]?$")


@cache
def exempt(name: str) -> frozenset[bytes]:
    """Return a list of exempt.toml.

    >>> b"git" in exempt("mailboxes")
    True
    """
    text = (files("filters.secrets") / "exempt.toml").read_text(encoding="utf-8")
    return frozenset(word.encode() for word in tomllib.loads(text)[name])


def entropy(secret: bytes) -> float:
    """Return the Shannon entropy in bits per byte.

    >>> entropy(b"abab"), entropy(b"")
    (1.0, 0.0)
    """
    n = len(secret)
    return -sum(c / n * math.log2(c / n) for c in Counter(secret).values()) if n else 0.0


def wordy(secret: bytes) -> bool:
    """Tell whether this is words, an identifier or a slug rather than random characters.

    >>> wordy(b"some-long-slug-2024"), wordy(b"getBase64Token"), wordy(b"q8Zk2fP0vTn4")
    (True, True, False)
    """
    pieces = [p for p in re.split(rb"[-_./~+=:, ]+", secret) if p]
    return bool(_CAMEL.fullmatch(secret)) or all(_WORD.fullmatch(p) for p in pieces)


def no_example(secret: bytes) -> bool:
    """Tell whether no word in it says "example"; a long value may hold one by chance.

    >>> no_example(b"AKIAIOSFODNN7EXAMPLE")
    False
    """
    return len(secret) > 120 or not _EXAMPLE.search(secret)


def not_example(secret: bytes, match: Match) -> bool:
    """Not out of a manual."""
    return no_example(secret)


def mixed(secret: bytes, match: Match) -> bool:
    """Letters and digits, and not as words and numbers."""
    letters, digits = re.search(rb"[A-Za-z]", secret), re.search(rb"[0-9]", secret)
    return bool(letters and digits) and not wordy(secret)


def not_code(secret: bytes, match: Match) -> bool:
    """Not an expression, a path, an address, a version or a digest."""
    secret = _unquoted(secret, match)
    return not _CODE.match(secret) and not _CALL.match(secret)


def _unquoted(secret: bytes, match: Match) -> bytes:
    """Leave out signs in front that mean something outside quotes only."""
    return secret.lstrip(b"#!*&@") if match.groupdict().get("quote") else secret


def real_password(secret: bytes, match: Match) -> bool:
    """Not a variable, a placeholder or a password that everybody knows."""
    groups = match.groupdict()
    secret = _unquoted(secret, match)
    if secret.lower() in exempt("passwords") or _VARIABLE.match(secret):
        return False
    if groups.get("host"):
        host = groups["host"].lower().split(b":")[0]
        if host == b"sha256":  # the tag of an image, and its digest
            return False
        if _is_example_domain(host):  # a manual's host, unless the password is nobody's invention
            return (
                len(secret) >= 10
                and entropy(secret) >= 3
                and not_example(secret, match)
                and mixed(secret, match)
            )
        return secret != groups["user"]
    if not no_example(secret) or wordy(secret):
        return False
    return bool(_LETTERS_AND_MORE.match(secret))


def basic_pair(secret: bytes, match: Match) -> bool:
    """base64 of a user, a colon and a password, in printable characters."""
    try:
        pair = base64.b64decode(secret + b"=" * (-len(secret) % 4), altchars=b"-_", validate=True)
        _, colon, password = pair.decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return bool(colon and password) and pair.decode().isprintable()


def numbered(secret: bytes, match: Match) -> bool:
    """Its first part is base64 of a number."""
    coded = match["number"]
    try:
        return base64.b64decode(coded + b"=" * (-len(coded) % 4), validate=True).isdigit()
    except binascii.Error:
        return False


def cookie_value(secret: bytes, match: Match) -> bool:
    """At least one of the cookies is long and random."""
    values = [pair.partition(b"=")[2] for pair in secret.split(b";")]
    return any(len(v) >= 16 and entropy(v) > 3.2 and mixed(v, match) for v in values)


def _is_example_domain(domain: bytes) -> bool:
    if domain.rpartition(b".")[2] in exempt("domain_ends"):
        return b"." in domain and domain.endswith((b".example", b".test", b".invalid"))
    return any(domain == d or domain.endswith(b"." + d) for d in exempt("domains"))


def _known_password(mailbox: bytes, match: Match) -> bool:
    """Tell whether this stands for a password in an address that real_password lets stand."""
    at = match.start("secret")
    before = _USER.search(match.string, max(0, at - 100), at)
    if before is None:
        return False
    if before["variable"]:
        return bool(_VARIABLE_NAME.match(match.string, at))
    return mailbox in {*exempt("passwords"), before["user"].lower()}


def email_of_someone(secret: bytes, match: Match) -> bool:
    """A mailbox of a person at a domain that exists."""
    mailbox, _, domain = secret.lower().partition(b"@")
    end = domain.rpartition(b".")[2]
    if mailbox in exempt("mailboxes") or end in exempt("domain_ends"):
        return False
    if _is_example_domain(domain) or _known_password(mailbox, match):
        return False
    if len(end) == 2:
        return end not in exempt("not_countries")
    return end in exempt("domain_ends_long")


def name_of_someone(secret: bytes, match: Match) -> bool:
    """A home folder that is a person's, not a machine's or a manual's."""
    name = secret.lower()
    return name not in exempt("users") and not name.isdigit() and not not_a_name(name)


def not_a_name(name: bytes) -> bool:
    """A variable or a placeholder where a name would stand.

    >>> not_a_name(b"xxxx"), not_a_name(b"alice")
    (True, False)
    """
    return bool(re.fullmatch(rb"x+|your.*|my-?user.*|example.*|user[0-9]*|test.?user.*", name))
