"""Strings put aside: a query's rows come in once, batches go out while the warehouse is shut.

They lie compressed in a file of the home that has no name, so that it is gone with the process,
whatever ends it. Memory holds one batch.
"""

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import pyarrow as pa

from warehouse.errors import AgpError
from warehouse.home import agp_home

Rows = list[dict[str, Any]]


class Spool:
    """A nameless file of Arrow batches, written once and read once."""

    def __enter__(self) -> "Spool":
        """Make the file, empty."""
        self._file = tempfile.TemporaryFile(dir=agp_home())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it go."""
        self._file.close()

    def fill(self, reader: pa.RecordBatchReader) -> None:
        """Take all rows; AgpError where the disk is full."""
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        try:
            with pa.ipc.new_stream(self._file, reader.schema, options=options) as writer:
                for batch in reader:
                    writer.write_batch(batch)
            self._file.flush()
        except OSError as error:
            place = error.strerror or type(error).__name__
            raise AgpError(f"{agp_home()}: what is looked through has no room ({place})") from None

    def batches(self, size: int) -> Iterator[Rows]:
        """Yield the rows, so many that their `text` has about `size` characters."""
        self._file.seek(0)
        rows: Rows = []
        taken = 0
        with pa.ipc.open_stream(self._file) as reader:
            for batch in reader:
                for row in batch.to_pylist():
                    rows.append(row)
                    taken += len(row["text"])
                    if taken >= size:
                        yield rows
                        rows, taken = [], 0
        if rows:
            yield rows
