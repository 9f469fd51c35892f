"""The `agp` command: one group assembled from each package, each part imported when it is used."""

import difflib
import importlib
from collections.abc import Iterator

import click

from agp.command_table import COMMANDS, GROUPS


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def __init__(self, prefix: str = "", **attributes: object) -> None:
        """Hold the commands whose full name begins with `prefix` (empty, or a word and a space)."""
        super().__init__(**attributes)  # type: ignore[arg-type]
        self.prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a day's work."""
        return list(self.lines())

    def lines(self) -> dict[str, str]:
        """Return name -> line of help for each command of this group, importing none."""
        lines: dict[str, str] = {}
        for full, (_, line) in COMMANDS.items():
            if full.startswith(self.prefix):
                first, _, rest = full[len(self.prefix) :].partition(" ")
                lines[first] = GROUPS[first] if rest else line
        return lines

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or make the group of that name."""
        full = self.prefix + cmd_name
        if full in COMMANDS:
            module, attribute = COMMANDS[full][0].split(":")
            return getattr(importlib.import_module(module), attribute)
        if not self.prefix and any(name.startswith(full + " ") for name in COMMANDS):
            return LazyGroup(f"{full} ", name=cmd_name, help=GROUPS[cmd_name])
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; where it is mistyped, name those that are near."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], self.lines(), n=2)
            if near and "Did you mean" not in error.message:
                meant = " or ".join(self.prefix + n for n in near)
                raise click.UsageError(f"{error.message} Did you mean {meant}?", ctx) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lines().items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="agp")
def main() -> None:
    """Four training datasets from your history with coding agents, and a small trainer for them."""


def walk(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below a group with its full name."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from walk(command, (*path, name))
        elif command:
            yield " ".join((*path, name)), command
