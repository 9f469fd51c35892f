"""`agp ingest supabase --check`: address, key and columns in, a line for each out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanes.memories.access import DATABASE, KEY, MISSING, URL, Access, access
from lanes.memories.follow import lacks
from lanes.memories.reader import NoTable
from lanes.memories.settings import MemorySettings, Table, memory_settings
from lanes.memories.tables import reader
from warehouse.errors import AgpError

if TYPE_CHECKING:
    from lanes.memories.reader import Reader


@dataclass(frozen=True)
class Line:
    """One thing that was tested: right, absent (nothing is lost by it) or wrong."""

    what: str
    mark: str
    says: str


def check() -> list[Line]:
    """Test what the environment and the settings name; nothing is written."""
    settings = memory_settings()
    try:
        way = access()
    except AgpError as error:
        return [Line(URL if str(error).startswith(URL) else KEY, "wrong", str(error))]
    if way is None:
        return [Line(URL, "wrong", MISSING)]
    return list(lines(way, settings))


def lines(way: Access, settings: MemorySettings) -> Iterator[Line]:
    """Yield a line for the address, the key and each table."""
    address, key = (URL, KEY) if way.key else (DATABASE, DATABASE)
    try:
        with reader(way, settings) as source:
            found = [table_line(source, table) for table in settings.tables().values()]
    except AgpError as error:
        refused = "refuses the key" in str(error)
        yield Line(address, "right" if refused else "wrong", way.host if refused else str(error))
        if refused:
            yield Line(key, "wrong", str(error))
        return
    yield Line(address, "right", f"{way.host} answers")
    if way.key:
        yield Line(key, "right", "the key is taken")
    yield from found
    if all(line.mark == "absent" for line in found):
        yield Line("tables", "wrong", "none is there; memories.toml says what they are called")


def table_line(source: "Reader", table: Table) -> Line:
    """Test one table: is it there, how many rows may the key see, which columns has it?"""
    named = [name for names in table.columns.values() for name in names]
    try:
        has = source.columns(table.table, [*table.key, *table.updated, *named])
        rows = source.count(table.table, table.key) if set(table.key) <= has else 0
    except NoTable:
        return Line(table.table, "absent", "there is no such table")
    if lacking := lacks(table, has):
        return Line(table.table, "wrong", f"there is no column {', '.join(lacking)}")
    without = [ours for ours, names in table.columns.items() if not set(names) & has]
    ordered = next((name for name in table.updated if name in has), None)
    says = [f"{rows:,} rows", f"ordered by {ordered}" if ordered else "read whole each time"]
    if ordered and ordered != table.updated[0]:
        says.append(f"without {table.updated[0]}: changes are seen with --full only")
    if without:
        says.append(f"without {', '.join(without)}")
    return Line(table.table, "right", "; ".join(says))
