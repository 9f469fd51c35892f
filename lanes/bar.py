"""A progress bar of exchanges."""

import sys


class Bar:
    """A progress bar on standard error that learns its total while it runs."""

    def __init__(self, label: str) -> None:
        """Make the bar; nothing shows before it is entered."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=Console(file=sys.stderr), transient=True)
        self.task = self.progress.add_task(label, total=None)

    def __enter__(self) -> "Bar":
        """Show the bar."""
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self.progress.stop()

    def __call__(self, done: int, total: int) -> None:
        """Note that so many more are done."""
        self.progress.update(self.task, advance=done, total=total)
