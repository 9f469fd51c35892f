"""A capture that is killed anywhere and begun again has the very bytes of one that was not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from train.harness.packs import Message, Prompt, write_pack

# Die without a word at call number N of a function; shards hold two prompts each.
KILL = """
import os, signal, sys
from importlib import import_module
from agp.cli import main
import train.harness.capture
train.harness.capture.PROMPTS = 2
module, name, number = sys.argv[1:4]
owner = import_module(module)
real, calls = getattr(owner, name), []
def dying(*args, **options):
    calls.append(name)
    if len(calls) == int(number):
        if name == "save_safetensors":
            open(args[0], "wb").write(b"half a file")
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **options)
if int(number):
    setattr(owner, name, dying)
main(sys.argv[4:])
"""
NOWHERE = ("mlx.core", "save_safetensors", 0)
PHASES = {
    "in the second shard": ("mlx.core", "save_safetensors", 2),
    "before a shard has its name": ("os", "replace", 3),
    "in a planted shard": ("mlx.core", "save_safetensors", 5),
    "while facts are written": ("train.harness.traces", "said", 4),
    "before the manifest": ("train.stages.runs", "write_json", 1),
    "before the warehouse knows": ("train.stages.captures", "register", 1),
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = []
    for i in range(6):
        turns = [("user", f"What is {i} + {i}?"), ("assistant", str(2 * i))]
        messages = [Message(role=role, content=text) for role, text in turns]
        split = ("heads", "calib")[i % 2]
        made.append(Prompt(id=f"p{i}", messages=messages, kind="chat", script="latin", split=split))
    folder = tmp_path_factory.mktemp("packs") / "pack"
    write_pack(folder, "sums", "a test", made)
    return folder


def capture(home: Path, pack: Path, die: tuple[str, str, int] = NOWHERE) -> int:
    """Run `agp train capture` in a process of its own; return how it ended."""
    args = ("train", "capture", "--pack", pack, "--layers", "2,6", "--length", "4", "--json")
    command = [sys.executable, "-c", KILL, *map(str, die), *map(str, args)]
    env = os.environ | {"AGP_HOME": str(home / ".agp")}
    return subprocess.run(command, capture_output=True, text=True, env=env).returncode


def content(home: Path) -> dict[str, Any]:
    """Return every file of the one capture in a home; of the manifest all but its time."""
    [folder] = (home / ".agp" / "captures").iterdir()
    found: dict[str, Any] = {p.name: p.read_bytes() for p in sorted(folder.iterdir())}
    made = json.loads(found.pop("manifest.json"))
    return found | {"manifest": {k: v for k, v in made.items() if k != "captured_at"}}


@pytest.fixture(scope="module")
def whole(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("whole")
    assert capture(home, pack) == 0
    return content(home)


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES)
def test_a_killed_capture_finishes_to_the_same_bytes(
    phase: str, pack: Path, whole: dict[str, Any], tmp_path: Path
):
    assert capture(tmp_path, pack, PHASES[phase]) == -9
    assert capture(tmp_path, pack) == 0
    assert content(tmp_path) == whole
    check = "select count(*) from captures; select count(distinct prompt_id) from trace_layers"
    for query, n in zip(check.split("; "), (1, 6), strict=True):
        done = subprocess.run(
            [sys.executable, "-m", "agp", "sql", "--csv", query],
            capture_output=True,
            text=True,
            env=os.environ | {"AGP_HOME": str(tmp_path / ".agp")},
        )
        assert done.stdout.split()[-1] == str(n), done.stderr
