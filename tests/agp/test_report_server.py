"""The live pages: who is answered, what is shown, what an expression from a browser may do."""

import http.client
import json
import runpy
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner

import agp.report.live
from agp.cli import main
from agp.report.server import Server
from warehouse.errors import AgpError
from warehouse.store import open_reader, open_writer

HOSTILE = "<img src=x onerror=alert(1)>"
KEY = "AKIA" + "QX7PLM3ZKD5RT2WV"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    text: str


class Browser:
    """Asks a server for its pages."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def raw(self, path: str, method: str = "GET", **headers: str) -> Answer:
        con = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        try:
            con.request(method, path, headers=headers)
            got = con.getresponse()
            return Answer(got.status, got.headers, got.read().decode())
        finally:
            con.close()

    def get(self, page: str = "", **query: str) -> Answer:
        return self.raw(f"/{self.server.token}/{page}?{urlencode(query)}")


def record(number: int, role: str, content: object) -> str:
    """Return a line of a transcript."""
    facts = {"uuid": f"u{number}", "parentUuid": f"u{number - 1}" if number else None}
    facts |= {"type": role, "sessionId": "s1", "cwd": "/home/dev/garden", "isSidechain": False}
    facts |= {"timestamp": f"2026-03-01T09:{number:02}:00.000Z", "permissionMode": "default"}
    return json.dumps({**facts, "message": {"role": role, "content": content}}) + "\n"


HISTORY = [
    ("user", f"Is {HOSTILE} safe? The key is aws_access_key_id={KEY}"),
    (
        "assistant",
        [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": HOSTILE}}],
    ),
    ("user", [{"type": "tool_result", "tool_use_id": "t1", "content": HOSTILE}]),
    ("assistant", [{"type": "text", "text": f"No: {HOSTILE} runs."}]),
    ("user", "Water the roses, please, all of them"),
    ("assistant", [{"type": "text", "text": "Watered."}]),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a browser on a served history of two exchanges, one of them hostile."""
    home = tmp_path_factory.mktemp("served")
    folder = home / ".claude" / "projects" / "-home-dev-garden"
    folder.mkdir(parents=True)
    lines = [record(i, role, content) for i, (role, content) in enumerate(HISTORY)]
    (folder / "s1.jsonl").write_text("".join(lines), encoding="utf-8")
    with pytest.MonkeyPatch.context() as env, ExitStack() as stack:
        env.setenv("HOME", str(home))
        env.setenv("AGP_HOME", str(home / ".agp"))
        for command in (["ingest", str(folder)], ["filters", "run"]):
            assert CliRunner().invoke(main, command).exit_code == 0
        server = stack.enter_context(Server())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield Browser(server)


def ask(query: str) -> list[tuple]:
    """Return the rows of a query."""
    with open_reader() as con:
        return con.execute(query).fetchall()


def test_only_this_machine_with_the_token_is_answered(browser):
    token, port = browser.server.token, browser.server.server_port
    assert browser.server.server_address[0] == "127.0.0.1" and len(token) >= 32
    assert browser.get().status == 200
    for path in ("/", "//", "/x/", f"/{token[:-1]}/", f"/{token}", f"/{token}x/", "/\xff/"):
        refused = browser.raw(quote(path))
        assert refused.status == 403 and token not in refused.text
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}"):
        assert browser.raw(f"/{token}/", Host=host).status == 403
    for method in ("POST", "PUT", "DELETE"):
        assert browser.raw(f"/{token}/", method=method).status == 501


def test_every_answer_forbids_scripts_and_frames(browser):
    for answer in (browser.get(), browser.get("try"), browser.get("nothing"), browser.raw("/")):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "script" not in policy and "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "<script" not in answer.text and "style=" not in answer.text


def test_exchanges_are_browsed_and_read_without_their_html_or_their_secrets(browser):
    [(hostile,), (roses,)] = ask("select exchange_id from v_exchanges order by ordinal")
    everything = browser.get().text
    assert hostile in everything and roses in everything
    words = browser.get(words="roses").text
    assert roses in words and hostile not in words
    for (rule,) in ask("select distinct rule_id from v_decisions order by 1 limit 2"):
        hit = {x for (x,) in ask(f"select exchange_id from v_decisions where rule_id = '{rule}'")}
        shown = browser.get(rule=rule).text
        assert {x for x in (hostile, roses) if x in shown} == hit
    assert "None is like that" in browser.get(author="nobody").text

    read = browser.get("exchange", id=hostile).text
    for part in ("Verdicts", "came from", "s1.jsonl", "Bash", "[AWS_KEY_1]", "&lt;img src=x"):
        assert part in read
    for page in (everything, read):
        assert HOSTILE not in page and KEY not in page
    missing = browser.get("exchange", id=HOSTILE)
    assert missing.status == 400 and HOSTILE not in missing.text


def test_a_rule_is_tried_with_its_effect(browser):
    tried = browser.get("try", expression="contains(prompt, 'roses')", on="exchange").text
    assert "<b>1</b> of 2 exchanges" in tried
    assert "<td>sft</td>" in tried and '<td class="num">1</td>' in tried
    assert "Water the roses" in tried
    messages = browser.get("try", expression="author = 'agent'", on="message").text
    assert "messages are hit" in messages and "<b>0</b>" not in messages


STRANGE = (
    "read_text('/etc/passwd') is null",
    "(select count(*) from files) > 0",
    "true; drop table exchanges",
    "1 = 1 union select 1",
    "getenv('HOME') = ''",
    "prompt_words / 0 > 1 --",
    "regexp_matches(prompt, '(a')",
    "cast(prompt as int) > 0",
    "count(*) > 1",
    f"prompt = '{HOSTILE}' or nothing_here",
    "prompt = '" + "a" * 20_000 + "'",
    "\x00\x1b[31m",
    "prompt",
)


def test_a_hostile_expression_is_one_line(browser):
    for expression in STRANGE:
        answer = browser.get("try", expression=expression)
        assert answer.status == 400, expression
        assert HOSTILE not in answer.text and "Traceback" not in answer.text
        [said] = [line for line in answer.text.splitlines() if 'role="alert"' in line]
        assert "roses" not in said and len(said) < 1000, expression
    assert browser.get("try", expression="").status == 200


@pytest.mark.slow
def test_what_the_first_wall_refuses_is_refused_to_a_browser_too(browser):
    known = runpy.run_path(str(Path(__file__).parents[1] / "warehouse" / "test_expressions.py"))
    assert len(known["HOSTILE"]) >= 40
    for expression in filter(None, known["HOSTILE"]):  # empty: the form as it is
        answer = browser.get("try", expression=expression)
        assert answer.status == 400 and answer.text.count('role="alert"') == 1, expression


def test_a_writer_is_not_kept_out(browser, monkeypatch: pytest.MonkeyPatch):
    """Not between two requests, and not while an expression is being evaluated."""
    evaluate: Callable = agp.report.live.evaluated
    written = []

    def meanwhile(*args: object) -> object:
        with open_writer(wait=0) as con:
            written.append(con.execute("select count(*) from exchanges").fetchall())
        return evaluate(*args)

    monkeypatch.setattr(agp.report.live, "evaluated", meanwhile)
    assert browser.get().status == 200
    with open_writer(wait=0):
        pass
    assert browser.get("try", expression="prompt_words > 3").status == 200
    assert written == [[(2,)]]


def test_while_a_writer_has_the_file_it_says_so_in_one_line(browser, monkeypatch):
    def held(*args: object, **kwargs: object):
        raise AgpError("process 7 is writing to the warehouse")

    monkeypatch.setattr("agp.report.browse.open_reader", held)
    answer = browser.get()
    assert answer.status == 400 and "process 7 is writing" in answer.text


def test_a_port_that_is_taken_is_one_line(browser):
    with pytest.raises(AgpError, match="--port"):
        Server(browser.server.server_port)
    with pytest.raises(AgpError, match="--port"):
        Server(70_000)


@pytest.mark.slow
def test_the_command_answers_until_ctrl_c(browser):
    command = [sys.executable, "-m", "agp", "report", "--serve", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = json.loads(process.stdout.readline())["address"]
        with urllib.request.urlopen(address, timeout=60) as page:
            assert "Water the roses" in page.read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
