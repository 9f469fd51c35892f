"""Imports that an ingest does without, since each costs as much as parsing megabytes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any


class Absent(MetaPathFinder):
    """Says of some packages that they are not installed."""

    def __init__(self, *names: str) -> None:
        """Name them."""
        self.names = names

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:  # noqa: D102
        if fullname in self.names:
            raise ModuleNotFoundError(fullname, name=fullname)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Import in here as if these were not installed (those that are imported already stay).

    >>> with without("json.tool"):
    ...     import json.tool
    Traceback (most recent call last):
    ModuleNotFoundError: json.tool
    """
    absent = Absent(*names)
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


def import_arrow() -> None:
    """Import pyarrow and make its first array, at which it would import pandas for half a second.

    Arrow tables of this process cannot become pandas frames afterwards; nothing here makes any.
    """
    with without("pandas"):
        import pyarrow as pa

        pa.array([0])
