"""Which memories an exchange has, and what a training row makes of them."""

import json
from pathlib import Path

import pytest

AT = "2026-02-0{}T10:00:00+00:00"
TEXTS = [
    "The tokenizer drops trailing newlines when a file ends in spaces.",
    "Tomatoes want water in the evening.",
    "The tokenizer test fails on newlines of Windows; see conftest.",
]


@pytest.fixture
def remember(home: Path):
    """Return a function that writes rows of memory_turns into a file and ingests it."""

    def write(agp, *rows: dict) -> None:
        always = {"role": "assistant", "phase": "debugging"}
        numbered = [
            always | {"id": n, "created_at": AT.format(n + 1)} | r for n, r in enumerate(rows)
        ]
        path = home / "memory_turns.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in numbered))
        agp("ingest", path)

    return write


@pytest.fixture
def asked(agp, claude_tree):
    """Return a function that says what a person asks, answered, and returns the exchange's id."""

    def ask(text: str, session: str = "s1", **keys: object) -> str:
        s = claude_tree(session)
        s.person(text, **keys)
        s.agent("It splits on spaces first; that is where the newlines go.")
        agp("ingest")
        query = "select exchange_id from v_exchanges order by asked_at desc limit 1"
        return json.loads(agp("sql", "--json", query).stdout)[0]["exchange_id"]

    return ask


def memories(agp, exchange: str) -> list[dict]:
    return json.loads(agp("memories", exchange, "--json").stdout)["memories"]


def test_words_and_time_decide(agp, asked, remember):
    exchange = asked("Why does the tokenizer lose trailing newlines?")
    later = {"content_text": TEXTS[0], "created_at": "2026-05-01T00:00:00+00:00"}
    remember(agp, *({"content_text": text} for text in TEXTS), later)
    found = memories(agp, exchange)
    assert [m["text"] for m in found] == [TEXTS[0], TEXTS[2]]
    assert found[0]["text_similarity"] > found[1]["text_similarity"] > 0
    assert "The tokenizer drops" in agp("memories", exchange).output


def test_an_embedding_finds_what_words_do_not(agp, asked, remember):
    prompt = "Why does the tokenizer lose trailing newlines?"
    exchange = asked(prompt)
    own = {"content_text": prompt, "created_at": "2026-03-01T09:01:01Z", "embedding": "[1,0,0]"}
    near = {"content_text": "Line ends vanish while lexing.", "embedding": "[0.9,0.1,0]"}
    far = {"content_text": "Tomatoes want water.", "embedding": "[0,1,0]"}
    other = {"content_text": "Another dimension.", "embedding": "[1,0]"}
    remember(agp, own, near, far, other)
    found = memories(agp, exchange)
    assert [m["text"] for m in found] == [near["content_text"]]
    assert found[0]["embedding_similarity"] > 0.95


def test_a_deleted_memory_is_none_and_secrets_are_replaced(agp, asked, remember):
    exchange = asked("Why does the tokenizer lose trailing newlines?")
    key = "AKIA" + "Q3EGTUV5XKJ2WZ7D"
    remember(
        agp,
        {"content_text": TEXTS[0], "deleted_at": "2026-02-09T00:00:00Z"},
        {"content_text": f"The tokenizer service wants {key} for trailing newlines."},
    )
    out = agp("memories", exchange, "--json").stdout
    assert key not in out and "[AWS_KEY_1]" in out and TEXTS[0] not in out
    assert "aws_key" in agp("secrets", "scan").output


def build(agp, home: Path) -> list[dict]:
    agp("lanes", "build", "sft", "--out", home / "out")
    files = sorted((home / "out").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_a_row_begins_with_its_memories_and_says_so(agp, home, asked, remember):
    asked("Why does the tokenizer lose trailing newlines?")
    [plain] = build(agp, home)
    remember(agp, *({"content_text": text} for text in TEXTS))
    [row] = build(agp, home)
    assert (plain["grounded_in"], plain["memory_ids"]) == ("", [])
    assert row["grounded_in"] == "memories" and len(row["memory_ids"]) == 2
    opened = row["messages"][0]["content"]
    assert opened.startswith("What I remember of earlier work:\n- 2026-02-01, debugging: The tok")
    assert opened.endswith("\n\n" + plain["messages"][0]["content"])
    assert (row["messages"][1:], row["loss"]) == (plain["messages"][1:], plain["loss"])


@pytest.mark.slow
def test_a_memory_of_another_split_is_not_shown(agp, home, asked, remember, rows):
    for n in range(12):  # enough sessions for several splits
        asked(f"Why does the tokenizer lose trailing newlines in case {n}?", session=f"s{n}")
    told = ({"content_text": f"{TEXTS[0]} Case {n}.", "conversation_id": f"s{n}"} for n in range(8))
    remember(agp, *told)
    build(agp, home)
    query = """select m.memory_id, p.split from v_memories m
        join sessions s on s.session_id = m.conversation_id join splits p using (family_id)"""
    home_of = dict(rows(query))
    assert len(set(home_of.values())) > 1
    shown = 0
    for file in (home / "out").glob("*.jsonl"):
        for line in file.read_text().splitlines():
            for memory in json.loads(line)["memory_ids"]:
                assert home_of[memory] == file.stem
                shown += 1
    assert shown


def test_a_memory_written_again_later_is_not_shown(agp, home, asked, remember):
    asked("Why does the tokenizer lose trailing newlines?")
    remember(agp, {"content_text": TEXTS[0], "updated_at": "2026-06-01T00:00:00Z"})
    assert [row["grounded_in"] for row in build(agp, home)] == [""]
