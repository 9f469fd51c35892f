"""What a run's numbers depend on besides its settings: host, versions, code."""

import hashlib
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlx.core as mx

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, Any]:
    """Return host, device, library versions, code commit, and the hash of the lock."""
    lock = ROOT / "requirements.lock"
    return {
        "host": {"system": platform.platform(), "machine": platform.machine()},
        "device": str(mx.default_device()),
        "blas": os.environ.get("AGP_BLAS"),
        "versions": {name: version(name) for name in ("agp", "mlx", "mlx-lm")},
        "python": platform.python_version(),
        "commit": git("rev-parse", "HEAD"),
        "dirty": bool(git("status", "--porcelain")),
        "lock": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None,
    }


def git(*arguments: str) -> str | None:
    """Return what git says of this code, None where it is no checkout."""
    if not (ROOT / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(ROOT), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
