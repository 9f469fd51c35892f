"""Builds by name: the folder of one that the warehouse knows, from its id."""

from pathlib import Path

from warehouse.errors import AgpError
from warehouse.home import warehouse_path
from warehouse.statements import execute_file
from warehouse.store import open_reader


def build_folder(name: Path) -> Path:
    """Return a build's folder, named by its path or by its id, whose beginning is enough.

    AgpError where several builds begin so, or where the one is no longer in its folder. A name that
    is neither comes back as it is: what reads it says what is missing there.
    """
    if name.exists() or len(name.parts) != 1 or not warehouse_path().exists():
        return name
    with open_reader() as con:
        found = execute_file(con, "warehouse", "builds.sql", id=str(name))
    if len(found) > 1:
        known = ", ".join(build for build, _ in found)
        raise AgpError(f"{name} is the beginning of {known}; give more of it")
    if not found:
        return name
    [(build, path)] = found
    if not Path(path).is_dir():
        raise AgpError(f"build {build} is no longer in {path}; `agp lanes build` makes it again")
    return Path(path)
