"""Processes that share the looking: lists of texts come in, what stands in each goes out, in order.

The lists are the same however many processes look through them, and so is what is found. A helper
begins once there is enough to look through, sits in a group of its own, so that Ctrl-C is the
parent's to hear, and ends itself as soon as its standard input does, whatever ended the parent.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from filters.secrets.finding import Look, looked_through
from filters.secrets.own import Span
from warehouse.errors import AgpError

ENOUGH = (
    8_000_000  # bytes, looked through by one process in about half the time a helper takes to begin
)
PROCESSES = 2
_AHEAD = 2  # lists that a helper has before it, so that it never waits for the next
_AGAIN = 0.1  # seconds after which a wait looks up, so that Ctrl-C ends it on every platform
_COMMAND = [sys.executable, "-P", "-m", "filters.secrets.helper"]
_ENDED = "a process that looks for secrets ended early, so nothing leaves; run this again"
Texts = Sequence[bytes]
Found = dict[int, list[Span]]


def send(out: Any, value: Any) -> None:
    """Write a value for the process at the other end."""
    pickle.dump(value, out, protocol=5)
    out.flush()


class Helper:
    """A process that looks through lists, and the thread that takes its replies."""

    def __init__(self, replies: "queue.SimpleQueue[Any]") -> None:
        """Start it; it says when it is ready."""
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(_COMMAND, stdin=pipe, stdout=pipe, process_group=0)
        self.asked = 0
        self.ready = False
        self.replies = replies
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def ask(self, number: int, texts: Texts, look: Look) -> None:
        """Give it a list; its reply comes with the number."""
        with suppress(BrokenPipeError):  # its thread tells of its end
            send(self.process.stdin, (number, texts, tuple(look)))
        self.asked += 1

    def _read(self) -> None:
        assert self.process.stdout
        try:
            while True:
                self.replies.put((self, *pickle.load(self.process.stdout)))
        except Exception:  # whatever it is, no reply will come
            self.replies.put((self, -1, {}, _ENDED))

    def stop(self) -> None:
        """End it, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self.thread.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            with suppress(BrokenPipeError):
                pipe.close()


class Team:
    """This process and its helpers, which begin when there is enough to do."""

    def __init__(self, helpers: int) -> None:
        """Take how many there may be; none is started yet."""
        self.count = helpers
        self.helpers: list[Helper] = []
        self.replies: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.seen = 0
        self.busy = threading.Lock()

    def begin(self) -> None:
        """Start the helpers, if they do not run."""
        if not self.helpers:
            self.helpers = [Helper(self.replies) for _ in range(self.count)]

    def wait(self) -> None:
        """Wait until every helper is ready; AgpError where one ends early."""
        while not all(helper.ready for helper in self.helpers):
            self.take(wait=True)

    def found(self, lists: Sequence[Texts], look: Look) -> list[Found]:
        """Return what stands in each list; AgpError where a helper ends early."""
        self.seen += sum(map(len, (text for texts in lists for text in texts)))
        if self.seen >= ENOUGH:
            self.begin()
        try:
            return self._shared(lists, look)
        except BaseException:
            self.stop()
            raise

    def _shared(self, lists: Sequence[Texts], look: Look) -> list[Found]:
        todo = deque(enumerate(lists))
        done: dict[int, Found] = {}
        while len(done) < len(lists):
            for helper in self.helpers:
                while helper.ready and helper.asked < _AHEAD and len(todo) > 1 + helper.asked:
                    helper.ask(*todo.popleft(), look)
            if todo:
                number, texts = todo.popleft()
                done[number] = looked_through(texts, look)
            while (reply := self.take(wait=not todo and len(done) < len(lists))) is not None:
                done |= reply
        return [done[i] for i in range(len(lists))]

    def take(self, wait: bool) -> dict[int, Found] | None:
        """Return one reply, by its number; None if there is none now."""
        try:
            helper, number, found, wrong = self.replies.get(wait, _AGAIN)
        except queue.Empty:
            return {} if wait else None
        if wrong:
            raise AgpError(wrong)
        helper.ready = True
        if number < 0:
            return {}
        helper.asked -= 1
        return {number: found}

    def stop(self) -> None:
        """End all helpers."""
        for helper in self.helpers:
            helper.stop()
        self.helpers, self.seen, self.replies = [], 0, queue.SimpleQueue()


_team: Team | None = None


@contextmanager
def many_hands(processes: int | None = None) -> Iterator[Team | None]:
    """Let so many processes (None: two, or one on one core) share what is looked through inside.

    Inside another nothing changes. What is found, and in which order, never depends on it.
    """
    global _team
    count = min(PROCESSES, cores()) if processes is None else processes
    if _team or count < 2:
        yield _team
        return
    _team = team = Team(count - 1)
    try:
        yield team
    finally:
        _team = None
        team.stop()


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def found_in(lists: Sequence[Texts], look: Look) -> list[Found]:
    """Return for each list of texts the spans of those that hold any, by their place in it."""
    team = _team
    if team and team.busy.acquire(blocking=False):
        try:
            return team.found(lists, look)
        finally:
            team.busy.release()
    return [looked_through(texts, look) for texts in lists]
