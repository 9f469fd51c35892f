"""What benchmarks need: a tool in an environment of its own, a watched run, a table in the page."""

import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "bench" / "out"
README = ROOT / "bench" / "README.md"


@dataclass(frozen=True)
class Measured:
    """What a command took, start-up included, and what it printed."""

    seconds: float
    processor: float  # seconds of all cores
    peak: float  # MB of the command and all that it started
    output: str


def environment(name: str, packages: Sequence[str]) -> Path:
    """Install packages into an environment of their own below bench/out; return its Python."""
    folder = OUT / "venv" / name
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    if not folder.exists():
        subprocess.run([uv, "venv", "-q", "--python", "3.11", folder], check=True)
        env = os.environ | {"VIRTUAL_ENV": str(folder)}
        subprocess.run(
            [uv, "pip", "install", "-q", "--compile-bytecode", *packages], check=True, env=env
        )
    return folder / "bin" / "python"


def memory(pid: int) -> int:
    """Return the resident bytes of a process and all below it (Linux)."""
    try:
        status = Path(f"/proc/{pid}/statm").read_text().split()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return int(status[1]) * os.sysconf("SC_PAGESIZE") + sum(memory(int(child)) for child in below)


def busy() -> float:
    """Return the processor seconds of all children so far, which other load does not lengthen."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(
    command: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Measured:
    """Run a command; raise RuntimeError with its last line where it fails."""
    before, start = busy(), time.perf_counter()
    child = subprocess.Popen(
        [str(part) for part in command],
        env=dict(env) if env is not None else None,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    peak = 0

    def watch() -> None:
        nonlocal peak
        while child.poll() is None:
            peak = max(peak, memory(child.pid))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, errors = child.communicate()
    seconds = time.perf_counter() - start
    watcher.join()
    if child.returncode:
        said = errors.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
        raise RuntimeError(f"failed ({child.returncode}): {said[-1].strip()[:80]}")
    return Measured(seconds, busy() - before, peak / 1e6, output.decode("utf-8", "replace"))


def write_table(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Put a table between the markers <!-- name --> and <!-- /name --> of bench/README.md."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    page = README.read_text(encoding="utf-8")
    before, after = page[: page.index(begin)], page[page.index(end) :]
    README.write_text(before + "\n".join([begin, *lines]) + "\n" + after, encoding="utf-8")
