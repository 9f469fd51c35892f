"""A second pair of eyes: a folder that was written comes in, what kingfisher finds in it goes out.

kingfisher is a scanner of its own, with its own engine. It is told never to try a key out over the
network. What it cannot read is laid beside for it as text: Parquet, and the names of files.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from filters.secrets.files import FileFinding, strings_of, without_secrets
from warehouse.errors import AgpError
from warehouse.home import agp_home

PROGRAM = "kingfisher"
INSTALL = (
    "kingfisher, the independent scanner, is not installed: `pip install kingfisher-bin` "
    "(22 MB), or `--own` to look with agp's detectors alone"
)
NAMES = "names.txt"
SECONDS = 1800


def program() -> str:
    """Return the scanner: beside this Python, in its package, or on the path."""
    beside = Path(sys.executable).with_name(PROGRAM)
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which(PROGRAM)
    if found is None:
        raise AgpError(INSTALL)
    return found


def kingfisher(folder: Path) -> list[FileFinding]:
    """Return what the scanner finds in a folder, Parquet and names of files included."""
    scanner = program()
    with tempfile.TemporaryDirectory(prefix="agp-verify-") as beside:
        origin = lay_beside(folder, Path(beside))
        found = [*_scan(scanner, [folder, Path(beside)])]
    return without_secrets([_at(finding, origin) for finding in found])


def lay_beside(folder: Path, beside: Path) -> dict[str, str]:
    """Write what the scanner cannot read as text; return which file each one is of."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    names = "".join(f"{p.relative_to(folder)}\n" for p in paths)
    (beside / NAMES).write_text(names, encoding="utf-8", errors="surrogateescape")
    origin = {NAMES: str(folder)}
    for number, path in enumerate(p for p in paths if p.suffix == ".parquet"):
        name = f"{number}.jsonl"
        with (beside / name).open("wb") as file:
            file.writelines(_lines(path))
        origin[name] = str(path)
    return origin


def _lines(path: Path) -> Iterator[bytes]:
    """Yield a line a row of a Parquet file, and one for its metadata."""
    row, texts = 1, []
    for at, _, text in strings_of(path):
        if at != row:
            yield orjson.dumps(texts) + b"\n"
            row, texts = at, []
        texts.append(text.encode("utf-8", "replace").decode())
    yield orjson.dumps(texts) + b"\n"


def _scan(scanner: str, folders: list[Path]) -> Iterator[dict[str, Any]]:
    cache = agp_home() / "cache" / PROGRAM
    command = [
        *(scanner, "scan", "--no-validate", "--no-update-check", "--format", "json"),
        *("--git-history", "none", "--no-ignore", "--no-dedup", "--rule-cache-dir", str(cache)),
        *map(str, folders),
    ]
    environment = {"PATH": os.defpath, "HOME": str(agp_home()), "LANG": "C.UTF-8"}
    try:
        done = subprocess.run(command, capture_output=True, env=environment, timeout=SECONDS)
        if done.returncode not in (0, 200):  # 200: it found something
            raise AgpError(f"{PROGRAM} stopped with status {done.returncode}; nothing was verified")
        report = orjson.loads(done.stdout.split(b"\n", 1)[0])
        yield from report["findings"]
    except subprocess.TimeoutExpired:
        raise AgpError(f"{PROGRAM} was not done after {SECONDS // 60} minutes") from None
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise AgpError(f"{PROGRAM} did not answer as expected ({type(error).__name__})") from None


def _at(reported: dict[str, Any], origin: dict[str, str]) -> FileFinding:
    """Return a finding of the scanner as one of ours, without its snippet."""
    rule, where = reported["rule"], reported["finding"]
    path = Path(where["path"])
    told = origin.get(path.name, str(path)) if "agp-verify-" in str(path) else str(path)
    row = 0 if path.name == NAMES else int(where["line"])
    kind = str(rule["id"]).replace("betterleaks.", "").replace("-", "_")
    return FileFinding(told, row, "", kind, int(where["column_start"]), int(where["column_end"]))
