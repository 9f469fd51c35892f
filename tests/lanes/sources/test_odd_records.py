"""Any value may stand anywhere in a record: parsers take it as it is, and columns can hold it."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lanes.sample_history.logs import written
from lanes.sample_history.rollouts import copy_rollouts_to
from lanes.sources.files import SourceFile
from lanes.sources.parsers import normalise
from lanes.sources.rows import Rows

ODD: list[Any] = [
    *(None, True, False, 0, -1, 1e308, float("nan"), float("inf"), 10**30, "", "x", "\ud83d"),
    *([], {}, [[]], [None], {"a": None}, ["a", 1, {"text": 3}], {"type": "text", "text": [1]}),
    *("{not", "2026-01-01", [{"type": {}}], {"type": [1]}),
]
WHOLE = ("CommandExecution", "FileChange", "McpToolCall", "WebSearch", "CollabAgentToolCall")


def places(value: Any, at: tuple = ()) -> Iterator[tuple]:
    """Yield the place of every value inside another."""
    pairs = value.items() if isinstance(value, dict) else ()
    for key, inner in list(enumerate(value)) if isinstance(value, list) else pairs:
        yield (*at, key)
        yield from places(inner, (*at, key))


def replaced(value: Any, place: tuple, odd: Any) -> Any:
    if not place:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = replaced(copy[place[0]], place[1:], odd)
    return copy


def records(source: str, folder: Path) -> list[Any]:
    if source == "codex":
        copy_rollouts_to(folder)
        lines = [x for path in folder.rglob("rollout*") for x in path.read_text().splitlines()]
        whole = {"id": "a", "duration": {"secs": 1, "nanos": 2}, "result": {"Ok": {"content": []}}}
        whole |= {"command": ["ls"], "exit_code": 1, "changes": {}, "tool": "t", "query": "q"}
        items = [{"type": "item_completed", "item": whole | {"type": kind}} for kind in WHOLE]
        rest = [{"timestamp": "2026-01-01", "type": "event_msg", "payload": i} for i in items]
        usage = {"usage": {"input_tokens": 1, "output_tokens": 2}, "response_id": "r"}
        return [*map(json.loads, lines), *rest, {"type": "token_usage_record", "payload": usage}]
    call = {"tool_name": "a", "input": {}, "exit_code": 1, "duration_ms": 3, "output": "o"}
    more: dict[str, Any] = {"assistant_turns": [{"content": "x", "tool_calls": [call]}]}
    more |= {"errors": [], "git_context_json": "{}", "environment": {"cwd": "/x"}}
    logs = {"verbose": "verbose-all", "claude_history": "history"}
    name = next(name for name in written().lines if logs[source] in name)
    return [row | (more if source == "verbose" else {}) for _, _, row in written().lines[name][:40]]


@pytest.mark.parametrize("source", ["codex", "verbose", "claude_history"])
def test_any_value_anywhere_is_survived(source, tmp_path):
    known, dice, rows = records(source, tmp_path), random.Random(5), Rows()
    for n in range(1000):
        record = dice.choice(known)
        for _ in range(dice.randint(1, 2)):
            if found := list(places(record)):
                record = replaced(record, dice.choice(found), dice.choice(ODD))
        file = SourceFile(source, "/x", "log", "s1" if n % 2 else None, None, f"f{n // 50}")
        normalise(file, [(n, record)], rows)
    assert rows.to_arrow()["messages"].num_rows > 100
