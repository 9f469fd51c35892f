"""Files to read in, batches of columns out. Touches no warehouse, so it runs in another process."""

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from lanes.ingest.buffers import Batch, Buffers
from lanes.ingest.plan import Job
from lanes.ingest.state import BLOCK, State, context_before, resumed

BATCH = 8 << 20  # bytes of a batch: a few large INSERTs are quicker than many small ones


def parse(jobs: Iterable[Job], batch_bytes: int = BATCH) -> Iterator[Batch]:
    """Read files and yield batches; what they hold in sum does not depend on `batch_bytes`."""
    buffers = Buffers(batch_bytes)
    for job in jobs:
        try:
            with open(job.file.path, "rb", buffering=BLOCK) as file:
                yield from read_file(job, file, buffers)
        except OSError as error:
            buffers.close()
            buffers.unreadable.append((job.file.path, error.strerror or str(error)))
    yield buffers.flush()


def read_file(job: Job, file: BinaryIO, buffers: "Buffers") -> Iterator[Batch]:
    """Read one file on from where it is known, or from the start where its past has changed."""
    stat = os.fstat(file.fileno())
    state = resumed(job, file, stat)
    if state is None:
        file.seek(0)
        state = State(job, job.version + 1, stat.st_size, stat.st_mtime_ns)
    elif state.offset < job.have:
        buffers.rewound.append((state.file_id, state.ordinal))
    buffers.open(state)
    if state.offset and not job.file.whole:
        buffers.rows.context = context_before(file, buffers.file, state.offset)
    yield from buffers.take(file)
    buffers.close()
