"""Following a history live: looks at the files every few seconds, ingests when one has changed.

Between two rounds nothing is open, so every other command may use the warehouse meanwhile.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lanes.ingest.plan import SETTLED
from lanes.ingest.run import Summary, ingest
from lanes.sources.discover import discover
from warehouse.errors import AgpError

State = dict[str, tuple[int, int]]


def watch(
    paths: Iterable[str | Path],
    seconds: float,
    told: Callable[[Summary], None],
    trouble: Callable[[str], None],
) -> None:
    """Ingest whenever a file changed, until Ctrl-C or a polite kill; `told` hears of each round.

    What one round cannot do (another process holds the warehouse, the disk is full) is said once
    to `trouble` and tried again in the next.
    """
    places, seen, said, last = list(paths), None, "", 0.0
    state(places)  # a place that is not there is an error now, and may come back later
    with ending() as ended, suppress(KeyboardInterrupt):
        while not ended.is_set():
            try:
                now = state(places)
                if now != seen or time.monotonic() - last > SETTLED:
                    told(ingest(places))
                    seen, last = now, time.monotonic()
                said = ""
            except AgpError as error:
                if error.message != said:
                    trouble(error.message)
                said = error.message
            ended.wait(seconds)


def state(paths: Iterable[str | Path]) -> State:
    """Return size and time of every file that an ingest would look at; opens none of them."""
    found = discover(paths).files
    return {file.path: (stat.st_size, stat.st_mtime_ns) for file, stat in found}


@contextmanager
def ending() -> Iterator[threading.Event]:
    """Give what is set when the process is asked to end; a round that runs is ended by Ctrl-C."""
    asked = threading.Event()

    def end(number: int, frame: object) -> None:
        asked.set()
        raise KeyboardInterrupt

    before = {n: signal.signal(n, end) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
