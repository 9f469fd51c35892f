"""A faster BLAS where one is found: mlx's wheel for Linux carries a slow one.

OpenBLAS must be named before the process starts, so a command that computes starts itself anew.
"""

import glob
import os
import sys
from pathlib import Path

PATTERNS = ("/usr/lib/*/openblas-pthread/libopenblas.so.0", "/usr/lib*/libopenblas.so.0")


def openblas() -> str | None:
    """Return the path of an OpenBLAS with cblas symbols, if this machine has one."""
    found = [path for pattern in PATTERNS for path in sorted(glob.glob(pattern))]
    return found[0] if sys.platform == "linux" and found else None


def use_openblas() -> None:
    """Start this `agp` command anew with OpenBLAS loaded; return when that is done or useless.

    AGP_BLAS=off leaves mlx's own.
    """
    library = openblas()
    if library is None or os.environ.get("AGP_BLAS") or not is_ours(sys.orig_argv):
        return
    preload = " ".join(filter(None, [library, os.environ.get("LD_PRELOAD")]))
    environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ}
    os.execve(
        sys.executable,
        [sys.executable, *sys.orig_argv[1:]],
        {**environment, "LD_PRELOAD": preload, "AGP_BLAS": library},
    )


def is_ours(arguments: list[str]) -> bool:
    """Return whether a process was started as `agp` or as `python -m agp`.

    >>> is_ours(["python", "/x/bin/agp", "demo"]), is_ours(["python", "-m", "pytest", "agp"])
    (True, False)
    """
    if arguments[1:2] == ["-m"]:
        return arguments[2].split(".")[0] == "agp"
    return len(arguments) > 1 and Path(arguments[1]).name == "agp"
