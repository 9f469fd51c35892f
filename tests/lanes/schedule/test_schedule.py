"""`agp schedule`: files that systemd and launchd take, and what they are told."""

import configparser
import json
import plistlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lanes.schedule import units


@pytest.fixture
def system(home, monkeypatch, tmp_path):
    """Return a function that puts a `systemctl` or `launchctl` in the way; it notes its calls."""
    calls, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()

    def stand_in(kind: str, code: int = 0) -> Path:
        for name in ("systemctl", "launchctl"):
            script = folder / name
            script.write_text(
                f'#!/bin/sh\necho {name} "$@" >> {calls}\necho no bus >&2\nexit {code}\n'
            )
            script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setattr(sys, "platform", "darwin" if kind == "launchd" else "linux")
        return calls

    return stand_in


@pytest.mark.parametrize("hours, at", [("6", "00/6"), ("24", "00")])
def test_a_unit_that_systemd_reads(home, agp, monkeypatch, hours, at):
    odd = str(home / 'a b"\\%n$HOME')
    monkeypatch.setenv("AGP_HOME", odd)
    files = json.loads(
        agp("schedule", "show", "--kind", "systemd", "--every", hours, "--json").stdout
    )["files"]
    assert {Path(path).name for path in files} == {"agp-ingest.service", "agp-ingest.timer"}
    parsed = configparser.RawConfigParser(strict=True)
    parsed.optionxform = str  # type: ignore[method-assign]
    for path, text in files.items():
        parsed.read_string(text)
        (home / Path(path).name).write_text(text)
    (command,) = [shlex.split(parsed["Service"]["ExecStart"])]
    assert command[0] == sys.executable and command[-3:] == ["agp", "ingest", "--json"]
    given = shlex.split(parsed["Service"]["Environment"].replace("%%", "%").replace("$$", "$"))
    assert given == [f"AGP_HOME={odd}"]
    assert parsed["Timer"]["OnCalendar"] == f"*-*-* {at}:17:00"
    if analyze := shutil.which("systemd-analyze"):
        names = [str(home / Path(path).name) for path in files]
        done = subprocess.run([analyze, "verify", "--user", *names], capture_output=True, text=True)
        assert not [line for line in done.stderr.splitlines() if "agp-ingest" in line], done.stderr


def test_an_agent_that_launchd_reads(home, agp):
    found = agp("schedule", "show", "--kind", "launchd", "--every", "2", "--json")
    ((path, text),) = json.loads(found.stdout)["files"].items()
    agent = plistlib.loads(text.encode())
    assert path.endswith("Library/LaunchAgents/dev.agp.ingest.plist")
    assert agent["StartInterval"] == 7200 and agent["ProgramArguments"][0] == sys.executable
    assert agent["EnvironmentVariables"] == {"AGP_HOME": str(home / ".agp")}


def test_the_command_of_a_timer_runs(home, claude_tree, rows):
    claude_tree().person("Water the roses")
    done = subprocess.run(units.command(), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["new"]["prompts"] == 1


def test_installed_and_removed_again(system, agp, home):
    calls = system("systemd")
    assert "every 4 hours" in agp("schedule", "install", "--every", "4").stdout
    folder = home / ".config/systemd/user"
    assert "00/4" in (folder / "agp-ingest.timer").read_text()
    agp("schedule", "install", "--every", "1")
    assert json.loads(agp("schedule", "show", "--json").stdout)["installed"].endswith(".timer")
    assert "agp-ingest.timer" in agp("schedule", "remove").stdout
    assert not list(folder.iterdir())
    assert "no timer" in agp("schedule", "remove").stdout
    said = calls.read_text().splitlines()
    assert said[:2] == ["systemctl --user daemon-reload", f"systemctl --user enable --now {TIMER}"]
    assert said[-2:] == [f"systemctl --user disable --now {TIMER}", said[0]]


TIMER = "agp-ingest.timer"


def test_installed_on_a_mac(system, agp, home):
    calls = system("launchd")
    agp("schedule", "install")
    agp("schedule", "install", "--every", "1")
    plist = home / "Library/LaunchAgents/dev.agp.ingest.plist"
    assert plistlib.loads(plist.read_bytes())["RunAtLoad"]
    agp("schedule", "remove")
    assert not plist.exists()
    first, *again, last = calls.read_text().splitlines()
    assert [line.split()[1] for line in again] == ["bootout", "bootstrap"]
    assert first.startswith("launchctl bootstrap gui/") and first.endswith(str(plist))
    assert last.startswith("launchctl bootout gui/") and last.endswith("/dev.agp.ingest")


def test_a_system_that_does_not_answer(system, agp, home, monkeypatch):
    system("systemd", code=1)
    assert "failed (no bus)" in agp("schedule", "install", exit_code=2).stderr
    agp("schedule", "remove")
    monkeypatch.setenv("PATH", "/nowhere")
    assert "has no systemctl" in agp("schedule", "install", exit_code=2).stderr
    assert not (home / ".config/systemd/user/agp-ingest.timer").exists()
    agp("schedule", "install", "--files-only")
    assert (home / ".config/systemd/user/agp-ingest.timer").exists()


def test_no_key_and_no_line_break_is_handed_on(agp, monkeypatch):
    monkeypatch.setenv("SUPABASE_KEY", "sb-secret")
    assert "sb-secret" not in agp("schedule", "show").stdout
    said = agp("schedule", "install", "--files-only").stdout
    assert "handed no keys" in said and "supabase.env" in said and "sb-secret" not in said
    monkeypatch.setenv("CODEX_HOME", "/a\nExecStart=/bin/false")
    assert "CODEX_HOME" in agp("schedule", "show", exit_code=2).stderr
