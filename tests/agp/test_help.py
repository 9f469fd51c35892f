"""What `--help` says of every command: it fits a terminal, and no option is silent."""

import click
from click.testing import CliRunner

from agp.cli import main, walk


def test_every_help_fits_eighty_columns_and_every_option_says_what_it_is():
    for name, command in walk(main):
        shown = CliRunner().invoke(main, [*name.split(), "--help"], terminal_width=80).output
        assert [line for line in shown.splitlines() if len(line) > 80] == [], name
        silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
        assert silent == [], name
