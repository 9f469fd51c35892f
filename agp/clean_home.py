"""A home for work that is to change nothing: a copy of the warehouse, and links beside it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.home import agp_home, warehouse_path

COPIED = ("salt", "literals.txt")  # of the home: placeholders are made with them
OWN = ("rules", "labelers", "kernel")  # of the home: rules and labelers of a person's own
LINKED = ("packs", "captures")  # what later stages are trained on; a run checks their digests


@contextmanager
def clean_home(out: Path | None, parents: list[Path]) -> Iterator[Path]:
    """Live in a new home that holds a copy of the warehouse and what redaction is made with.

    Each pack, each capture and each run that was built upon is a link, read under its digest; what
    is made anew beside them stays in the new home.
    """
    from warehouse.store import open_reader

    before = agp_home()
    with tempfile.TemporaryDirectory(prefix="agp-again-") as temporary:
        home = (out or Path(temporary)).absolute()
        home.mkdir(parents=True, exist_ok=True)
        with open_reader():  # nobody writes while it is copied
            shutil.copyfile(warehouse_path(), home / warehouse_path().name)
        for name in COPIED:
            if (before / name).exists():
                shutil.copyfile(before / name, home / name)
        for name in ("runs", *LINKED):
            (home / name).mkdir(exist_ok=True)
        found = {f"runs/{run.name}": run for run in parents}
        found |= {name: before / name for name in OWN if (before / name).exists()}
        for name in LINKED:
            found |= {f"{name}/{one.name}": one for one in (before / name).glob("[!.]*")}
        for name, target in found.items():
            (home / name).symlink_to(target.absolute())
        kept = os.environ.get("AGP_HOME")
        os.environ["AGP_HOME"] = str(home)
        try:
            yield home
        finally:
            os.environ.pop("AGP_HOME")
            if kept is not None:
                os.environ["AGP_HOME"] = kept
