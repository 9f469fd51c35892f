"""`agp secrets` never shows a secret, counts them by kind, and filters a text."""

import json

import pytest


@pytest.fixture
def history(home, grow):
    """Lay a transcript with two secrets, and return them."""
    key, mail = grow("ghp_{A-Za-z0-9*36}", 1), grow("{a-z*8}@{a-z*9}.org", 1)
    folder = home / ".claude/projects/-tmp-garden"
    folder.mkdir(parents=True)
    facts = {"sessionId": "s1", "version": "2.1.0", "cwd": "/tmp/garden", "isSidechain": False}
    records = [
        {"type": "user", "uuid": "u1", "message": {"role": "user", "content": f"Use {key} twice"}},
        {
            "type": "assistant",
            "uuid": "a1",
            "parentUuid": "u1",
            "message": {
                "role": "assistant",
                "id": "m1",
                "content": [
                    {"type": "text", "text": f"Wrote to {mail}"},
                    {
                        "type": "tool_use",
                        "id": "t1",
                        "name": "Bash",
                        "input": {"command": f"export TOKEN={key}"},
                    },
                ],
            },
        },
    ]
    stamped = [r | facts | {"timestamp": "2026-01-02T03:04:05.000Z"} for r in records]
    (folder / "s1.jsonl").write_text("".join(json.dumps(r) + "\n" for r in stamped))
    return key, mail


def test_scan_counts_and_hides(agp, history):
    agp("ingest")
    found = json.loads(agp("secrets", "scan", "--json").stdout)
    kinds = {row["kind"]: (row["findings"], row["different"]) for row in found["kinds"]}
    assert kinds == {"github_pat": (2, 1), "email": (1, 1)}
    table = agp("secrets", "scan", "--places").stdout
    assert "github_pat" in table and "tool input" in table
    assert not any(secret in table + json.dumps(found) for secret in history)


def test_places_are_counted_and_few(agp, history):
    agp("ingest")
    whole = agp("secrets", "scan", "--places", "--limit", "0").stdout
    few = agp("secrets", "scan", "--places", "--limit", "1").stdout
    assert whole.count("github_pat") == 3 and "more place" not in whole
    assert few.count("github_pat") == 2 and "… and 2 more places; --limit 0 shows them" in few
    assert "email" not in few[few.index("Places") :]  # a credential comes first


def test_scan_of_one_kind(agp, history):
    agp("ingest")
    found = json.loads(agp("secrets", "scan", "--kind", "email", "--json").stdout)
    assert {place["kind"] for place in found["places"]} == {"email"}


def test_scan_without_a_warehouse_says_what_to_do(agp):
    assert "agp ingest" in agp("secrets", "scan", exit_code=2).output


def test_redact_filters_a_text_and_keeps_bad_bytes(agp, grow):
    key = grow("ghp_{A-Za-z0-9*36}", 2)
    result = agp("secrets", "redact", stdin=f"key {key}\n")
    assert result.stdout == "key [GITHUB_PAT_1]\n"
    assert result.stderr == "replaced: 1 github_pat\n"


def test_redact_knows_the_words_of_the_home(agp, home):
    (home / ".agp").mkdir()
    (home / ".agp/literals.txt").write_text("# mine\nProject Heron\n")
    assert agp("secrets", "redact", stdin="Project Heron").stdout == "[LITERAL_1]"
    assert (home / ".agp/salt").stat().st_mode & 0o777 == 0o600


def test_kinds_lists_every_detector(agp):
    rows = json.loads(agp("secrets", "kinds", "--json").stdout)
    assert {"email", "aws_key"} <= {row["kind"] for row in rows}
