"""Histories that tests share: many small sessions, copied for each test, and the sample, built."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lanes import sample_history


@pytest.fixture(scope="session")
def kept_warehouses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for warehouses that several tests begin from."""
    return tmp_path_factory.mktemp("warehouses")


@pytest.fixture
def many(home: Path, claude_tree, agp, kept_warehouses: Path) -> None:
    """Fill the home with 40 sessions of three exchanges each, tool output, and a secret."""
    kept, target = kept_warehouses / "many.duckdb", home / ".agp" / "warehouse.duckdb"
    for s in range(40):
        session = claude_tree(f"s{s}")
        for n in range(3):
            session.person(f"Please fix bug number {n} in the module called part{s}")
            session.tool("Bash", "line\n" * 50 + "3 passed", command=f"pytest tests/test_{s}.py")
            session.agent(f"Bug {n} of part{s} is fixed: a sign was wrong in one comparison.")
        if s == 0:
            session.person("Write to anna.weber@firma-beispiel.de what the cause was")
            session.agent("The letter to Anna is written; it names the wrong sign.")
    if kept.exists():
        target.parent.mkdir()
        shutil.copy(kept, target)
        return
    agp("ingest")
    shutil.copy(target, kept)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that holds the sample history, ingested, and a build of it in `data`."""
    from agp.cli import main

    home = tmp_path_factory.mktemp("sample")
    sample_history.copy_to(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("AGP_HOME", str(home / ".agp"))
        for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME"):
            patch.delenv(name, raising=False)
        for command in (["ingest"], ["lanes", "build", "sft", "--out", str(home / "data")]):
            assert CliRunner().invoke(main, command).exit_code == 0
    return home


CAPTURE = """
insert into captures values ('c1', 'tiny', 'd1', null, 'history', 'd2', [2, 4, 6], 8, 0, 0,
                             '{folder}', timestamp '2026-01-01');
insert into capture_shards values ('c1', 'shard-00000.safetensors', 999, '{sha}', false);
create temp table prompts as
select 'p-' || exchange_id as prompt_id, exchange_id, split,
       row_number() over (order by exchange_id) as n
from exchanges join sessions using (session_id) join splits using (family_id)
where split <> 'train' and author = 'person';
insert into capture_prompts
select 'c1', prompt_id, split, 'shard-00000.safetensors', 3 * (n - 1), 3, exchange_id from prompts;
insert into trace_layers by name
with cells as (
    select *, (n * 7 + step * 5 + layer * 3) % 16 / 16.0 as x
    from prompts, range(3) s(step), (values (2), (4), (6), (8)) l(layer),
         (values (null), ('zeroed')) d(planted)
    where planted is null or step = 1 and layer < 8
)
select 'c1' as capture_id, prompt_id, split, step::int as step, 20 + step::int as position,
       (n + step)::int as token, layer, case layer when 8 then 'full' else 'affine' end as lens,
       planted, 5 as best, layer = 8 or planted is null and x * layer > 1 as agree, agree as stays,
       x as kl, 1 + x as entropy, 3 + x as margin, x as max_prob, x as cross_entropy,
       case when planted is null then 1 + x else 0 end as norm, 3 + x as kurtosis,
       0.5 as participation, 9 + x as massive, 0.9 as cosine
from cells
"""


@pytest.fixture
def captured(home: Path, many, agp, kept_warehouses: Path) -> Path:
    """Add a capture of every held-out exchange, its facts written by hand; return its folder."""
    from hashlib import sha256

    from warehouse.store import open_writer

    folder = home / ".agp" / "captures" / "c1"
    folder.mkdir(parents=True)
    (folder / "shard-00000.safetensors").write_bytes(b"states")
    kept, target = kept_warehouses / "captured.duckdb", home / ".agp" / "warehouse.duckdb"
    if not kept.exists():
        agp("lanes", "build", "sft")
        with open_writer() as con:
            con.execute(CAPTURE.format(folder=folder, sha=sha256(b"states").hexdigest()))
        shutil.copy(target, kept)
    shutil.copy(kept, target)
    with open_writer() as con:
        con.execute("update captures set path = ?", [str(folder)])
    return folder


class Rollout:
    """A Codex rollout that grows by a line a call; `at` counts seconds from the start."""

    def __init__(self, home: Path, session_id: str, folder: str = "sessions/2026/08/03"):
        self.session_id, self.at = session_id, 0.0
        self.path = home / ".codex" / folder / f"rollout-2026-08-03T09-00-00-{session_id}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def line(self, kind: str, payload: dict[str, Any], later: float = 0.001) -> None:
        """Append a line of its own time."""
        self.at += later
        time = (datetime(2026, 8, 3, 9) + timedelta(seconds=self.at)).isoformat("T", "milliseconds")
        self.raw(json.dumps({"timestamp": f"{time}Z", "type": kind, "payload": payload}) + "\n")

    def raw(self, text: str) -> None:
        """Append text as it is."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)

    def header(self, **more: Any) -> None:
        """Append the line that names a session."""
        meta = {"id": self.session_id, "cwd": "/home/dev/garden", "cli_version": "0.140.0"}
        self.line("session_meta", meta | {"git": {"branch": "main"}} | more, 30)

    def item(self, kind: str, **keys: Any) -> None:
        """Append a response item."""
        self.line("response_item", {"type": kind, **keys})

    def event(self, kind: str, later: float = 0.001, **keys: Any) -> None:
        """Append an event."""
        self.line("event_msg", {"type": kind, **keys}, later)

    def completed(self, kind: str, **keys: Any) -> None:
        """Append a completed item, as the third generation writes it."""
        self.event("item_completed", item={"type": kind, **keys})

    def said(self, role: str, text: str) -> None:
        """Append a message as a response item."""
        kind = "output_text" if role == "assistant" else "input_text"
        self.item("message", role=role, content=[{"type": kind, "text": text}])

    def ask(self, text: str) -> None:
        """Append a person's words as the second generation does: twice."""
        self.event("user_message", 60, message=text)
        self.said("user", text)

    def answer(self, text: str) -> None:
        """Append the agent's words, twice as well."""
        self.event("agent_message", message=text)
        self.said("assistant", text)

    def tokens(self, last: dict[str, int], total: int) -> None:
        """Append a count of tokens."""
        info = {"last_token_usage": last, "total_token_usage": {"total_tokens": total}}
        self.event("token_count", info=info)

    def fork(self, session_id: str) -> "Rollout":
        """Return a rollout that begins with a header of its own and a copy of this one."""
        fork = Rollout(self.path.parents[5], session_id)
        fork.at = self.at
        fork.header(forked_from_id=self.session_id)
        fork.raw(self.path.read_text(encoding="utf-8"))
        return fork


@pytest.fixture
def codex(home: Path):
    """Return a function that begins a rollout in this home's `~/.codex`."""

    def begin(number: int = 1, folder: str = "sessions/2026/08/03") -> Rollout:
        return Rollout(home, f"019fc8be-3658-7ca3-9e29-{number:012}", folder)

    return begin
