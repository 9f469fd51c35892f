"""The house itself: packages are ours, the command line is lazy, every command has help."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from agp.cli import main, walk

ROOT = Path(__file__).parent.parent
PACKAGES = ["agp", "warehouse", "lanes", "filters", "labelers", "train"]


@pytest.mark.parametrize("name", PACKAGES)
def test_package_is_ours(name):
    assert Path(str(importlib.import_module(name).__file__)).is_relative_to(ROOT)


def test_every_command_has_help_with_an_example():
    for name, command in walk(main):
        assert command.help, name
        assert "agp " + name in command.help, f"`agp {name} --help` shows no example of itself"


def test_help_imports_nothing_heavy():
    code = (
        "import sys, agp.cli; print([m for m in ('mlx', 'supabase', 'duckdb') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_no_file_names_the_host_of_a_registry():
    """Packages come by name, from wherever this machine's clients are told to look."""
    hosts = ("pypi/org", "files/pythonhosted", "registry/npmjs", "registry/yarnpkg", "rubygems/org")
    named = "|".join(host.replace("/", "\\.") for host in hosts)
    found = subprocess.run(
        ["git", "grep", "-nIE", named], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (1, ""), found.stdout or found.stderr
