"""The sample's memory tables: files of rows as a project exports them, and the truth about prompts.

What was asked and how it was answered are two memories of a conversation, with small embeddings of
our own; a third of the prompts stand in `claude_prompts` as well, some without a session, some of
sessions whose transcript is gone.
"""

import json
import math
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

from lanes.sample_history.dice import Dice
from lanes.sample_history.logs import Prompt, gone, prompts, readable
from lanes.sample_history.write import history

SEED = "agp-sample-memories-1"
FOLDER = "memory"
TURNS, EDGES, PROMPTS = "memory_turns.jsonl", "memory_turn_edges.jsonl", "claude_prompts.jsonl"
PHASES = ("exploration", "debugging", "planning", "consolidation", "synthesis")
DIMENSIONS = 96
Row = dict[str, Any]


def copy_memories_to(home: Path) -> list[tuple[int, str]]:
    """Lay the tables below home/memory; return (line from 0, prompt) for claude_prompts."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    dice, known = Dice(SEED), prompts()
    turns = written_turns(known)
    logged = written_prompts([*known, *gone(known, dice)], dice)
    tables = {TURNS: turns, EDGES: edges(turns), PROMPTS: [row for row, _ in logged]}
    for name, rows in tables.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [(line, name) for line, (_, name) in enumerate(logged)]


def written_turns(known: list[Prompt]) -> list[Row]:
    """Return what was asked and what was answered, in the order of time."""
    told, rows = answers(), list[Row]()
    for number, prompt in enumerate(known):
        said = [("user", prompt.text, 2.0)]
        if prompt.name in told:
            said.append(("assistant", told[prompt.name], 95.0))
        for role, text, late in said:
            rows.append(
                {
                    "id": len(rows) + 1,
                    "conversation_id": prompt.session,
                    "role": role,
                    "content_text": text,
                    "phase": PHASES[number % len(PHASES)],
                    "salience_score": number * 37 % 100 / 100,
                    "project": prompt.folder.rstrip("/").rpartition("/")[2],
                    "created_at": stamp(prompt.time + timedelta(seconds=late)),
                    "embedding": embedded(text),
                }
            )
    return rows


def answers() -> dict[str, str]:
    """Return the last words of each prompt's answer, by the prompt's uuid."""
    files, ledger = history()
    wanted, found = {p["uuid"] for p in ledger.prompts}, dict[str, str]()
    for data in files.values():
        asked = None
        for line in data.split(b"\n"):
            record = readable(line)
            if record.get("uuid") in wanted:
                asked = str(record["uuid"])
            elif asked and record.get("type") == "assistant" and not record.get("isSidechain"):
                content = record["message"]["content"]
                blocks = content if isinstance(content, list) else []
                texts = [b["text"] for b in blocks if b.get("type") == "text" and b["text"].strip()]
                if texts:
                    found[asked] = texts[-1]
    return found


def edges(turns: list[Row]) -> list[Row]:
    """Return what leads from each turn of a conversation to its next one."""
    by_conversation: dict[str, list[Row]] = defaultdict(list)
    for turn in turns:
        by_conversation[turn["conversation_id"]].append(turn)
    return [
        {"parent_turn_id": a["id"], "child_turn_id": b["id"], "edge_type": "next"}
        for group in by_conversation.values()
        for a, b in pairwise(group)
    ]


def written_prompts(known: list[Prompt], dice: Dice) -> list[tuple[Row, str]]:
    """Return rows of claude_prompts, each with the name of its prompt."""
    rows: list[tuple[Row, str]] = []
    for number, prompt in enumerate(known):
        if number % 3 == 2:
            continue
        late = prompt.time + timedelta(milliseconds=dice.between(0, 1500))
        row = {"id": len(rows) + 1, "prompt_text": prompt.text, "cwd": prompt.folder}
        row |= {"created_at": stamp(late)}
        if number % 4 or "again" in prompt.name:
            row["session_id"] = prompt.session
        rows.append((row, prompt.name))
    return rows


def stamp(time: datetime) -> str:
    """Return a time as PostgREST writes it."""
    return f"{time.isoformat()}+00:00"


def embedded(text: str) -> str:
    """Return an embedding as pgvector writes it: words hashed into a few dimensions, length 1.

    >>> embedded("a word") == embedded("A word!"), embedded("...")
    (True, None)
    """
    counts = Counter(
        blake2b(word.encode(), digest_size=2).digest()[1] % DIMENSIONS
        for word in re.findall(r"\w{3,}", text.lower())
    )
    length = math.sqrt(sum(n * n for n in counts.values()))
    if not length:
        return None  # type: ignore[return-value]
    values = (round(counts[i] / length, 4) for i in range(DIMENSIONS))
    return f"[{','.join(f'{value:g}' for value in values)}]"
