"""A backup of the warehouse, and putting one back: a file in, a file out, whole or not at all."""

import os
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.copies.settled import LET_GO, copy, name_it, opened, part_of, settled
from warehouse.errors import AgpError
from warehouse.failures import damaged, explain, is_locked
from warehouse.home import agp_home, warehouse_path
from warehouse.migrations import refuse_newer, state
from warehouse.store import open_reader
from warehouse.verify import Progress, Report, verify


@dataclass(frozen=True)
class Copied:
    """A copy: where it is, how large, its hash, and what was checked of it."""

    path: Path
    bytes: int
    sha256: str
    report: Report | None = None
    aside: Path | None = None  # where a warehouse that stood in its place is now


def stamp() -> str:
    """Return the time of now as names have it."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}"


def backup(to: Path | None = None, progress: Progress | None = None) -> Copied:
    """Copy the warehouse; with `progress`, check every byte of the copy before it has its name.

    `to` is a new file; by default one named by the time, in `backups` of AGP's folder.
    """
    path = warehouse_path()
    target = (to or agp_home() / "backups" / f"warehouse-{stamp()}.duckdb").absolute()
    if os.path.lexists(target):
        raise AgpError(f"{target} is there already; name a new file")
    with opened(path) as source, part_of(target) as part:
        with settled(path):
            if not os.path.samestat(os.fstat(source.fileno()), path.stat()):
                raise AgpError(f"{path} was replaced just now; run the command again")
            digest = copy(source, part)
        report = checked(part, progress)
        name_it(part, target)
    return Copied(target, target.stat().st_size, digest, report)


def checked(part: Path, progress: Progress | None) -> Report | None:
    """Open a copy, which finds one that is cut; with `progress`, verify it and refuse damage."""
    with open_reader(part) as con:
        report = verify(con, progress) if progress else None
    if report and report.damages:
        first = report.damages[0]
        raise AgpError(
            f"{len(report.damages):,} places are damaged, first {first.where}: {first.what}; "
            "nothing was written, `agp warehouse verify` lists them"
        )
    return report


def put_back(source: Path, replace: bool = False) -> Copied:
    """Make a backup the warehouse again; with `replace`, one that stands there is kept aside."""
    path = warehouse_path()
    if path.exists() and not replace:
        raise AgpError(
            f"a warehouse stands at {path}; --replace keeps it aside under another name and puts "
            "the backup in its place"
        )
    if not source.is_file():
        raise AgpError(f"there is no backup at {source}")
    with part_of(path) as part:
        with source.open("rb") as file:
            digest = copy(file, part)
        log = Path(f"{source}.wal")
        if log.exists():
            with log.open("rb") as file:
                copy(file, Path(f"{part}.wal"))
        refuse_strange(part, source)
        size = part.stat().st_size
        aside = swap(part, path) if path.exists() else name_it(part, path)
    return Copied(path, size, digest, aside=aside)


def refuse_strange(part: Path, source: Path) -> None:
    """Raise unless a copied file is a whole warehouse that this program knows; take in its log."""
    try:
        with closing(duckdb.connect(str(part))) as con:
            number, _ = state(con)
            refuse_newer(number)
            pages = "select block_size * used_blocks from pragma_database_size()"
            [(used,)] = con.sql(pages).fetchall()
            if not number or part.stat().st_size < used:
                raise AgpError(f"{source} is no whole warehouse of agp")
            con.execute("force checkpoint")
    except duckdb.Error as error:
        said = str(error).splitlines()[0].replace(str(part), str(source))
        raise damaged(source, said[:160]) from None


def swap(part: Path, path: Path) -> Path:
    """Put a file in the warehouse's place and keep that under another name; return which.

    At every moment one of the two stands there.
    """
    aside = path.with_name(f"{path.name}.before-{stamp()}")
    held = None
    try:
        held = duckdb.connect(str(path))
        held.execute("force checkpoint")
    except duckdb.Error as error:
        if is_locked(error):
            raise explain(error, path) or error from None
    try:
        name_aside(path, aside)
        os.replace(part, path)
        time.sleep(LET_GO)
    finally:
        if held:
            held.close()
    return aside


def name_aside(path: Path, aside: Path) -> None:
    """Give the warehouse a second name, and its log, where one is left, that name too."""
    log = Path(f"{path}.wal")
    if log.exists():
        os.replace(log, f"{aside}.wal")
    try:
        os.link(path, aside)
    except FileExistsError:
        raise AgpError(f"{aside} is there already; try again in a second") from None
    except OSError:  # a file system without links
        os.replace(path, aside)
