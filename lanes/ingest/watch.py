"""Following a history live: looks at the files every few seconds, ingests when one has changed.

Memory tables, which nobody tells of a change, are asked every few minutes. Between two rounds
nothing is open, so every other command may use the warehouse meanwhile.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lanes.ingest.plan import SETTLED
from lanes.ingest.run import Summary, ingest
from lanes.memories.ingest import Memories
from lanes.sources.discover import discover
from warehouse.errors import AgpError

TABLES_EVERY = 300.0  # seconds between two looks at memory tables
State = dict[str, tuple[int, int]]


def watch(
    paths: Iterable[str | Path] | None,
    seconds: float,
    told: Callable[[Summary], None],
    trouble: Callable[[str], None],
    tables: Callable[[], Memories | None] = lambda: None,
) -> None:
    """Ingest whenever a file changed, until Ctrl-C or a polite kill; `told` hears of each round.

    `tables` gives the memory tables that are read as well; without paths (None) they are all. What
    one round cannot do (another process holds the warehouse, the disk is full, a project does not
    answer) is said once to `trouble` and tried again in the next.
    """
    places = None if paths is None else list(paths)
    follower = Follower(places, told, trouble, tables)
    state(places)  # a place that is not there is an error now, and may come back later
    with ending() as ended, suppress(KeyboardInterrupt):
        while not ended.is_set():
            follower.round()
            ended.wait(seconds)


@dataclass
class Follower:
    """What is remembered from one round to the next."""

    places: list[str | Path] | None
    told: Callable[[Summary], None]
    trouble: Callable[[str], None]
    tables: Callable[[], Memories | None]
    seen: State | None = None
    read: float = 0.0  # when files were last read
    asked: float | None = None  # when tables were last asked
    said: dict[str, str] = field(default_factory=dict)

    def round(self) -> None:
        """Look, and ingest what is new; say what stands in the way."""
        try:
            self.look()
            self.say("round", "")
        except AgpError as error:
            self.say("round", error.message)

    def look(self) -> None:
        """Ingest where a file changed, or where it is time for the tables."""
        now, memories = state(self.places), self.due()
        changed = now != self.seen or time.monotonic() - self.read > SETTLED
        if memories or (changed and self.places is not None):
            self.told(ingest(self.places or (), memories=memories))
            self.seen, self.read = now, time.monotonic()
        if memories:
            self.say("tables", memories.failed.message if memories.failed else "")

    def due(self) -> Memories | None:
        """Return the memory tables to read in this round."""
        if self.asked is not None and time.monotonic() - self.asked < TABLES_EVERY:
            return None
        self.asked = time.monotonic()
        try:
            return self.tables()
        except AgpError as error:
            self.say("tables", error.message)
            return None

    def say(self, about: str, what: str) -> None:
        """Say what stands in the way, once."""
        if what and what != self.said.get(about):
            self.trouble(what)
        self.said[about] = what


def state(paths: Iterable[str | Path] | None) -> State:
    """Return size and time of every file that an ingest would look at; opens none of them."""
    if paths is None:
        return {}
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
