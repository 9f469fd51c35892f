"""A secret of each kind in each place of a history; then every byte that a command lets out."""

import base64
import http.client
import json
import random
import string
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from click.testing import CliRunner

from agp.cli import main
from agp.report.server import Server

pytestmark = pytest.mark.slow
ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
NAMES = [
    a + b for a in ("mira", "jonte", "ruta", "pavel", "leila") for b in ("brand", "quist", "sieg")
]


class Planter:
    """Makes secrets, each but once, and remembers what must not be seen again, and where it was."""

    def __init__(self) -> None:
        self.dice = random.Random(9)
        self.needles: dict[str, str] = {}  # what must not be seen: kind and place
        self.names = iter(f"{n}{i}" for i in range(20) for n in NAMES)

    def chars(self, alphabet: str, n: int) -> str:
        return "".join(self.dice.choices(alphabet, k=n))

    def card(self) -> str:
        body = "4" + self.chars("123456789", 14)
        doubled = (int(d) * (2 - i % 2) for i, d in enumerate(body[::-1]))
        whole = body + str(-sum(d - 9 * (d > 9) for d in doubled) % 10)
        return " ".join(whole[i : i + 4] for i in range(0, 16, 4))

    def kinds(self) -> dict[str, tuple[str, str]]:
        """Return a new secret of each kind: as it is shown, and its part that must not be."""
        user = next(self.names)
        key = self.chars(ALNUM, 64)
        made = {
            "aws": ("{}", "AKIA" + self.chars(string.ascii_uppercase + "234567", 16)),
            "github": ("{}", "ghp_" + self.chars(ALNUM, 36)),
            "pem": ("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", key),
            "bearer": ("Authorization: Bearer {}", self.chars(ALNUM, 40)),
            "url": ("postgres://app:{}@db.rosebed.io/x", self.chars(ALNUM, 16)),
            "env": ("DB_PASSWORD={}", self.chars(ALNUM, 18)),
            "json": ('{{"api_key": "{}"}}', self.chars(ALNUM, 32)),
            "email": ("{}", f"{next(self.names)}@krume-lager.de"),
            "phone": ("{}", f"+49 30 {self.chars('23456789', 4)} {self.chars('23456789', 4)}"),
            "card": ("{}", self.card()),
            "ip": ("{}", "81.{}.{}.{}".format(*(self.dice.randint(40, 250) for _ in range(3)))),
            "home": ("/home/{}/code", user),
        }
        coded = base64.b64encode(f"token={self.chars(ALNUM, 30)}\n".encode()).decode()
        made["base64"] = ("{}", coded)
        return {kind: (shown.format(value), value) for kind, (shown, value) in made.items()}

    def plant(self, place: str, only: tuple[str, ...] = ()) -> str:
        """Return words that hold a secret of each kind, or of some."""
        parts = []
        for kind, (shown, needle) in self.kinds().items():
            if not only or kind in only:
                parts.append(shown)
                self.needles[needle] = f"{kind} in {place}"
        return ("\n" if not only else " ").join(parts)


IN_ONE_LINE = ("aws", "github", "email", "phone", "card", "ip", "home")
IN_A_NAME = ("aws", "github")


def lay_history(home: Path, secrets: Planter, transcript: type) -> None:
    """Write transcripts with secrets in every place that a string has in them."""
    plant = secrets.plant
    project = f"-home-{next(secrets.names)}-roses"
    secrets.needles[project.split("-")[2]] = "home in the project's folder"
    name = plant("name of the transcript", ("aws",))
    folder = home / ".claude" / "projects" / project
    s = transcript(
        folder / f"{name}.jsonl",
        "s1",
        cwd=plant("cwd", ("home",)),
        gitBranch="fix-" + plant("branch", ("github",)),
    )
    s.person(f"Please set up the roses bed with this and explain:\n{plant('prompt')}")
    s.agent(f"I wrote it down so that it works:\n{plant('answer')}\nDone, all beds are watered.")
    s.person("Run it now and tell me what you see in the beds of roses")
    s.tool("Bash", plant("tool output"), command=f"curl -H '{plant('tool argument')}' x")
    s.tool(
        "Write", "ok", file_path=f"/tmp/{plant('path', IN_A_NAME)}.txt", content=plant("content")
    )
    beside = {"stdout": plant("beside"), "stderr": "", "filePath": plant("beside path", IN_A_NAME)}
    call = "toolu_b"
    s.agent({"type": "tool_use", "id": call, "name": "Bash", "input": {"command": "ls"}})
    s.result(call, "fine", toolUseResult=beside)
    hook = {"type": "hook_success", "hookName": "PostToolUse:Bash", "stdout": plant("hook")}
    s.record("attachment", attachment=hook)
    s.agent("All of it ran. The beds are fine and the roses have water for a week.")
    s.person(f"<system-reminder>{plant('reminder')}</system-reminder>", isMeta=True)
    s.user(f"<command-name>/model</command-name>{plant('command', IN_ONE_LINE)}")
    s.person("Thanks, write a short summary of what you did for the gardener")
    s.agent("We planted, we watered, and the gardener can rest until Friday.")
    s.line(
        json.dumps({"type": "summary", "summary": plant("title", IN_ONE_LINE), "leafUuid": s.at})
    )
    s.line('{"type": "user", "broken": "' + json.dumps(plant("broken line"))[1:])
    other = transcript(folder / "s2.jsonl", "s2", cwd="/srv/x", gitBranch="main")
    error = f"API Error: 401 {plant('api error', IN_ONE_LINE)}"
    other.person("Look at why the garden gate does not open any more, please")
    other.agent(error, isApiErrorMessage=True)
    other.agent("The gate was locked by the old rule; I opened it and wrote a test.")


@pytest.fixture(scope="module")
def secrets() -> Planter:
    return Planter()


@pytest.fixture(scope="module")
def home(tmp_path_factory, secrets, transcript) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("leaves")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("AGP_HOME", str(home / ".agp"))
        for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME"):
            patch.delenv(name, raising=False)
        patch.chdir(home)
        lay_history(home, secrets, transcript)
        run("ingest")
        yield home


def run(*words: Any) -> str:
    """Return all that a command prints."""
    done = CliRunner().invoke(main, [str(w) for w in words], catch_exceptions=False)
    assert done.exit_code in (0, 2), done.output
    return done.stdout + done.stderr


def written(folder: Path) -> str:
    """Return every byte below a folder, with the names; Parquet is read too."""
    from filters.secrets.files import strings_of

    shown = []
    for path in folder.rglob("*"):
        shown.append(str(path.relative_to(folder)))
        if path.is_file():
            shown.append(path.read_bytes().decode("utf-8", "replace"))
            shown += (text for *_, text in strings_of(path))
    return "\n".join(shown)


def left(secrets: Planter, shown: str) -> list[str]:
    """Return the kinds and places of what is seen, as it is or as JSON writes it."""
    return sorted({where for needle, where in secrets.needles.items() if needle in shown})


def test_the_secrets_are_there(home, secrets):
    """What is looked for below is in the history: the test can fail."""
    raw = "".join(p.read_text() + p.name + str(p.parent) for p in home.glob(".claude/*/*/*.jsonl"))
    assert len(secrets.needles) > 120
    assert not [where for needle, where in secrets.needles.items() if needle not in raw]
    assert left(secrets, run("sql", "--csv", "from v_messages"))


@pytest.mark.parametrize(
    "command",
    [
        ["lanes", "build", "sft", "--out"],
        ["lanes", "build", "semantic", "--out"],
        ["export", "traces", "--since", "2000-01-01", "--out"],
        ["warehouse", "export", "--out"],
    ],
    ids=lambda words: " ".join(words[:-1]),
)
def test_what_is_written(home, secrets, tmp_path, command):
    shown = run(*command, tmp_path / "out")
    files = written(tmp_path / "out")
    assert files, shown
    assert left(secrets, shown + files) == []


def test_the_page(home, secrets, tmp_path):
    shown = run("report", "--out", tmp_path / "page.html")
    assert left(secrets, shown + (tmp_path / "page.html").read_text()) == []


def test_the_live_pages(home, secrets):
    """Every page that a browser can reach from the first one."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        seen: dict[str, str] = {}
        todo = [f"/{server.token}/"]
        while todo:
            path = todo.pop()
            con = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
            con.request("GET", path)
            seen[path] = con.getresponse().read().decode()
            con.close()
            links = {a.split('"')[0].replace("&amp;", "&") for a in seen[path].split('href="')[1:]}
            inside = {urljoin(path, a) for a in links if "#" not in a}
            todo += sorted(inside - seen.keys() - set(todo))
        server.shutdown()
    assert len([path for path in seen if "exchange?" in path]) >= 4
    assert left(secrets, "\n".join(seen.values())) == []


@pytest.mark.parametrize(
    "command",
    [
        "sql --redact --csv|from v_messages",
        "sql --redact --json|from v_tool_calls",
        "sql --redact|from v_sessions",
        "sql --safe|from v_files",
        "sql --safe|from v_exchanges",
        "sql --safe|from v_quarantine",
        "sql --safe|select error('x ' || prompt) from v_exchanges",
        "sql --safe|select prompt::int from v_exchanges",
        "sql --safe|select prompt::date from v_exchanges",
        "sql --csv|select * from v_findings",
        "secrets scan --places",
        "secrets scan --json",
        "secrets kinds",
        "filters audit",
        "filters audit --samples 5",
        "filters try|prompt like '%roses%'",
        "filters try|prompt::int > 3",
        "labels audit",
        "labels bundles",
        "lanes list",
        "sources audit",
        "status",
        "doctor",
        "warehouse diff",
        "warehouse verify",
        "ingest",
        "runs list",
    ],
)
def test_what_is_printed(home, secrets, command):
    words, _, query = command.partition("|")
    shown = run(*words.split(), *([query] if query else []))
    assert shown and left(secrets, shown) == []


def exchanges() -> list[str]:
    return [r["exchange_id"] for r in json.loads(run("sql", "--json", "from v_exchanges"))]


@pytest.mark.parametrize(
    "command", ["filters explain", "labels explain", "memories", "lineage --redact"]
)
def test_what_is_printed_of_each_exchange(home, secrets, command):
    shown = [run(*command.split(), exchange) for exchange in exchanges()]
    assert len(shown) >= 4 and left(secrets, "\n".join(shown)) == []
