"""What is wrong with an expression, in words that quote no data."""

from warehouse.errors import AgpError


class ExpressionError(AgpError):
    """An expression that may not run, or that failed when it ran; `index` says which one."""

    def __init__(self, reason: str, index: int = 0, column: int | None = None) -> None:
        """Keep the parts of the message apart: `column` counts from 1."""
        super().__init__(reason)
        self.reason = reason
        self.index = index
        self.column = column
