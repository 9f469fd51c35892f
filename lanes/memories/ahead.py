"""Reading ahead: an iterator in, the same values out, the next of which is fetched meanwhile."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(values: Iterable[T], cancel: Callable[[], None] = lambda: None) -> Iterator[T]:
    """Yield values, each fetched by a thread while the one before is in use.

    Whoever stops early calls `cancel`, which should end the fetch in progress.

    >>> list(ahead(iter([1, 2, 3])))
    [1, 2, 3]
    """
    stream, end = iter(values), object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, stream, end)
        try:
            while (value := coming.result()) is not end:
                coming = thread.submit(next, stream, end)
                yield value  # pyright: ignore[reportReturnType]
        finally:
            if not coming.done():
                cancel()
