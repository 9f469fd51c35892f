"""A conversation written directly into the warehouse, and labeling functions for one test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from warehouse.store import open_writer


@pytest.fixture
def talk(home: Path) -> Callable[..., None]:
    """Return a function that writes a session: `talk("s1", ("a question", "its answer"), ...)`."""

    def write(session: str, *turns: tuple[str, str], project: str = "garden", day: int = 1) -> None:
        with open_writer() as con:
            con.execute(
                "insert into sessions (session_id, agent, source, family_id, project) "
                "values ($s, 'claude', 'claude', $s, $p)",
                {"s": session, "p": project},
            )
            for n, texts in enumerate(turns):
                name = f"{session}-{n}"
                for i, (role, author, text) in enumerate(
                    zip(("user", "assistant"), ("person", "agent"), texts, strict=True)
                ):
                    con.execute(
                        "insert into messages (file_id, record_ordinal, message_id, session_id, "
                        "role, author, kind, text) values (?, ?, ?, ?, ?, ?, ?, ?)",
                        [name, i, f"{name}.{i}", session, role, author, "prompt", text],
                    )
                    con.execute(
                        "insert into placements (file_id, record_ordinal, message_id, session_id, "
                        "exchange_id, ordinal, on_path) values (?, ?, ?, ?, ?, ?, true)",
                        [name, i, f"{name}.{i}", session, name, i],
                    )
                con.execute(
                    "insert into exchanges (exchange_id, session_id, source, opener_id, ordinal, "
                    "author, kind, asked_at, interrupted) values (?, ?, 'claude', ?, ?, 'person', "
                    "'prompt', timestamp '2026-03-01' + to_days(?) + to_minutes(?), false)",
                    [name, session, f"{name}.0", n, day, n],
                )

    return write


@pytest.fixture
def own(home: Path) -> Callable[[str, str], Path]:
    """Return a function that writes a file of the user's own labeling functions."""

    def write(name: str, text: str) -> Path:
        path = home / ".agp" / "labelers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
