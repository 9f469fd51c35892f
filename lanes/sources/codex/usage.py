"""Tokens of a rollout: the increment of each call, whichever of two records tells it, once.

`total_token_usage` is a snapshot that may repeat, fall after a compaction or begin high in a fork,
so it only tells a repeated record. Cached input is part of input here and reasoning part of output:
both are taken apart, so that no bucket contains another.
"""

from typing import Any

from lanes.sources.claude.blocks import string
from lanes.sources.codex.thread import Thread
from lanes.sources.rows import Here, Rows

Counts = tuple[int, int, int, int, int]


def add_token_count(rows: Rows, here: Here, thread: Thread, payload: dict[str, Any]) -> None:
    """Append the call that an event of tokens tells, unless it repeats the one before."""
    info = payload.get("info")
    counts = counts_of(info.get("last_token_usage")) if isinstance(info, dict) else None
    if not isinstance(info, dict) or counts is None:
        return
    total = info.get("total_token_usage")
    if total is not None and total == thread.total:
        return
    thread.total = total
    if not told(thread, "event", counts):
        call = thread.name(here.ordinal, here.time, "usage", repr(counts))
        add_line(rows, here, thread, call, counts)


def add_usage_record(rows: Rows, here: Here, thread: Thread, record: dict[str, Any]) -> None:
    """Append the call of a record of its own, as versions from 0.151 on write it."""
    counts = counts_of(record.get("usage"))
    if counts is None or told(thread, "record", counts):
        return
    call = string(record.get("response_id"))
    call = call or thread.name(here.ordinal, here.time, "usage", repr(counts))
    add_line(rows, here, thread, call, counts)


def told(thread: Thread, family: str, counts: Counts) -> bool:
    """Say whether the other family of records has told of this call."""
    for place, (other, same) in enumerate(thread.counted):
        if other != family and same == counts:
            del thread.counted[place]
            return True
    thread.counted.append((family, counts))
    return False


def counts_of(usage: Any) -> Counts | None:
    """Return uncached input, cache read, cache written, output without reasoning, reasoning.

    >>> counts_of({"input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 3,
    ...            "reasoning_output_tokens": 1})
    (5, 4, 0, 2, 1)
    >>> counts_of({"prompt": 3}), counts_of(None)
    (None, None)
    """
    if not isinstance(usage, dict) or not {"input_tokens", "output_tokens"} & usage.keys():
        return None
    given, cached, written, output, reasoned = (
        _count(usage.get(name))
        for name in (
            "input_tokens",
            "cached_input_tokens",
            "cache_write_input_tokens",
            "output_tokens",
            "reasoning_output_tokens",
        )
    )
    uncached = max(given - cached - written, 0)
    return uncached, cached, written, max(output - reasoned, 0), reasoned


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**62 else 0


def add_line(rows: Rows, here: Here, thread: Thread, call: str, counts: Counts) -> None:
    """Append a usage line."""
    line = (*here[:2], call, here.session_id, thread.model, here.time, *counts)
    rows.usage_lines.append(line)
