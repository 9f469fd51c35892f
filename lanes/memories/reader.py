"""What reads memory tables: the same few questions, whichever way they go."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from lanes.memories.keyset import Row


class NoTable(Exception):
    """The project has no table of this name, or the key may not see it."""


class Reader(Protocol):
    """A way to the tables. Every method may raise AgpError, and NoTable where that is so."""

    def columns(self, table: str, wanted: Sequence[str]) -> set[str]:
        """Return which of these columns a table has."""
        ...

    def pages(
        self, table: str, order: Sequence[str], after: Sequence[Any], null: str | None = None
    ) -> Iterator[list[Row]]:
        """Yield all rows after the given values, in order, page by page.

        Rows whose first column of `order` is null do not come, but those whose column `null` is,
        and only they, where one is named.
        """
        ...

    def keys(self, table: str, key: Sequence[str]) -> Iterator[list[Row]]:
        """Yield the keys of all rows, page by page."""
        ...

    def rows(self, table: str, key: Sequence[str], keys: Sequence[Sequence[Any]]) -> list[Row]:
        """Return the rows of these keys."""
        ...

    def count(self, table: str, key: Sequence[str]) -> int:
        """Return how many rows a table has."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
