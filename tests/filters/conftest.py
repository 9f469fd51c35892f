"""A warehouse of exchanges written directly, and rule files written for one test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.store import open_writer

Tell = Callable[..., None]


class Telling:
    """Writes exchanges: a prompt, and messages after it as (author, kind, text)."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        con.execute(
            "insert into sessions (session_id, agent, source, family_id, project) "
            "values ('s1', 'claude', 'claude', 's1', 'garden')"
        )

    def __call__(self, name: str, prompt: str | None, *after: tuple[str, str, str], **facts: Any):
        facts = {"author": "person", "kind": "prompt", "source": "claude"} | facts
        number = self.con.execute("select count(*) from exchanges").fetchall()[0]
        opener = (facts["author"], facts["kind"], prompt)
        for i, (author, kind, text) in enumerate([opener, *after]):
            role = "assistant" if author == "agent" and i else "user"
            self.con.execute(
                "insert into messages (file_id, record_ordinal, message_id, session_id, role, "
                "author, kind, text) values (?, ?, ?, 's1', ?, ?, ?, ?)",
                [name, i, f"{name}-{i}", role, author, kind, text],
            )
            self.con.execute(
                "insert into placements (file_id, record_ordinal, message_id, session_id, "
                "exchange_id, ordinal, on_path) values (?, ?, ?, 's1', ?, ?, true)",
                [name, i, f"{name}-{i}", name, i],
            )
        self.con.execute(
            "insert into exchanges (exchange_id, session_id, source, opener_id, ordinal, author, "
            "kind, asked_at, interrupted) values (?, 's1', ?, ?, ?, ?, ?, "
            "timestamp '2026-03-01' + to_days(?), false)",
            [
                name,
                facts["source"],
                f"{name}-0",
                number[0],
                facts["author"],
                facts["kind"],
                number[0],
            ],
        )


@pytest.fixture
def tell(home: Path):
    """Return a function that writes an exchange into this home's warehouse."""
    with open_writer() as con:
        yield Telling(con)


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a rule file and gives back its folder."""

    def write(text: str, name: str = "mine.toml", into: str = "rules") -> Path:
        (tmp_path / into).mkdir(exist_ok=True)
        (tmp_path / into / name).write_text(text, encoding="utf-8")
        return tmp_path / into

    return write


@pytest.fixture
def rule() -> Callable[..., str]:
    """Return a function that writes a rule as TOML; keys not given are plain ones."""

    def toml(id: str, where: str, **keys: Any) -> str:
        usual = {"on": "exchange", "action": "drop", "why": "a test", "hit": ["a"], "miss": ["b"]}
        keys = usual | keys | {"id": id, "where": where}
        lines = [
            f"{k} = {v if isinstance(v, list | int | float) else quoted(v)}"
            for k, v in keys.items()
        ]
        return "[[rule]]\n" + "\n".join(lines) + "\n"

    return toml


def quoted(text: str) -> str:
    """Return a TOML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
