"""A history of plain transcripts for benchmarks: a number of exchanges in, files out.

Prompts and answers average 592 characters together. One exchange in eight begins or ends like the
noise that rules look for, one in six calls a tool, one in twenty repeats an earlier one, and into
one in sixteen the harness writes a notice.
"""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

VOCABULARY = """
    the of and to in file function test error build run change update read write path module class
    return value import config server client request response data table row column query index
    cache token session message model tool call result patch commit branch merge fix bug feature
    please could you now check why this fails when we start again with another version and then
    look at logs because it seems wrong maybe remove that line or keep only the first item
"""
NOISE = (
    "Warmup",
    "[heartbeat] 2026-01-02T03:04Z session alive?",
    "/compact",
    "continue",
    "ok",
    "1",
    "https://example.org/a/b",
    "3f2a9c1e7b4d4c0a9e1f",
    "Traceback (most recent call last):\n  File x.py line 3\nValueError: no",
    "Fix this:\n\n```python\nprint(1)\n```",
)
ENDINGS = (
    "```python\nprint(1)\n```",
    "HEARTBEAT_OK",
    "API Error: 529 Overloaded",
    "No response requested.",
    "Done. See https://example.org/a/b and run `pytest -q` again.",
)
NOTICE = "<task-notification>tests failed</task-notification>"
SESSION = 100  # exchanges in a transcript
Made = tuple[str, str, bool, bool]  # prompt, answer, calls a tool, holds a notice


def exchanges(count: int, seed: int = 7) -> Iterator[Made]:
    """Yield so many exchanges, the same ones for the same seed."""
    dice = random.Random(seed)
    pool = dice.choices(VOCABULARY.split(), k=50_000)

    def words(mean: int) -> str:
        length = 1 + min(int(dice.expovariate(1 / mean)), 5_000)
        start = dice.randrange(len(pool) - length)
        return " ".join(pool[start : start + length])

    earlier: list[Made] = []
    for i in range(count):
        if i % 20 == 19:
            yield dice.choice(earlier)
            continue
        prompt = dice.choice(NOISE) if i % 8 == 0 else words(24)
        answer = dice.choice(ENDINGS) if i % 8 == 4 else words(94)
        made = prompt, answer, i % 6 == 0, i % 16 == 1
        if len(earlier) < 5_000:
            earlier.append(made)
        yield made


def records(number: int, made: list[Made]) -> Iterator[dict[str, Any]]:
    """Yield the records of a transcript: each hangs on the one before."""
    session, at, parent, count = str(UUID(int=number << 88)), datetime(2026, 3, 1), None, 0

    def record(role: str, content: Any, **keys: Any) -> dict[str, Any]:
        nonlocal at, parent, count
        at, count = at + timedelta(seconds=7), count + 1
        uuid = str(UUID(int=(number << 64) + count))
        line = {"parentUuid": parent, "isSidechain": False, "type": role, "uuid": uuid}
        line |= {"cwd": "/home/dev/garden", "sessionId": session, "version": "2.1.3"}
        line |= {"timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
        message: dict[str, Any] = {"role": role, "content": content}
        if role == "assistant":
            message |= {"id": f"msg_{number}_{count}", "model": "claude-x"}
        parent = uuid
        return line | {"message": message} | keys

    for prompt, answer, calls, noticed in made:
        yield record("user", prompt, permissionMode="default")
        if calls:
            use = {"type": "tool_use", "id": f"toolu_{number}_{count}", "name": "Bash"}
            yield record("assistant", [use | {"input": {"command": "pytest -q"}}])
            result = {"type": "tool_result", "tool_use_id": use["id"], "content": "ok"}
            yield record("user", [result | {"is_error": count % 7 == 0}])
        if noticed:
            yield record("user", NOTICE)
        yield record("assistant", [{"type": "text", "text": answer}])


def write(home: Path, count: int) -> None:
    """Write a Claude tree of so many exchanges below a home."""
    every = list(exchanges(count))
    for number in range(0, count, SESSION):
        folder = home / ".claude" / "projects" / f"-home-dev-p{number // SESSION % 17}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = records(number + 1, every[number : number + SESSION])
        path = folder / f"{UUID(int=(number + 1) << 88)}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
