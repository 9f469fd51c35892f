"""A warehouse comes in; findings by kind and place go out, and how many different secrets.

What was looked through once, by the same detectors, is not looked through again: findings are kept
in the warehouse, without the secrets. The strings to look through are read once and put aside, the
file is let go, and only when a batch of them is looked through it is opened again, to write down
what was found: so each string is read and hashed once, however many batches there are.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import duckdb
import pyarrow as pa

from filters.secrets.choices import home_look, home_words
from filters.secrets.detectors import version_of, versions
from filters.secrets.finding import Look
from filters.secrets.hands import many_hands
from filters.secrets.home import home_salt
from filters.secrets.keyed import keyed
from filters.secrets.many import Finding, scan_many
from filters.secrets.spool import Rows, Spool
from filters.secrets.survey import Place, Survey
from warehouse import interrupt

BATCH = 16_000_000  # characters looked through between reading and writing
_ROWS = 2048
Progress = Callable[[int], object]
STRINGS = pa.schema([("field", pa.string()), ("id", pa.string()), ("text_hash", pa.uint64())])
FINDINGS = pa.schema(
    [
        *((name, pa.string()) for name in ("finding_id", "kind", "field", "id")),
        *((name, pa.string()) for name in ("exchange_id", "session_id")),
        *((name, pa.int64()) for name in ("start_char", "end_char")),
        *((name, pa.string()) for name in ("detector", "detector_version")),
        ("digest", pa.binary()),
    ]
)


def _sql(name: str) -> str:
    return (files("filters.secrets") / f"{name}.sql").read_text(encoding="utf-8")


def looked_for(salt: bytes, look: Look) -> str:
    """Return a hash of what a scan looks for: detectors and their versions, kinds, words."""
    words = "\0".join(sorted(home_words())).encode("utf-8", "surrogatepass")
    keyed = hashlib.blake2b(words, key=salt, digest_size=8).hexdigest()
    return hashlib.blake2b(
        "\n".join([versions(), keyed, *sorted(look.off)]).encode(), digest_size=8
    ).hexdigest()


@many_hands()
def update(progress: Progress = lambda _: None) -> None:
    """Look through every string of the warehouse that is new, changed, or of older detectors.

    `progress` is told characters. What was done before an interruption is kept.
    """
    interrupt.read(_is_stale)  # where there is no warehouse, nothing else is made either
    salt, look = home_salt(), home_look()
    version = looked_for(salt, look)
    with Spool() as aside:
        interrupt.read(lambda con: aside.fill(_pending(con, version)))
        for rows in aside.batches(BATCH):
            found = [*_findings(rows, look, salt)]
            interrupt.write(lambda con, rows=rows, found=found: _keep(con, version, rows, found))
            progress(sum(len(row["text"]) for row in rows))
    if interrupt.read(_is_stale):
        interrupt.write(_forget)


def _pending(con: duckdb.DuckDBPyConnection, version: str) -> pa.RecordBatchReader:
    """Return the strings that are to be looked through."""
    con.execute(_sql("strings"))
    return con.sql(_sql("pending"), params={"looked_for": version}).to_arrow_reader(_ROWS)


def _findings(rows: Rows, look: Look, salt: bytes) -> Iterator[dict[str, Any]]:
    """Yield a row a finding."""
    for row, found in zip(rows, scan_many([row["text"] for row in rows], look), strict=True):
        yield from (_finding(row, finding, salt) for finding in found)


def _finding(row: dict[str, Any], finding: Finding, salt: bytes) -> dict[str, Any]:
    secret = row["text"][finding.start : finding.end].encode("utf-8", "surrogatepass")
    place = f"{row['field']}\0{row['id']}\0{finding.kind}\0{finding.start}\0{finding.end}"
    return {
        **{name: row[name] for name in ("field", "id", "exchange_id", "session_id")},
        "finding_id": hashlib.blake2b(place.encode(), digest_size=8).hexdigest(),
        "kind": finding.kind,
        "start_char": finding.start,
        "end_char": finding.end,
        "detector": finding.detector,
        "detector_version": version_of(finding.detector),
        "digest": keyed(secret, salt),
    }


def _keep(
    con: duckdb.DuckDBPyConnection, version: str, rows: Rows, found: list[dict[str, Any]]
) -> None:
    """Write down which strings were looked through, and what stands where; both or neither."""
    strings = [{name: row[name] for name in STRINGS.names} for row in rows]
    con.register("scanned_strings", pa.Table.from_pylist(strings, STRINGS))
    con.register("scanned_findings", pa.Table.from_pylist(found, FINDINGS))
    given = {"looked_for": version, "seen": datetime.now(UTC).replace(tzinfo=None)}
    con.execute("begin")
    try:
        for statement in con.extract_statements(_sql("store")):
            names = statement.named_parameters
            con.execute(statement, {n: v for n, v in given.items() if n in names})
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def _is_stale(con: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether a string that was looked through is gone."""
    con.execute(_sql("strings"))
    gone = "from secret_scans where (field, id) not in (select (field, id) from secret_strings)"
    return bool(con.sql(f"select 1 {gone} limit 1").fetchall())


def _forget(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_sql("strings"))
    con.execute(_sql("forget"))


@many_hands()
def survey(con: duckdb.DuckDBPyConnection, kinds: frozenset[str] | None = None) -> Survey:
    """Return all findings: those that are kept, and of strings that are new what stands in them.

    The warehouse may be open to read only; nothing is kept.
    """
    salt, look = home_salt(), home_look()
    fresh: set[tuple[str, str]] = set()
    result = Survey()
    for batch in _pending(con, looked_for(salt, look)):
        rows = batch.to_pylist()
        fresh |= {(row["field"], row["id"]) for row in rows}
        for found in _findings(rows, look, salt):
            _add(result, found, kinds)
    con.execute(_sql("strings"))
    kept = "from findings semi join secret_strings using (field, id) order by field, id, start_char"
    for batch in con.sql(kept).to_arrow_reader(_ROWS):
        for found in batch.to_pylist():
            if (found["field"], found["id"]) not in fresh:
                _add(result, found, kinds)
    return result


def _add(result: Survey, found: dict[str, Any], kinds: frozenset[str] | None) -> None:
    if kinds is None or found["kind"] in kinds:
        names = ("kind", "field", "id", "exchange_id", "session_id")
        at = {"start": found["start_char"], "end": found["end_char"]}
        result.add(Place(**{name: found[name] for name in names}, **at), found["digest"])
