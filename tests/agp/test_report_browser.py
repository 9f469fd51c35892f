"""The pages in a real browser: whatever stands in a history, nothing of it runs."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agp.report.server import HEADERS, Server

pytestmark = pytest.mark.slow
RUN = "document.documentElement.dataset.pwned=1"
CORPUS = [
    f"<script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</textarea></pre></svg><img src=x onerror={RUN}>",
    f'"><img src=x onerror={RUN}>',
    f"'><svg onload={RUN}>",
    f'" autofocus onfocus={RUN} x="',
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<details open ontoggle={RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<a href=javascript:{RUN}>x</a><meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<!--><script>{RUN}</script>-->",
    f"]]><script>{RUN}</script>",
    f"{{{{ ''.__class__ }}}}{{% raw %}}<script>{RUN}</script>",
    f"<math><mtext></mtext><mglyph><style><img src=x onerror={RUN}></style></mglyph></math>",
    f"\u202e<script>{RUN}</script>\ud7ff\ufffe\x07\x1b[31m",
]
RULE = f"""
[[rule]]
id = "hostile"
why = "<script>{RUN}</script>"
on = "exchange"
action = "flag"
where = "contains(prompt, '<script>{RUN}</script>') or prompt_words > 0"
hit = ["<script>{RUN}</script>"]
miss = [""]
"""
Dom = Callable[[str], str]


@pytest.fixture
def dom(tmp_path_factory: pytest.TempPathFactory) -> Dom:
    """Return a function that opens an address in Chromium and gives back what became of it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("chromium is not installed; `make check` brings it where it may")
    profile = tmp_path_factory.mktemp("profile")
    quiet = ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}")

    def opened(address: str) -> str:
        done = subprocess.run(
            [program, *quiet, "--virtual-time-budget=2000", "--dump-dom", address],
            capture_output=True,
            timeout=180,
            env={**os.environ, "HOME": str(profile)},
        )
        html = done.stdout.decode("utf-8", "replace")
        assert "<html" in html, done.stderr.decode("utf-8", "replace")[-2000:]
        return html

    return opened


@pytest.fixture
def hostile(agp, home, claude_tree) -> list[str]:
    """Ingest the corpus as prompts, answers, tool calls, titles, rule texts and file names."""
    names = ["s1", "<img src=x onerror=" + RUN + ">", "'\"><svg onload=" + RUN + ">"]
    for name in names:
        s = claude_tree(name, project="-home-<b onmouseover=" + RUN + ">", cwd="/x/<img src=x>")
        for text in CORPUS:
            s.person(text)
            s.tool(text[:40], text, command=text)
            s.agent(text)
        s.line(f"{{broken {CORPUS[0]}")
    rules = home / ".agp" / "rules"
    rules.mkdir(parents=True)
    (rules / "hostile.toml").write_text(RULE, encoding="utf-8")
    agp("ingest")
    agp("report", "--out", home / "page.html")
    return names


def test_the_browser_would_notice(dom, tmp_path: Path):
    """The check can fail: each of a few of the corpus runs where it is not escaped."""
    for text in (CORPUS[0], CORPUS[3], CORPUS[5]):
        page = tmp_path / "bad.html"
        page.write_text(f"<!doctype html><html><body>{text}</body></html>", encoding="utf-8")
        assert 'data-pwned="1"' in dom(page.as_uri())


def test_nothing_runs_on_the_page_even_without_its_policy(dom, hostile, home):
    html = (home / "page.html").read_text(encoding="utf-8")
    for place in ("&lt;img src=x onerror=", "&lt;b onmouseover=", "&lt;animate onbegin="):
        assert place in html  # of a file, of a folder, of a prompt
    bare = home / "bare.html"
    bare.write_text(html.replace("Content-Security-Policy", "X-None"), encoding="utf-8")
    for page in (home / "page.html", bare):
        seen = dom(page.as_uri())
        assert "data-pwned" not in seen and "<script" not in seen
        assert "promotions" in seen and "hostile" in seen


def test_nothing_runs_on_the_live_pages(dom, hostile, rows, monkeypatch):
    """Escaping alone must do: the policy that forbids scripts is taken off for the test."""
    monkeypatch.setitem(HEADERS, "Content-Security-Policy", "default-src * 'unsafe-inline'")
    found = rows("select exchange_id from v_exchanges where prompt <> '' order by exchange_id")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            pages = ["", "?words=%3Cscript%3E", *(f"exchange?id={x}" for (x,) in found[:2])]
            pages += ["try?expression=%22%3E%3Cimg+src%3Dx+onerror%3D" + RUN + "%3E"]
            pages += ["try?expression=contains(prompt,'%3Cscript%3E')", "%3Cscript%3E"]
            for page in pages:
                seen = dom(server.address + page)
                assert "data-pwned" not in seen and "<script" not in seen, page
                assert "Read-only" in seen
        finally:
            server.shutdown()
            thread.join()
