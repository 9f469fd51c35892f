"""Secrets: found by two engines in any string, replaced by stable placeholders such as `[EMAIL_1]`.

Text and nested JSON values come in; the same values without secrets go out, or findings that say
which kind stands where and never what it is.
"""

from filters.secrets.choices import home_look, home_redactor
from filters.secrets.files import FileFinding, scan_files
from filters.secrets.finding import Look
from filters.secrets.hands import many_hands
from filters.secrets.home import home_salt
from filters.secrets.many import Finding, scan, scan_many
from filters.secrets.redact import Redactor

__all__ = [
    "FileFinding",
    "Finding",
    "Look",
    "Redactor",
    "home_look",
    "home_redactor",
    "home_salt",
    "many_hands",
    "scan",
    "scan_files",
    "scan_many",
]
