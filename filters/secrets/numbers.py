"""Is it a number of someone's: telephone, payment card, internet address.

Every check takes the secret and the whole match (bytes) and says whether it may be one.
"""

import ipaddress
import re

from filters.secrets.checks import Match, exempt

# Digits of a number with its country's code, of countries whose numbers have one length or two.
_LENGTHS = {
    **{"1": (11, 11), "7": (11, 11), "33": (11, 11), "34": (11, 11), "39": (10, 13)},
    **{"41": (11, 11), "43": (9, 14), "44": (11, 12), "48": (11, 11), "49": (9, 14)},
    **{"55": (12, 13), "61": (11, 11), "81": (11, 12), "86": (12, 13), "91": (12, 12)},
}
_OTHERS = (9, 15)
_VERSION = re.compile(
    rb"(?i)(?:v|versions?|ver|release|[A-Za-z]/|[=<>~^!]=|[\^~-])[ \t:\"'=]{0,3}$"
)
_DATE = re.compile(rb"(?:19|20)[0-9]{2}[-/. ]?[01][0-9]|[0-3]?[0-9][/.][01]?[0-9][/.]")
_SMALL = 31  # a number of four parts that are all below is a version far more often


def phone_of_someone(secret: bytes, match: Match) -> bool:
    """As long as numbers of its country are, and not one set aside for films."""
    digits = re.sub(rb"\D", b"", secret).decode()
    if not secret.startswith(b"+"):
        if len(digits) in (7, 10) and digits[-7:-2] == "55501":
            return False
        return 7 <= len(digits) <= 13 and not _DATE.match(secret)
    code = next((digits[:n] for n in (1, 2) if digits[:n] in _LENGTHS), "")
    low, high = _LENGTHS.get(code, _OTHERS)
    if not low <= len(digits) <= high:
        return False
    if code == "1" and (digits[1] < "2" or digits[4] < "2" or digits[4:8] == "5550"):
        return False
    return len(set(digits)) > 3 and "1234567" not in digits


def card_of_someone(secret: bytes, match: Match) -> bool:
    """Its last digit is right (Luhn, ISO/IEC 7812-1), and it is not a number to test with."""
    digits = re.sub(rb"\D", b"", secret)
    if digits in exempt("cards") or len(set(digits)) < 4:
        return False
    if len(digits) != (15 if digits[:2] in (b"34", b"37") else 16):
        return False
    doubled = (d - 48 << i % 2 for i, d in enumerate(reversed(digits)))
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0


def _address(secret: bytes) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(secret.decode())
    except ValueError:
        return None


def public_address(secret: bytes, match: Match) -> bool:
    """An address that the internet routes; not a resolver that everybody knows, nor a version."""
    address = _address(secret)
    if address is None or not address.is_global or address.is_multicast:
        return False
    if secret in exempt("addresses"):
        return False
    return address.version == 6 or not _reads_as_version(secret, match)


def _reads_as_version(secret: bytes, match: Match) -> bool:
    before = match.string[max(0, match.start() - 12) : match.start()]
    return all(int(part) < _SMALL for part in secret.split(b".")) or bool(_VERSION.search(before))


def private_address(secret: bytes, match: Match) -> bool:
    """An address inside somebody's own network, as RFC 1918, 4193 and 4291 set them aside."""
    address = _address(secret)
    if address is None or address.is_loopback or address.is_unspecified or address.is_global:
        return False
    return any(address in net for net in _PRIVATE if net.version == address.version)


_PRIVATE = [
    ipaddress.ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")
]


def host_of_someone(secret: bytes, match: Match) -> bool:
    """A machine of somebody's own network, not a service that containers and manuals have."""
    first = secret.lower().split(b".")[0]
    return first not in exempt("hosts") and not first.startswith(b"_")
