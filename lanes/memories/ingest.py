"""Memory tables as a part of an ingest: what is asked for in, what came and what failed out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warehouse.errors import AgpError

if TYPE_CHECKING:
    import duckdb

    from lanes.memories.access import Access
    from lanes.memories.follow import Read


@dataclass
class Memories:
    """Which tables to read, and how; afterwards what came of them."""

    way: "Access"
    alone: bool = False  # nothing but them
    full: bool = False  # from the beginning, whatever the watermark says
    progress: Callable[[int], None] = lambda size: None
    tables: "list[Read]" = field(default_factory=list)
    failed: AgpError | None = None

    def read(self, con: "duckdb.DuckDBPyConnection", ingest_id: int) -> list[tuple[str, str]]:
        """Read them; return where it failed and why. What came before that is kept."""
        from lanes.memories.tables import follow

        try:
            follow(con, self.way, ingest_id, self.tables, self.full, self.progress)
        except AgpError as error:
            self.failed = error
            return [] if self.alone else [(f"supabase://{self.way.host}", str(error))]
        return []
