"""A process that helps to look: lists of texts on its standard input, what is found on its output.

Run by `hands`; it imports its engines first and says when it is ready.
"""

import os
import pickle
import queue
import sys
import threading
from contextlib import suppress
from typing import Any

from filters.secrets.finding import ALL, Look, looked_through
from filters.secrets.hands import Found, Texts, send
from warehouse.errors import AgpError


def main() -> None:
    """Look through what comes until the standard input ends."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no reply
    jobs: queue.SimpleQueue[tuple[int, Texts, tuple[Any, ...]]] = queue.SimpleQueue()
    threading.Thread(target=receive, args=(jobs,), daemon=True).start()
    looked_through([b"warm " * 20_000, b"up"], ALL)
    with suppress(BrokenPipeError):
        send(out, (-1, {}, ""))
        while True:
            number, texts, look = jobs.get()
            send(out, (number, *tried(texts, Look(*look))))


def receive(jobs: "queue.SimpleQueue[Any]") -> None:
    """Take lists as they come; where no more can, the parent is gone, and so is this."""
    while True:
        try:
            jobs.put(pickle.load(sys.stdin.buffer))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)


def tried(texts: Texts, look: Look) -> tuple[Found, str]:
    """Return what stands in a list, and what went wrong; an error's own text may quote a secret."""
    try:
        return looked_through(texts, look), ""
    except AgpError as error:
        return {}, str(error)
    except Exception as error:
        return {}, f"a detector failed ({type(error).__name__}), so nothing leaves"


if __name__ == "__main__":
    main()
