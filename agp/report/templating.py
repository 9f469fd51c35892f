"""The template engine: everything is escaped, a name that is not given is an error."""

from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from warehouse.console import cell_text


@cache
def environment() -> Environment:
    """Return the engine over the templates beside this module."""
    made = Environment(
        loader=PackageLoader("agp.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"shown": shown, "share": share, "brief": brief}
    return made


def shown(value: Any) -> str:
    """Return a value as people read it.

    >>> shown(12345), shown(0.12345), shown(None), shown(datetime(2026, 3, 1, 9)), shown(True)
    ('12,345', '0.123', '', '2026-03-01 09:00', 'yes')
    """
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")[:16]
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) > 99 else f"{value:.3g}"
    return cell_text(value)


def brief(value: object, width: int = 12) -> str:
    """Return the beginning of a long id.

    >>> brief("0123456789abcdef"), brief("short")
    ('0123456789ab…', 'short')
    """
    text = cell_text(value)
    return text if len(text) <= width + 1 else text[:width] + "…"


def share(part: float, whole: float) -> str:
    """Return a share in per cent, as CSS takes it.

    >>> share(1, 4), share(1, 0)
    ('25.0%', '0.0%')
    """
    return f"{100 * part / whole if whole else 0:.1f}%"
