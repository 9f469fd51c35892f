"""What can be asked: the public views and what their columns mean, and named example queries."""

from dataclasses import dataclass
from functools import cache

from warehouse.errors import AgpError
from warehouse.macros import example_files, macro_name, shown_by
from warehouse.store import in_memory

COLUMNS = """
    select v.view_name, v.comment, c.column_name, c.data_type, c.comment
    from duckdb_views() v join duckdb_columns() c on c.table_name = v.view_name
    where not v.internal and starts_with(v.view_name, 'v_')
    order by v.view_oid, c.column_index"""


@dataclass(frozen=True)
class Column:
    """A column of a public view, with its type and meaning."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class View:
    """A public view: what a row is, and its columns."""

    name: str
    row: str
    columns: list[Column]


@dataclass(frozen=True)
class Example:
    """A named query, which is a macro too; its first line says what it shows."""

    name: str
    macro: str
    shows: str
    sql: str


def views() -> list[View]:
    """Return the public views in the order of the schema, read from an empty warehouse."""
    found: dict[str, View] = {}
    with in_memory() as con:
        for view, row, name, kind, meaning in con.execute(COLUMNS).fetchall():
            entry = found.setdefault(view, View(view, row or "", []))
            entry.columns.append(Column(name, kind, meaning or ""))
    return list(found.values())


@cache
def examples() -> dict[str, Example]:
    """Return the example queries of warehouse/examples by name."""
    return {
        name: Example(name, macro_name(name), shown_by(sql), sql)
        for name, sql in example_files().items()
    }


def example(name: str) -> Example:
    """Return one example query."""
    if name not in examples():
        raise AgpError(f"no example is named {name}; `agp sql --examples` lists them")
    return examples()[name]


def markdown() -> str:
    """Return the public views as docs/warehouse.md has them."""
    parts = []
    for view in views():
        lines = [f"| `{c.name}` | {c.type.lower()} | {c.meaning} |" for c in view.columns]
        head = f"### `{view.name}`\n\nA row is {view.row}.\n\n"
        table = ["| column | type | meaning |", "|---|---|---|", *lines]
        parts.append(head + "\n".join(table) + "\n")
    return "\n".join(parts)
