"""What `--help` says of every command: it fits, it has examples that parse, no option is silent."""

import re
import shlex
from collections.abc import Iterator

import click
from click.testing import CliRunner

from agp.cli import main, walk

COMMANDS = dict(walk(main))


def help_of(name: str) -> str:
    """Return a command's help on a terminal of eighty columns."""
    return CliRunner().invoke(main, [*name.split(), "--help"], terminal_width=80).output


def examples(shown: str) -> Iterator[list[str]]:
    """Yield the words of each example, without comments and what is piped in or out."""
    for text in re.findall(r"^ +(?:printf .*\| )?agp (.*)$", shown, re.MULTILINE):
        words = shlex.split(text, comments=True)
        end = min((words.index(mark) for mark in ("<", ">", "|") if mark in words), default=None)
        yield words[:end]


def test_every_help_fits_eighty_columns_and_says_what_each_option_is():
    for name, command in COMMANDS.items():
        assert [line for line in help_of(name).splitlines() if len(line) > 80] == [], name
        silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
        assert silent == [], name


def test_every_example_has_options_that_there_are():
    for name in COMMANDS:
        found = [
            words for words in examples(help_of(name)) if words[: len(name.split())] == name.split()
        ]
        assert found, f"{name} has no example"
        for words in found:
            command = COMMANDS[name]
            given = words[len(name.split()) :]
            command.make_parser(click.Context(command)).parse_args(given)
