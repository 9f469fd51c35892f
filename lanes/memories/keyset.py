"""Rows after a given one, in the order of some columns: values in, a condition out.

Written as PostgREST reads it in `or=(...)`, and as SQL. Both compare as the database orders.
"""

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def after(columns: Sequence[str], values: Sequence[Any]) -> str:
    """Return the condition for rows after one; fewer values than columns compare those alone.

    >>> after(["at", "id"], ["2026-01-01T00:00:00+00:00", 7])
    'at.gt."2026-01-01T00:00:00+00:00",and(at.eq."2026-01-01T00:00:00+00:00",id.gt.7)'
    >>> after(["id"], [7])
    'id.gt.7'
    """
    cases: list[str] = []
    for i, value in enumerate(values):
        same = [f"{c}.eq.{plain(v)}" for c, v in zip(columns, values[:i], strict=False)]
        more = f"{columns[i]}.gt.{plain(value)}"
        cases.append(f"and({','.join([*same, more])})" if same else more)
    return ",".join(cases)


def among(columns: Sequence[str], keys: Sequence[Sequence[Any]]) -> str:
    """Return the condition for rows of these keys.

    >>> among(["id"], [[1], ["x"]]), among(["a", "b"], [[1, 2]])
    ('id.eq.1,id.eq."x"', 'and(a.eq.1,b.eq.2)')
    """
    cases = [[f"{c}.eq.{plain(v)}" for c, v in zip(columns, key, strict=True)] for key in keys]
    return ",".join(case[0] if len(case) == 1 else f"and({','.join(case)})" for case in cases)


def plain(value: Any) -> str:
    r"""Return a value as PostgREST reads it: what is no number in quotes.

    >>> plain('say "a\\b"'), plain(1.5), plain(True)
    ('"say \\"a\\\\b\\""', '1.5', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def quoted(name: str) -> str:
    """Return a name as SQL reads it.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """Return a value as an SQL literal of no type yet, so that it takes on its column's.

    >>> literal("it's"), literal(7)
    ("'it''s'", "'7'")
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "'" + text.replace("'", "''") + "'"
