"""What is wrong with an expression, in words that quote no data."""

from warehouse.errors import AgpError


class ExpressionError(AgpError):
    """An expression that may not run, or that failed when it ran.

    `column` counts from 1 in its text; `batch` and `index` say which of several it is, and index
    None that they failed together only.
    """

    def __init__(
        self, reason: str, index: int | None = None, batch: int = 0, column: int | None = None
    ) -> None:
        """Keep the parts of the message apart."""
        super().__init__(reason)
        self.reason = reason
        self.index = index
        self.batch = batch
        self.column = column
