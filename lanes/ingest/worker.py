"""Parsing in processes of its own, so that it runs while the warehouse takes in what came before.

The parent sends the jobs on the child's standard input and reads frames from its standard output:
pickles whose large buffers (the columns) travel beside them, uncopied.
"""

import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from lanes.ingest.light import import_arrow, without
from lanes.ingest.plan import Job
from warehouse.errors import AgpError

AHEAD = 1  # batches read from the child while one is being inserted
# Freed memory goes back to the system at once, since a batch is large and soon gone.
SYSTEM = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_MMAP_THRESHOLD_": str(256 << 10)}


def main() -> None:
    """Parse the jobs given on standard input and write batches to standard output."""
    with without("numpy", "pandas"):
        import_arrow()
    from lanes.ingest.parse import parse

    out = sys.stdout.buffer
    with suppress(BrokenPipeError):  # the parent is gone, and with it the need for more
        for batch in parse(pickle.load(sys.stdin.buffer)):
            write_frame(out, batch)
            del batch  # or it would be held while the next one grows
        write_frame(out, None)


def write_frame(out: BinaryIO, value: Any) -> None:
    """Write a value: lengths, its pickle, its buffers."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    sizes = [len(head), *(view.nbytes for view in raw)]
    out.write(struct.pack(f"<Q{len(sizes)}Q", len(sizes), *sizes))
    out.write(head)
    for view in raw:
        out.write(view)
    out.flush()


def read_frame(source: BinaryIO) -> Any:
    """Read a value that `write_frame` wrote; EOFError where the writer died."""
    (count,) = struct.unpack("<Q", exactly(source, 8))
    sizes = struct.unpack(f"<{count}Q", exactly(source, 8 * count))
    head, *buffers = [exactly(source, size) for size in sizes]
    return pickle.loads(head, buffers=buffers)


def exactly(source: BinaryIO, size: int) -> bytearray:
    """Read exactly so many bytes."""
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        got = source.readinto(view[at:])  # pyright: ignore[reportAttributeAccessIssue]
        if not got:
            raise EOFError
        at += got
    return data


class Worker:
    """A running child and the thread that takes its batches into a queue."""

    def __init__(self, frames: "queue.Queue[Any]") -> None:
        """Start it now, so that it imports while the parent opens the warehouse."""
        command = [sys.executable, "-P", "-m", "lanes.ingest.worker"]
        pipe, env = subprocess.PIPE, os.environ | SYSTEM
        # A group of its own: Ctrl-C is the parent's to hear, which ends this, imports or not.
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=env, process_group=0)
        self.frames = frames
        self.room = threading.Semaphore(AHEAD)  # taken before a batch is read, so none waits twice

    def begin(self, jobs: list[Job]) -> None:
        """Give it its jobs."""
        assert self.process.stdin
        pickle.dump(jobs, self.process.stdin, protocol=5)
        self.process.stdin.close()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        try:
            while True:
                self.room.acquire()
                frame = read_frame(self.process.stdout)  # pyright: ignore[reportArgumentType]
                self.frames.put((self, frame))
                if frame is None:
                    return
                del frame
        except (EOFError, OSError, ValueError) as error:
            self.frames.put((self, error))

    def stop(self) -> None:
        """End the child, whatever it is doing."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe and not pipe.closed:
                pipe.close()
        self.process.wait()


class Workers:
    """Some children that share the work; their batches come as they are ready."""

    def __init__(self, count: int = 1) -> None:
        """Start them."""
        self.frames: queue.Queue[Any] = queue.Queue()
        self.all = [Worker(self.frames) for _ in range(count)]

    def batches(self, jobs: list[Job]) -> Iterator[Any]:
        """Deal out the jobs and yield batches."""
        for worker, share in zip(self.all, deal(jobs, len(self.all)), strict=True):
            worker.begin(share)
        busy = len(self.all)
        while busy:
            worker, batch = self.frames.get()
            if isinstance(batch, BaseException):
                raise AgpError("a parsing process ended early; run `agp ingest` again") from batch
            if batch is None:
                busy -= 1
                continue
            worker.room.release()
            yield batch
            del batch

    def stop(self) -> None:
        """End them all."""
        for worker in self.all:
            worker.stop()


def deal(jobs: list[Job], hands: int) -> list[list[Job]]:
    """Share out jobs so that each hand has about as many bytes to read: the largest goes first.

    >>> from lanes.ingest.plan import Job
    >>> jobs = [Job(None, True, size=size) for size in (1, 5, 2, 3)]
    >>> [[job.size for job in hand] for hand in deal(jobs, 2)]
    [[5, 1], [3, 2]]
    """
    dealt: list[list[Job]] = [[] for _ in range(hands)]
    bytes_of = [0] * hands
    for job in sorted(jobs, key=lambda job: -job.size):
        least = bytes_of.index(min(bytes_of))
        dealt[least].append(job)
        bytes_of[least] += job.size
    return dealt


if __name__ == "__main__":
    main()
