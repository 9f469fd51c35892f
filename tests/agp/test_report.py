"""The page: what stands on it, that it is whole without a network, and that no secret leaves."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

import agp.report
import filters.secrets.history as secrets_history
from agp.report.page import run_figures, write_page
from agp.report.sankey import HEIGHT, TOP, Link, height_of, layout, sankey
from filters.secrets import Redactor, scan_files
from warehouse.errors import AgpError
from warehouse.store import in_memory, open_writer

SECTIONS = (
    *("way", "rules", "months", "sources", "duplicates", "findings", "quarantine", "labels"),
    *("datasets", "layers", "runs", "gates", "packets", "promotions"),
)
KEY = "AKIA" + "QX7PLM3ZKD5RT2WV"
HOSTILE = "<script>document.title='pwned'</script>"


class Page(HTMLParser):
    """Gathers tags, ids, addresses and the words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            if name == "id" and value:
                self.ids.append(value)
            if name in ("src", "href", "xlink:href", "action") and value:
                self.addresses.append(value)

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def written(agp, home, claude_tree):
    """Return the page of a small history: a key in a prompt, hostile words, a broken line."""
    for name in ("s1", "s2"):  # said twice, so that both stand among the duplicates
        s = claude_tree(name)
        s.person(f"Upload it with aws_access_key_id={KEY} please")
        s.agent("Done, it is in the bucket.")
        s.person(f"What does {HOSTILE} do?")
        s.agent("It runs in the page, unless it is escaped.")
    s.line("{broken")
    agp("ingest")
    said = json.loads(agp("report", "--out", home / "page.html", "--json").stdout)
    assert said["path"] == str(home / "page.html") and said["bytes"] > 10_000
    return (home / "page.html").read_text()


def test_secrets_are_looked_for_while_a_writer_may_write(agp, home, claude_tree, monkeypatch):
    s = claude_tree("s1")
    s.person(f"Upload it with aws_access_key_id={KEY} please")
    s.agent("Done, it is in the bucket.")
    agp("ingest")
    looked, scan = [], secrets_history.scan_many

    def scanning(texts, look):
        with open_writer(wait=0):  # refused in this process too while anybody reads
            looked.append(True)
        return scan(texts, look)

    monkeypatch.setattr(secrets_history, "scan_many", scanning)
    said = json.loads(agp("report", "--out", home / "page.html", "--json").stdout)
    assert looked and said["bytes"] > 10_000
    assert "aws_key" in Page((home / "page.html").read_text()).words


def test_the_page_is_whole_and_nothing_in_it_runs_or_leaks(written, home):
    page = Page(written)
    assert [i for i in page.ids if i in SECTIONS] == list(SECTIONS)
    for command in ("agp labels run", "agp lanes build sft", "agp train run 1", "agp promote RUN"):
        assert command in page.words
    assert "2026-03" in page.words and "aws_key" in page.words and "not JSON" in page.words

    assert not {"script", "iframe", "object", "embed", "link", "base"} & set(page.tags)
    assert all(a.startswith("#") and a[1:] in page.ids for a in page.addresses)
    assert len(page.ids) == len(set(page.ids))
    assert "url(http" not in written and "@import" not in written
    assert "default-src 'none'" in written

    assert KEY not in written
    assert "[AWS_KEY_1]" in page.words
    assert not scan_files([home / "page.html"])
    assert HOSTILE not in written
    assert HOSTILE in page.words


def test_a_page_with_a_secret_in_it_is_not_written(tmp_path: Path, monkeypatch):
    """Should redaction ever miss one: what was drawn is read again before it has its name."""
    monkeypatch.setattr("agp.report.page.page", lambda found, now: f"<p>{KEY}</p>")
    with pytest.raises(AgpError, match="nothing was written") as error:
        write_page({}, Redactor(b""), tmp_path / "p.html")
    assert KEY not in str(error.value) and not list(tmp_path.iterdir())


def test_every_string_is_redacted_before_it_is_drawn(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("agp.report.page.page", lambda found, now: str(found))
    write_page({"deep": [{"path": f"/x/{KEY}.jsonl"}]}, Redactor(b""), tmp_path / "p.html")
    assert (tmp_path / "p.html").read_text() == "{'deep': [{'path': '/x/[AWS_KEY_1].jsonl'}]}"
    assert (tmp_path / "p.html").stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("agp.report.page.page", lambda found, now: "<!doctype html>")
    with pytest.raises(AgpError, match="cannot write"):
        write_page({}, Redactor(b""), tmp_path / "nowhere" / "p.html")


def test_without_a_warehouse_it_says_what_to_do(agp):
    assert "run `agp ingest` first" in agp("report", exit_code=2).output


def test_a_diagram_loses_nothing_between_columns():
    links = [Link(0, "a", "x", 3), Link(0, "b", "x", 1), Link(0, "b", "y", 2), Link(1, "x", "z", 4)]
    boxes = layout(links)
    assert {k: b.n for k, b in boxes.items()} == {
        **{(0, "a"): 3, (0, "b"): 3, (1, "x"): 4, (1, "y"): 2, (2, "z"): 4}
    }
    assert max(b.y + b.height for b in boxes.values()) <= HEIGHT + TOP + 1
    drawn = sankey([Link(0, "<b>", '"x', 1)], "t")
    assert "&lt;b&gt; → &#34;x: 1" in drawn and len(re.findall("<path", drawn)) == 1
    assert "<svg" in sankey([], "nothing")
    many = [Link(0, "all", f"source {i}", 1) for i in range(60)]
    assert max(b.y + b.height for b in layout(many).values()) <= height_of(many) + TOP + 1


def test_every_query_binds_to_an_empty_warehouse():
    folder = Path(str(agp.report.__file__)).parent
    with in_memory() as con:
        for file in sorted(folder.glob("*.sql")):
            [statement] = duckdb.extract_statements(file.read_text(encoding="utf-8"))
            values = dict.fromkeys(statement.named_parameters, "1")
            assert con.execute("explain " + statement.query, values).fetchall(), file.name


def test_a_run_brings_its_curves_whatever_its_names(tmp_path: Path):
    """Names are words, never markup or formulas; ids of two pictures differ."""
    curve = [{"coverage": c / 4, "risk": c / 20, "threshold": 1 - c / 4} for c in range(5)]
    plots = {"policy": {"<b>$x$ & $": curve}, "depth": {"heads": {"2": 0.5, "4": 0.5}}}
    losses = [{"step": i, "loss": 3 / (i + 1)} for i in range(4)]
    run = {"run_id": "s2-x", "metrics": losses, "documents": [{"plots": plots}]}
    drawn = run_figures(run, 0)
    assert len(drawn) == 3 and "&lt;b&gt;$x$ &amp; $" in drawn[1] and "<b>" not in drawn[1]
    ids = Page("".join(drawn)).ids
    assert len(ids) == len(set(ids)) and "currentColor" in drawn[0] and "#010203" not in drawn[0]
    assert run_figures({"run_id": "s0-x", "metrics": [], "documents": []}, 0) == []


@pytest.mark.slow
def test_the_page_of_the_sample_history(agp, home, sample_home):
    """Its numbers are those of the commands it speaks of."""
    shutil.copytree(sample_home, home, dirs_exist_ok=True, symlinks=True)
    agp("report", "--out", home / "page.html")
    page = Page((home / "page.html").read_text())
    audit = json.loads(agp("filters", "audit", "--samples", "0", "--json").stdout)["exchanges"]
    assert f"{audit['total']:,} exchanges, {audit['dropped']:,} left out" in page.words
    status = json.loads(agp("status", "--json").stdout)
    assert f"{sum(f['records'] for f in status['records']):,}records read" in page.words.replace(
        " records", "records"
    )
    for row in json.loads(agp("secrets", "scan", "--json").stdout)["kinds"]:
        assert row["kind"] in page.words
    assert not scan_files([home / "page.html"])
