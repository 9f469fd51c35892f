"""Times as sources write them, strings and numbers, into one Arrow column of UTC microseconds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

UTC_TIME = pa.timestamp("us")
WITH_ZONE = pa.timestamp("us", "UTC")
MILLISECONDS_FROM = 1e11  # a number above it counts milliseconds: as seconds it is the year 5138


def parse_time(value: Any) -> datetime | None:
    """Return a time in UTC without zone; None for what is no time.

    >>> parse_time("2025-06-01T02:00:00.5+02:00"), parse_time("2025-06-01"), parse_time("soon")
    (datetime.datetime(2025, 6, 1, 0, 0, 0, 500000), datetime.datetime(2025, 6, 1, 0, 0), None)
    >>> parse_time(1748736000000) == parse_time(1748736000) == parse_time("2025-06-01T00:00:00Z")
    True
    """
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            time = datetime.fromtimestamp(value / (1000 if value > MILLISECONDS_FROM else 1), UTC)
        else:
            return None
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError, OSError):
        return None


def time_array(values: Sequence[Any]) -> pa.Array:
    """Return a column of times; where all are ISO strings with a zone, Arrow reads them at once.

    >>> time_array(["2025-06-01T02:00:00.5Z", "soon", 0]).to_pylist()[:2]
    [datetime.datetime(2025, 6, 1, 2, 0, 0, 500000), None]
    """
    try:
        return pa.array(values, pa.string()).cast(WITH_ZONE).cast(UTC_TIME)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        pass
    return pa.array([_quickly(value) for value in values], UTC_TIME)


def _quickly(value: Any) -> datetime | None:
    if type(value) is str and value[10:11] == "T":
        zone = 1 if value[-1:] == "Z" else 6 if value[-6:] == "+00:00" else 0
        if zone:
            try:
                return datetime.fromisoformat(value[:-zone])
            except ValueError:
                pass
    return parse_time(value)
