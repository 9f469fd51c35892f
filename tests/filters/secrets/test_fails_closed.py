"""A scanner that fails stops whatever was to leave: one line, nothing written, nothing printed."""

import betterleaks
import pytest

from filters.secrets import own

WORDS = "Water the roses bed by the gate, then tell me which of them are dry"


@pytest.fixture
def history(agp, claude_tree):
    s = claude_tree()
    s.person(WORDS)
    s.agent("All of them are watered; two by the gate were dry.")
    agp("ingest")


@pytest.fixture(params=["betterleaks", pytest.param("own", marks=pytest.mark.slow)])
def failing(request, history, monkeypatch):
    """Let one of the engines fail, in the way that is its own."""

    def fail(*_):
        raise betterleaks.BetterleaksError("out of memory")

    if request.param == "betterleaks":
        monkeypatch.setattr(betterleaks, "scan_string", fail)
    else:
        monkeypatch.setattr(own, "_keywords_in", fail)
    return request.param


@pytest.mark.parametrize(
    "command",
    [
        "lanes build sft --out",
        "export traces --since 2000-01-01 --out",
        "warehouse export --out",
        "report --out",
    ],
)
def test_nothing_is_written(agp, failing, tmp_path, command):
    out = tmp_path / "out"
    if failing == "betterleaks":
        done = agp(*command.split(), out, exit_code=2)
        assert "so nothing leaves" in done.stderr and done.stderr.strip().count("\n") == 0
    else:
        agp(*command.split(), out, exit_code=1)  # a fault of our own is no clean text either
    assert not out.exists() and not [p for p in tmp_path.iterdir() if "partial" in p.name]


def test_nothing_is_printed(agp, failing):
    query = "select text from v_messages"
    done = agp("sql", "--redact", "--csv", query, exit_code=2 if failing == "betterleaks" else 1)
    assert "roses" not in done.output
