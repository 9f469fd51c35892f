"""The one error people see: a line that says what is wrong and what to do, exit status 2."""

import click

from warehouse.printable import printable


class AgpError(click.ClickException):
    """Anything a person can mend. The command line prints it in one line and exits with 2.

    >>> AgpError("no such rule: x; `agp filters list` names them").exit_code
    2
    """

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Print the message on standard error, folded to one line."""
        click.echo("agp: " + printable(" ".join(self.format_message().split())), err=True)
