"""Records of any source in, rows of the normal layer out: a parser by the source of the file."""

from collections.abc import Callable, Iterable
from typing import Any

from lanes.sources import claude, codex, logs, memories
from lanes.sources.files import SourceFile
from lanes.sources.rows import Rows

PARSERS: dict[str, Callable[[SourceFile, Iterable[tuple[int, Any]], Rows], None]] = {
    "claude": claude.normalise,
    "claude_cowork": claude.normalise,
    "codex": codex.normalise,
    "verbose": logs.verbose.normalise,
    "prompts": logs.verbose.normalise,
    "claude_history": logs.history.normalise,
    "codex_history": logs.history.normalise,
    "supabase": memories.normalise,
}


def normalise(file: SourceFile, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append the rows of a file's records, each given with its ordinal in the file."""
    PARSERS[file.source](file, records, rows)
