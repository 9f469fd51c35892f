"""Where Python functions run: a process of their own, each function under a limit of time.

A job comes as JSON on standard input; one JSON line a function goes to standard output when it
begins, and one with its votes, or with what was wrong, when it ends. What a function prints goes
nowhere.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from labelers.load import python_functions
from labelers.python_function import PythonFunction, Vote

STUCK = 98  # exit status: a function held the process beyond its time


class TooSlow(Exception):
    """A function used up its time."""


def too_slow(number: int, frame: FrameType | None) -> None:
    """End a function from inside; a signal runs this."""
    raise TooSlow


def refused(vote: object, labels: tuple[str, ...]) -> str | None:
    """Return what is wrong with what a function returned."""
    if not isinstance(vote, Vote):
        return f"it returned a {type(vote).__name__}; a Vote or None is wanted"
    if vote.label not in labels:
        return f"it voted the label {str(vote.label)[:40]!r}, which it does not declare"
    if not (isinstance(vote.confidence, int | float) and 0 < vote.confidence <= 1):
        return "its confidence is not above 0 and at most 1"
    return None


def votes_of(function: PythonFunction, rows: pa.Table) -> dict[str, Any]:
    """Return a function's votes on all rows, as (row number, label, holds, confidence)."""
    votes: list[tuple[int, str, bool, float]] = []
    wanted = rows.select(["row_number", *function.reads])
    for batch in wanted.to_batches(max_chunksize=1_000):
        for row in batch.to_pylist():
            number = row.pop("row_number")
            vote = function.call(SimpleNamespace(**row))
            if vote is None:
                continue
            if wrong := refused(vote, function.labels):
                return {"problem": wrong}
            votes.append((number, vote.label, bool(vote.holds), float(vote.confidence)))
    return {"votes": votes}


def limited(function: PythonFunction, rows: pa.Table, seconds: float) -> dict[str, Any]:
    """Run a function; errors are told by their type, since their text may quote the rows."""
    watch = threading.Timer(seconds + 2, os._exit, (STUCK,))
    watch.daemon = True
    watch.start()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return votes_of(function, rows)
    except TooSlow:
        return {"problem": f"it did not end within {seconds:.0f} seconds"}
    except Exception as error:
        return {"problem": f"it raised {type(error).__name__} on some row"}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        watch.cancel()


def main() -> None:
    """Do one job: the functions it names, in order."""
    out: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    signal.signal(signal.SIGALRM, too_slow)
    job = orjson.loads(sys.stdin.buffer.read())
    rows = pa.ipc.open_file(pa.memory_map(job["rows"])).read_all()
    for path, names in job["files"]:
        made = {function.id: function for function in python_functions(Path(path))}
        for name in names:
            say(out, {"begin": name})
            say(out, {"end": name} | limited(made[name], rows, job["seconds"]))


def say(out: BinaryIO, event: dict[str, Any]) -> None:
    """Write one line, at once."""
    out.write(orjson.dumps(event) + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
