"""Files to read in, batches of columns out. Touches no warehouse, so it runs in another process."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from lanes.ingest.buffers import Batch, Buffers
from lanes.ingest.plan import Job
from lanes.ingest.state import State, context_before, resumed
from lanes.sources.open import Stat, opened

CUT = "the packed file ends too early or is damaged; what could be unpacked was read"
BATCH = 8 << 20  # bytes of a batch: a few large INSERTs are quicker than many small ones


def parse(jobs: Iterable[Job], batch_bytes: int = BATCH) -> Iterator[Batch]:
    """Read files and yield batches; what they hold in sum does not depend on `batch_bytes`."""
    buffers = Buffers(batch_bytes)
    for job in jobs:
        try:
            with opened(job.file) as (file, stat):
                yield from read_file(job, file, stat, buffers)
            if stat.cut:
                buffers.unreadable.append((job.file.on_disk, CUT))
        except OSError as error:
            buffers.close()
            buffers.unreadable.append((job.file.on_disk, error.strerror or str(error)))
    yield buffers.flush()


def read_file(job: Job, file: BinaryIO, stat: Stat, buffers: "Buffers") -> Iterator[Batch]:
    """Read one file on from where it is known, or from the start where its past has changed."""
    state = resumed(job, file, stat)
    if state is None:
        file.seek(0)
        state = State(job, job.version + 1, stat)
    elif state.offset < job.have:
        buffers.rewound.append((state.file_id, state.ordinal))
    buffers.open(state)
    if state.offset and not job.file.whole:
        buffers.rows.context = context_before(file, buffers.file, state.offset)
    yield from buffers.take(file)
    buffers.close()
