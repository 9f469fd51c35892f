"""Ctrl-C that always reaches a running query: work in, its result or KeyboardInterrupt out.

DuckDB loses a SIGINT in about one query of three (2.0.1), and the query goes on. So the query runs
in a thread, while the main thread waits and, once Ctrl-C comes, interrupts until it has stopped.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import duckdb

T = TypeVar("T")
WAIT, AGAIN = 0.2, 0.05  # seconds


def interruptible(con: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """Return `work()`, which uses `con`; raise what it raises, or KeyboardInterrupt on Ctrl-C.

    >>> interruptible(duckdb.connect(), lambda: 1 + 1)
    2
    """
    future: Future[T] = Future()
    ended = threading.Event()
    threading.Thread(target=_run, args=(work, future, ended), daemon=True).start()
    try:
        while not ended.wait(WAIT):  # a wait without end would not see Ctrl-C on every platform
            pass
    except KeyboardInterrupt:
        while not ended.wait(AGAIN):
            con.interrupt()
        raise
    return future.result()


def _run(work: Callable[[], T], future: "Future[T]", ended: threading.Event) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
    finally:
        ended.set()
