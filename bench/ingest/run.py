"""`agp ingest` against the floor and against its nearest peers: one run, one table.

    python -m bench.ingest.run --generator gen_transcripts.py --corpus FOLDER

The floor reads every line, hashes it and parses it with orjson, and keeps nothing. Each peer, and
agp too, is installed from its package into an environment of its own below bench/out. The table
goes between the markers of bench/README.md. AGP_GENERATOR and AGP_CORPUS serve as defaults; without
a generator a small tree of plain records stands in.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.measure import Measured, write_table
from bench.measure import measure as measured

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "bench" / "out" / "ingest"
HEAD = ["input", "tool", "seconds", "CPU s", "MB/s", "peak MB", "store / source"]
FLOOR = """
import hashlib, os, sys, orjson
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".jsonl"):
            whole = hashlib.sha256()
            with open(os.path.join(folder, name), "rb") as file:
                for line in file:
                    whole.update(line)
                    try:
                        orjson.loads(line)
                    except ValueError:
                        pass
"""
# name -> (packages, Python, command; {home} and {store} are filled in)
TOOLS = {
    "floor": (["orjson"], "3.11", ["python", "-c", FLOOR, "{home}/.claude/projects"]),
    "agp": (
        ["duckdb", "pyarrow", "orjson", "rich", "click", "numpy"],
        "3.11",
        ["agp", "ingest", "{home}/.claude"],
    ),
    "agent-session-analytics": (
        ["agent-session-analytics", "duckdb-cli"],
        "3.11",
        ["agent-session-analytics", "ingest", "--force"],
    ),
    "ccq": (
        ["ccq"],
        "3.13",
        ["ccq", "--projects-dir", "{home}/.claude/projects", "cache", "build"],
    ),
    "dataclaw": (
        ["dataclaw"],
        "3.11",
        ["dataclaw", "export", "--source", "claude", "--all-projects", "--no-push"],
    ),
}


def install(name: str) -> Path:
    """Install a tool into an environment of its own and return the folder of its commands."""
    packages, python, _ = TOOLS[name]
    folder = OUT / "venv" / name
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    if not folder.exists():
        subprocess.run([uv, "venv", "-q", "--python", python, folder], check=True)
    env = os.environ | {"VIRTUAL_ENV": str(folder)}
    install = [uv, "pip", "install", "-q", "--compile-bytecode"]
    subprocess.run([*install, *packages], check=True, env=env)
    if name == "agp":
        subprocess.run([*install, "--no-deps", "--reinstall", str(ROOT)], check=True, env=env)
    return folder / "bin"


def run(name: str, binaries: Path, home: Path, store: Path) -> Measured:
    """Run a tool once."""
    first, *rest = [part.format(home=home, store=store) for part in TOOLS[name][2]]
    env = {"PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8"}
    env |= {"AGP_HOME": str(store), "SESSIONS_DB": str(store / "sessions.duckdb")}
    env |= {
        "XDG_CACHE_HOME": str(store),
        "XDG_DATA_HOME": str(store),
        "XDG_CONFIG_HOME": str(store),
    }
    return measured([binaries / first, *rest], env, store)


def size(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def measure(label: str, home: Path, names: list[str], repeat: int) -> list[list[str]]:
    """Measure tools on one tree; the best of several runs, the first of which warms the cache."""
    source, rows = size(home / ".claude" / "projects"), []
    for name in names:
        store = OUT / "store" / name
        seconds, cpu, peak, ratio = float("inf"), float("inf"), 0.0, ""
        try:
            binaries = install(name)
            for _ in range(repeat):
                shutil.rmtree(store, ignore_errors=True)
                store.mkdir(parents=True)
                took = run(name, binaries, home, store)
                seconds, cpu = min(seconds, took.seconds), min(cpu, took.processor)
                peak = max(peak, took.peak)
                ratio = f"{size(store) / source:.2f}" if name != "floor" else ""
        except (RuntimeError, subprocess.CalledProcessError) as error:
            rows.append([label, name, str(error).replace("|", "/"), "", "", "", ""])
            continue
        speed = f"{source / 1e6 / seconds:.0f}"
        rows.append([label, name, f"{seconds:.2f}", f"{cpu:.2f}", speed, f"{peak:.0f}", ratio])
        if name == "agp":
            took = run(name, binaries, home, store)
            again = [f"{took.seconds:.2f}", f"{took.processor:.2f}", "", f"{took.peak:.0f}", ""]
            rows.append([label, "agp, nothing new", *again])
        print("\t".join(rows[-1]), flush=True)
    return rows


def plain(home: Path, mb: int) -> None:
    """Write a small tree of plain records, where no generator is at hand."""
    folder = home / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    for number in range(mb):
        with (folder / f"{number:08d}.jsonl").open("w") as file:
            for i in range(500):
                message = {"role": "user", "content": f"record {i} " + "some words " * 180}
                record = {"type": "user", "uuid": f"{number}-{i}", "message": message}
                file.write(json.dumps(record) + "\n")


def tree(name: str, generator: str | None, *options: str) -> Path:
    """Return a home that holds a generated tree; made once."""
    home = OUT / "tree" / name
    if not home.exists():
        if generator:
            target = home / ".claude"
            target.mkdir(parents=True)
            command = [sys.executable, generator, str(target), *options]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        else:
            plain(home, 20)
    return home


def real(folder: str) -> Path:
    """Return a home that holds the Claude transcripts below a folder, each a session of its own."""
    home = OUT / "tree" / "corpus"
    if not home.exists():
        files = sorted(Path(folder).rglob("*.jsonl"))
        for number, path in enumerate(f for f in files if not f.name.startswith("rollout-")):
            target = home / ".claude" / "projects" / f"p{number:04d}" / path.name
            target.parent.mkdir(parents=True)
            shutil.copy(path, target)
    return home


def main() -> None:
    """Measure every tool on every tree."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--generator", default=os.environ.get("AGP_GENERATOR"))
    options.add_argument("--corpus", default=os.environ.get("AGP_CORPUS"))
    options.add_argument("--repeat", type=int, default=2)
    options.add_argument("--large", action="store_true", help="also 1,000 MB, for memory")
    given = options.parse_args()
    trees = [("100 MB, 40 broken lines", "mb100", ("--mb", "100", "--malformed", "40"))]
    trees += [("images and forks", "images", ("--mb", "20", "--images", "300", "--forks", "20"))]
    homes = [(label, tree(name, given.generator, *opts)) for label, name, opts in trees]
    if given.corpus:
        homes.append(("real transcripts", real(given.corpus)))
    rows = [row for label, home in homes for row in measure(label, home, list(TOOLS), given.repeat)]
    if given.large:
        home = tree("mb1000", given.generator, "--mb", "1000", "--files", "400")
        rows += measure("1,000 MB", home, ["floor", "agp"], 1)
    write_table("ingest", HEAD, rows)


if __name__ == "__main__":
    main()
