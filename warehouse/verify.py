"""Is every byte still there? In: an open warehouse. Out: what was checked, and every damage found.

Each record is put together again (payloads included) and hashed; offsets must join without a hole,
lengths add up to the file, and the whole must have the hash the file had when it was read. Then
every other table is read once, since DuckDB checks its blocks only when it reads them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

import duckdb

from warehouse.payloads import pieces
from warehouse.segments import Segments

FIELDS = """file_id, ordinal, byte_offset, byte_length, sha256, has_payload,
segment, stored_offset, stored_length"""
SCAN = f"select {FIELDS} from raw_records"
STRETCH = 8 << 20  # bytes of one file that are sorted at a time
ONE_FILE = f"""{SCAN} where file_id = ? and byte_offset >= ? and byte_offset < ? order by ordinal"""
FILES = "select file_id, path, bytes, records, prefix_sha256 from files order by path, version"
Row = tuple[str, int, int, int, bytes, bool, int, int, int]
Progress = Callable[[int, int], None]  # bytes checked, bytes in all


@dataclass(frozen=True)
class Damage:
    """Something that is not as it was read: where, and what is wrong with it."""

    where: str
    byte_offset: int | None
    what: str


@dataclass
class Report:
    """What was checked, and what is wrong."""

    files: int = 0
    records: int = 0
    bytes: int = 0
    damages: list[Damage] = field(default_factory=list)


class FileCheck:
    """Takes the records of one file in order and says what does not fit."""

    def __init__(self, path: str, size: int, records: int, digest: bytes) -> None:
        """Begin a file that should have this size, number of records and hash."""
        self.path, self.size, self.records, self.digest = path, size, records, digest
        self.restart()

    def restart(self) -> None:
        """Forget what was seen."""
        self.at, self.ordinal, self.whole = 0, 0, sha256()
        self.damages: list[Damage] = []

    def follows(self, row: Row) -> bool:
        """Say whether a record comes right after the last one."""
        return row[1] == self.ordinal and row[2] == self.at

    def add(self, con: duckdb.DuckDBPyConnection, segments: Segments, row: Row) -> None:
        """Check a record and go on behind it."""
        _, ordinal, offset, length, digest, has_payload, *place = row
        if not self.follows(row):
            self.wrong(self.at, f"record {self.ordinal} should begin here; {ordinal} at {offset}")
        record, seen = sha256(), 0
        try:
            stored = segments.read(*place)
            for piece in pieces(con, stored) if has_payload else (stored,):
                record.update(piece)
                self.whole.update(piece)
                seen += len(piece)
        except ValueError as error:
            self.wrong(offset, str(error))
        else:
            if seen != length or record.digest() != digest:
                self.wrong(offset, f"record {ordinal} is not as it was read")
        self.at, self.ordinal = offset + length, ordinal + 1

    def finish(self) -> list[Damage]:
        """Compare the whole with what the file was; return every damage."""
        if (self.at, self.ordinal) != (self.size, self.records):
            self.wrong(
                self.at, f"{self.ordinal} of {self.records} records, {self.size} bytes wanted"
            )
        elif not self.damages and self.whole.digest() != self.digest:
            self.wrong(0, "the whole does not have the hash the file had")
        return self.damages

    def wrong(self, offset: int, what: str) -> None:
        """Note a damage."""
        self.damages.append(Damage(self.path, offset, what))


def verify(con: duckdb.DuckDBPyConnection, progress: Progress = lambda done, total: None) -> Report:
    """Check every record, file and table; memory does not grow with the warehouse."""
    report, segments = Report(), Segments(con)
    checks = {row[0]: FileCheck(*row[1:]) for row in con.execute(FILES).fetchall()}
    total = sum(check.size for check in checks.values())
    anew: set[str] = set()  # files whose records do not lie in order: read once more, sorted
    try:
        for row in scan(con.cursor(), SCAN):
            check = checks.get(row[0])
            if check is None:
                report.damages.append(Damage(row[0], row[2], "a record of no known file"))
            elif row[0] not in anew and check.follows(row):
                check.add(con, segments, row)
            else:
                anew.add(row[0])
            report.bytes += row[3]
            progress(report.bytes, total)
    except duckdb.Error:
        anew = set(checks)
    for file_id, check in checks.items():
        if file_id in anew:
            check_sorted(con, file_id, check)
        report.damages += check.finish()
        report.records += check.ordinal
    report.files, report.bytes = len(checks), sum(check.at for check in checks.values())
    report.damages += unreadable_tables(con)
    return report


def scan(con: duckdb.DuckDBPyConnection, query: str, *values: object) -> Iterator[Row]:
    """Yield the rows of a query a few at a time."""
    cursor = con.execute(query, list(values))
    while rows := cursor.fetchmany(64):
        yield from rows


def check_sorted(con: duckdb.DuckDBPyConnection, file_id: str, check: FileCheck) -> None:
    """Check a file's records in their order, a stretch at a time."""
    check.restart()
    cursor, segments = con.cursor(), Segments(con)
    for start in range(0, check.size, STRETCH):
        try:
            for row in scan(cursor, ONE_FILE, file_id, start, start + STRETCH):
                check.add(con, segments, row)
        except duckdb.Error as error:
            check.wrong(start, f"cannot be read: {str(error).splitlines()[0][:120]}")
            return


def unreadable_tables(con: duckdb.DuckDBPyConnection) -> list[Damage]:
    """Read every table to its end; return those that cannot be."""
    names = con.execute("select table_name from duckdb_tables() order by 1").fetchall()
    damages = []
    for (name,) in names:
        try:
            con.execute(f'select bit_xor(hash(t)) from "{name}" t').fetchall()
        except duckdb.Error as error:
            damages.append(Damage(f"table {name}", None, str(error).splitlines()[0][:120]))
    return damages
