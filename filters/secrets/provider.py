"""The engine for provider credentials: betterleaks, in process.

Its traps: the C string ends at the first NUL; text that is not UTF-8 raises; a line that holds an
allow marker is skipped; it is a Go runtime, so a process that used it must not fork.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files

from filters.secrets import checks
from filters.secrets.own import Span, occurrences

# Marks by which an author tells scanners to look away. What leaves is scanned all the same.
_ALLOW = re.compile(rb"(?i)(gitleaks|betterleaks|trufflehog)[:_-](allow|ignore)")


@cache
def kinds_of_rules() -> dict[str, str]:
    """Return the kinds of those rules whose own name does not say it."""
    text = (files("filters.secrets") / "kinds.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["rules"]


def kind_of(rule_id: str) -> str:
    """Return the kind of a rule, the same for all variants of the rule.

    >>> kind_of("github-pat"), kind_of("datadog-api-key.2"), kind_of("generic-api-key")
    ('github_pat', 'datadog_api_key', 'api_key')
    """
    name = rule_id.partition(".")[0]
    return kinds_of_rules().get(name, name.replace("-", "_"))


def find(data: bytes) -> list[Span]:
    """Return what betterleaks finds, wherever its values stand in the text."""
    import betterleaks

    text = _ALLOW.sub(lambda m: b"_" * len(m[0]), data.replace(b"\0", b" "))
    spans: list[Span] = []
    for finding in betterleaks.scan_string(text.decode("utf-8", "replace")):
        secret = finding.match.value.encode()
        if not _plausible(secret, finding.confidence):
            continue
        kind = kind_of(finding.rule_id)
        inside = max(0, finding.match.full.encode().find(secret))
        # A long value is the same secret wherever it stands; a short one only where it was seen.
        whole = secret if len(secret) >= 16 else finding.match.full.encode()
        inside = 0 if whole is secret else inside
        for at in occurrences(text, whole):
            spans.append(Span(at + inside, at + inside + len(secret), kind))
    return spans


def _plausible(secret: bytes, confidence: str) -> bool:
    """Leave out examples, and of the rules that guess also words and well-known passwords."""
    if not secret or not checks.no_example(secret):
        return False
    return confidence != "low" or not (
        secret.lower() in checks.exempt("passwords") or checks.wordy(secret)
    )
