"""Codex rollouts of the sample: a session of each generation, one of them forked, and a history.

The same person asks the same kinds of things; the truth about prompts, answers, tokens and tool
calls comes back with the files, each prompt once however many records and rollouts show it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lanes.sample_history.bank import Item, items, projects, read
from lanes.sample_history.dice import Dice

SEED, TURNS = "agp-sample-rollouts-1", 6
FOLDER = ".codex/sessions/2026/08"


@dataclass
class Truth:
    """What is true of the rollouts."""

    prompts: dict[str, str] = field(default_factory=dict)  # to the answer
    tokens: int = 0  # of output, reasoning aside
    calls: int = 0
    forks: int = 0
    typed: list[dict[str, Any]] = field(default_factory=list)  # rows of the history

    def note(self, rollout: "Rollout", item: Item) -> None:
        """Note a prompt with its answer; the first two of a session stand in the history too."""
        self.prompts[item.ask] = item.answer
        if sum(row["session_id"] == rollout.session for row in self.typed) < 2:
            at = int((rollout.now - datetime(1970, 1, 1)).total_seconds())
            self.typed.append({"session_id": rollout.session, "ts": at, "text": item.ask})


@dataclass
class Rollout:
    """A rollout in the making."""

    session: str
    now: datetime
    folder: str
    lines: list[str] = field(default_factory=list)

    def put(self, kind: str, payload: dict[str, Any], seconds: float = 0.002) -> None:
        """Append a line of its own time."""
        self.now += timedelta(seconds=seconds)
        stamp = self.now.isoformat("T", "milliseconds") + "Z"
        self.lines.append(json.dumps({"timestamp": stamp, "type": kind, "payload": payload}))

    def item(self, role: str, words: str) -> None:
        """Append a message as a response item."""
        kind = "output_text" if role == "assistant" else "input_text"
        content = [{"type": kind, "text": words}]
        self.put("response_item", {"type": "message", "role": role, "content": content})

    def header(self, version: str, **more: Any) -> None:
        """Append the line that names the session."""
        meta = {"id": self.session, "cwd": self.folder, "cli_version": version}
        self.put("session_meta", meta | {"originator": "codex_cli_rs", "git": None} | more)

    def event(self, kind: str, seconds: float = 0.002, **keys: Any) -> None:
        """Append an event."""
        self.put("event_msg", {"type": kind, **keys}, seconds)


def copy_rollouts_to(home: Path) -> Truth:
    """Lay the rollouts and the history below home/.codex; return the truth about them."""
    truth = Truth()
    for number, (name, write) in enumerate(GENERATIONS.items()):
        dice = Dice(f"{SEED}-{name}")
        project = projects()[number]
        asked = items(project, dice, read("frames")["frames"])[:TURNS]
        session = f"019fc8be-0000-7000-8000-{number:012}"
        begun = datetime(2026, 8, 3 + number, 9)
        rollout = Rollout(session, begun, f"/Users/mira/code/{project}")
        write(rollout, asked, truth)
        lay(home, rollout)
        if name == "events":
            lay(home, forked(rollout, truth))
    history = home / ".codex" / "history.jsonl"
    history.write_text("".join(json.dumps(row) + "\n" for row in truth.typed), encoding="utf-8")
    return truth


def lay(home: Path, rollout: Rollout) -> None:
    """Write a rollout to its place."""
    name = f"rollout-2026-08-03T09-00-00-{rollout.session}.jsonl"
    path = home / FOLDER / "03" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in rollout.lines), encoding="utf-8")


def flat(r: Rollout, asked: list[Item], truth: Truth) -> None:
    """The first generation: items without times, and states between them."""
    r.lines.append(json.dumps({"id": r.session, "timestamp": f"{r.now.isoformat()}Z"}))
    for item in asked:
        for role, words in (("user", item.ask), ("assistant", item.answer)):
            content = [{"type": "text", "text": words}]
            r.lines.append(json.dumps({"type": "message", "role": role, "content": content}))
            r.lines.append(json.dumps({"record_type": "state"}))
        truth.note(r, item)


def events(r: Rollout, asked: list[Item], truth: Truth) -> None:
    """The second: every message as an event and as a response item, tokens as increments."""
    r.header("0.140.0")
    r.item("user", f"<environment_context>{r.folder}</environment_context>")
    r.put("turn_context", {"model": "gpt-5.2", "cwd": r.folder})
    total = 0
    for n, item in enumerate(asked):
        r.event("user_message", 90, message=item.ask)
        r.item("user", item.ask)
        call = f"call_{r.session[-4:]}{n:016}"
        given = json.dumps({"command": ["bash", "-lc", item.run]})
        r.put(
            "response_item",
            {"type": "function_call", "name": "shell", "arguments": given, "call_id": call},
        )
        printed = json.dumps({"output": "ok", "metadata": {"exit_code": 0}})
        r.put("response_item", {"type": "function_call_output", "call_id": call, "output": printed})
        r.event("agent_message", message=item.answer)
        r.item("assistant", item.answer)
        last = {"input_tokens": 900, "cached_input_tokens": 500, "output_tokens": 40 + n}
        total += 940 + n
        info = {"last_token_usage": last, "total_token_usage": {"total_tokens": total}}
        for _ in range(2):  # the same snapshot twice: one call
            r.event("token_count", info=info)
        truth.note(r, item)
        truth.tokens, truth.calls = truth.tokens + 40 + n, truth.calls + 1


def forked(parent: Rollout, truth: Truth) -> Rollout:
    """A fork: a header of its own, a copy of its parent, and one turn more."""
    session = parent.session.replace("-7000-", "-7001-")
    fork = Rollout(session, parent.now, parent.folder)
    fork.header("0.140.0", forked_from_id=parent.session)
    fork.lines += parent.lines
    asked = "And which of these would you do first?"
    fork.event("user_message", 60, message=asked)
    fork.event("agent_message", message="The first one.")
    truth.prompts[asked] = "The first one."
    truth.forks += 1
    return fork


def completed(r: Rollout, asked: list[Item], truth: Truth) -> None:
    """The third: completed items in place of events, with response items beside them."""
    r.header("0.150.0")
    r.put("turn_context", {"model": "gpt-5.3", "cwd": r.folder})
    for n, item in enumerate(asked):
        said = {"type": "UserMessage", "content": [{"type": "Text", "text": item.ask}]}
        r.event("item_completed", 90, item=said)
        r.item("user", item.ask)
        run = {"type": "CommandExecution", "id": f"item-{n}", "command": ["bash", "-lc", item.run]}
        r.event("item_completed", item=run | {"exit_code": 0, "status": "completed"})
        answer = {"type": "AgentMessage", "content": [{"type": "Text", "text": item.answer}]}
        r.event("item_completed", item=answer)
        truth.note(r, item)
        truth.calls += 1


def bare(r: Rollout, asked: list[Item], truth: Truth) -> None:
    """The fourth: response items alone."""
    r.header("0.148.0", source="exec")
    r.item("developer", "Be terse.")
    for item in asked:
        r.now += timedelta(seconds=80)
        r.item("user", item.ask)
        r.item("assistant", item.answer)
        truth.note(r, item)


GENERATIONS: dict[str, Callable[[Rollout, list[Item], Truth], None]] = {
    "flat": flat,
    "events": events,
    "completed": completed,
    "bare": bare,
}
