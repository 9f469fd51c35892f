"""What `agp lineage` shows of a person's words: secrets replaced, also where a text is cut."""

import json
import re

import pytest

KEY = "sk-ant-" + "api03-" + "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY" * 3 + "AA"


@pytest.fixture
def asked(claude_tree, agp, rows):
    """The exchange of a prompt and a call with a key in each, in the prompt where it is cut."""
    session = claude_tree(project="-home-mirabrand7-garden")
    session.person(f"{'Water the roses. ' * 4}Use {KEY} for that")
    session.tool("Bash", "done", command=f"curl -H 'x-api-key: {KEY}' garden")
    session.agent("Done.")
    agp("ingest")
    return rows("select exchange_id, tool_call_id, message_id from v_tool_calls")[0]


def test_no_secret_in_any_tree(asked, agp):
    for given in asked:
        for options in ([], ["--json"], ["--all"], ["--redact"]):
            assert KEY[:16] not in agp("lineage", given, *options).stdout
    prompt = json.loads(agp("lineage", asked[0], "--json").stdout)["prompt"]
    assert re.search(r"Use \[[A-Z_]+_1\]", prompt)


def test_paths_stand_as_they_are_unless_asked_otherwise(asked, agp):
    assert "mirabrand" in agp("lineage", asked[0]).stdout
    shown = agp("lineage", asked[0], "--redact").stdout
    assert "mirabrand" not in shown and "[USER_1]" in shown


def test_the_exact_bytes_are_never_redacted(asked, agp, rows):
    [(record,)] = rows("select file_id || ':0' from v_files")
    assert KEY.encode() in agp("lineage", record, "--bytes").stdout_bytes
    assert "as it is" in agp("lineage", record, "--bytes", "--redact", exit_code=2).stderr
