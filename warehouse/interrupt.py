"""Ctrl-C that always reaches a running query: work in, its result or KeyboardInterrupt out.

DuckDB loses a SIGINT in about one query of three (2.0.1), and the query goes on. So the work runs
in a thread, while the main thread waits and, once Ctrl-C comes, stops it: its query by interrupting
until it has ended, its Python by raising KeyboardInterrupt there.
"""

import ctypes
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import duckdb

from warehouse.store import open_reader, open_writer

T = TypeVar("T")
Work = Callable[[duckdb.DuckDBPyConnection], T]
WAIT, AGAIN = 0.2, 0.05  # seconds


def read(work: Work[T]) -> T:
    """Return `work(con)` on a reader of the warehouse; Ctrl-C always ends it."""
    with open_reader() as con:
        return interruptible(con, lambda: work(con))


def write(work: Work[T]) -> T:
    """Return `work(con)` on a writer of a warehouse that is there; Ctrl-C always ends it."""
    with open_writer(create=False) as con:
        return interruptible(con, lambda: work(con))


def interruptible(con: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """Return `work()`, which uses `con`; raise what it raises, or KeyboardInterrupt on Ctrl-C.

    >>> interruptible(duckdb.connect(), lambda: 1 + 1)
    2
    """
    future: Future[T] = Future()
    ended = threading.Event()
    thread = threading.Thread(target=_run, args=(work, future, ended), daemon=True)
    thread.start()
    try:
        while not ended.wait(WAIT):  # a wait without end would not see Ctrl-C on every platform
            pass
    except KeyboardInterrupt:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(KeyboardInterrupt)
        )
        while thread.is_alive() and not ended.wait(AGAIN):
            con.interrupt()
        raise
    return future.result()


def _run(work: Callable[[], T], future: "Future[T]", ended: threading.Event) -> None:
    try:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)
    except KeyboardInterrupt:  # it came when the work had ended
        pass
    finally:
        ended.set()
