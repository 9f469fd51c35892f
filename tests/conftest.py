"""Fixtures every test may use: a home of its own, and a command line to call."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from agp.cli import main
from warehouse.payloads import file_bytes
from warehouse.store import open_reader

# What is true of a program does not hang on how quick the machine is that says so.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home: nothing of this machine's own history is seen."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AGP_HOME", str(tmp_path / ".agp"))
    supabase = ("SUPABASE_URL", "SUPABASE_KEY", "SUPABASE_DB_URL")
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", *supabase):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def agp(home: Path):
    """Return a function that runs `agp ARGS...` in that home and checks its exit status."""

    def run(*args: str, exit_code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
        assert result.exit_code == exit_code, result.output + str(result.exception)
        return result

    return run


class Transcript:
    """A Claude Code transcript that grows by a record a call; each call returns the record's uuid.

    Every record hangs on the one before; set `at` to an earlier uuid to go back to it. Keyword
    arguments are further keys of the record, and take the place of those it has.
    """

    def __init__(self, path: Path, session_id: str, **always: Any):
        self.path, self.session_id, self.always = path, session_id, always
        self.at: str | None = None
        self.count = 0
        path.parent.mkdir(parents=True, exist_ok=True)

    def record(self, type: str, **keys: Any) -> str:
        """Append any record that stands in the forest."""
        self.count += 1
        uuid = str(uuid5(NAMESPACE_URL, f"{self.path.name} {self.session_id} {self.count}"))
        time = datetime(2026, 3, 1, 9) + timedelta(minutes=self.count)
        base = {"parentUuid": self.at, "isSidechain": False, "sessionId": self.session_id}
        base |= {"type": type, "uuid": uuid, "timestamp": f"{time.isoformat()}.000Z"}
        base |= {"cwd": "/home/dev/garden", "version": "2.1.200", "gitBranch": "main"}
        base |= self.always | keys
        self.line(json.dumps(base, ensure_ascii=False))
        self.at = base["uuid"]
        return base["uuid"]

    def line(self, text: str) -> None:
        """Append a line as it is."""
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(text + "\n")

    def user(self, content: Any, **keys: Any) -> str:
        """Append a user record of any content."""
        return self.record("user", **{"message": {"role": "user", "content": content}} | keys)

    def person(self, text: str, **keys: Any) -> str:
        """Append what a person typed."""
        return self.user(text, **{"permissionMode": "default"} | keys)

    def agent(self, *blocks: Any, message: dict[str, Any] | None = None, **keys: Any) -> str:
        """Append an answer: strings are text blocks; `message` adds to the API message's keys."""
        content = [b if isinstance(b, dict) else {"type": "text", "text": b} for b in blocks]
        api = {
            "id": f"msg_{self.session_id}_{self.count}",
            "role": "assistant",
            "model": "claude-x",
        }
        api |= {"content": content, "usage": {"input_tokens": 10, "output_tokens": 5}}
        request = f"req_{self.session_id}_{self.count}"
        return self.record(
            "assistant", **{"message": api | (message or {}), "requestId": request} | keys
        )

    def tool(self, name: str, output: Any = "done", error: bool = False, **given: Any) -> str:
        """Append a tool call with its arguments and the record of its result; return the call."""
        call = f"toolu_{self.session_id}_{self.count}"
        self.agent({"type": "tool_use", "id": call, "name": name, "input": given})
        self.result(call, output, error)
        return call

    def result(self, call: str, output: Any = "done", error: bool = False, **keys: Any) -> str:
        """Append the record of a tool call's result."""
        block = {"type": "tool_result", "tool_use_id": call, "content": output, "is_error": error}
        return self.user([block], **keys)

    def subagent(self, agent_id: str = "a1") -> "Transcript":
        """Return the transcript of a subagent, where the newest versions put it."""
        path = self.path.with_suffix("") / "subagents" / f"agent-{agent_id}.jsonl"
        return Transcript(path, self.session_id, isSidechain=True, agentId=agent_id)

    def fork(self, session_id: str, records: int | None = None) -> "Transcript":
        """Return a copy of the first records under another session id, as a resumed session is."""
        copy = Transcript(self.path.with_name(f"{session_id}.jsonl"), session_id, **self.always)
        for line in self.path.read_text(encoding="utf-8").splitlines()[:records]:
            record = json.loads(line) | {"sessionId": session_id}
            copy.line(json.dumps(record, ensure_ascii=False))
            copy.at, copy.count = record.get("uuid", copy.at), copy.count + 1
        return copy


@pytest.fixture(scope="session")
def transcript() -> type[Transcript]:
    """Return the class, for histories that a whole module shares."""
    return Transcript


@pytest.fixture
def claude_tree(home: Path):
    """Return a function that begins a transcript in this home's `~/.claude`, terse to write.

    s = claude_tree("s1"); s.person("Fix it"); s.tool("Bash", "2 failed", command="pytest");
    s.agent("Fixed both.") — then `agp("ingest")` brings it into the warehouse.
    """

    def begin(session_id: str = "s1", project: str = "-home-dev-garden", **always: Any):
        path = home / ".claude" / "projects" / project / f"{session_id}.jsonl"
        return Transcript(path, session_id, **always)

    return begin


@pytest.fixture
def rows(home: Path):
    """Return a function that answers a query on this home's warehouse with a list of tuples."""

    def ask(query: str) -> list[tuple[Any, ...]]:
        from warehouse.store import open_reader

        with open_reader() as con:
            return con.execute(query).fetchall()

    return ask


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under CI a skipped test is a failure: nothing may go untested for want of a tool."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("skipped under CI:", red=True)
        for report in reporter.stats["skipped"]:
            reporter.write_line(f"  {report.nodeid}: {report.longrepr}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def tree(home: Path) -> Path:
    """Return the folder of a project with no session in it yet."""
    folder = home / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def kept(home: Path) -> Callable[[Path], list[bytes]]:
    """Return a function that gives back every version of a file, as it was read."""

    def versions(path: Path) -> list[bytes]:
        with open_reader() as con:
            query = "select file_id from files where path = ? order by version"
            found = con.execute(query, [str(path)]).fetchall()
            return [b"".join(file_bytes(con, file_id)) for (file_id,) in found]

    return versions


@pytest.fixture
def line() -> Callable[[int], bytes]:
    """Return a function that makes a record a number stands in."""

    def make(n: int) -> bytes:
        text = b'"message":{"role":"user","content":"number %d"}' % n
        return b'{"type":"user","uuid":"u%d","sessionId":"s",%s}\n' % (n, text)

    return make


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with the sample history, ingested once."""
    from lanes.sample_history import copy_to

    home = tmp_path_factory.mktemp("sample")
    copy_to(home)
    env = {**os.environ, "HOME": str(home), "AGP_HOME": str(home / ".agp")}
    for name in ("CLAUDE_CONFIG_DIR", "SUPABASE_URL", "SUPABASE_KEY", "SUPABASE_DB_URL"):
        env.pop(name, None)
    subprocess.run(
        [sys.executable, "-m", "agp", "ingest"], env=env, check=True, capture_output=True
    )
    return home
