"""Logs of prompts beside the sample's transcripts: the same prompts again, as loggers keep them.

The transcripts go in; `history.jsonl`, `verbose-all.jsonl` and `prompts-all.jsonl` come out, and a
row of truth for each of their lines: which prompt it is. Planted among them are sessions whose
transcript is gone, clocks of another zone, rows without a session, other spacing, pastes, and words
that were said again elsewhere or at another time.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lanes.sample_history.dice import Dice
from lanes.sample_history.write import history

SEED = "agp-sample-logs-1"
HISTORY, VERBOSE, PROMPTS = (
    "history.jsonl",
    "prompt-logs/verbose-all.jsonl",
    "prompt-logs/prompts-all.jsonl",
)
KINDS = ("convention", "concept", "topic", "code", "language")  # plain words, typed at a prompt
ZONE = timedelta(hours=2)


@dataclass
class Prompt:
    """A prompt that a person typed: `name` is its uuid, or its own where no transcript has it."""

    name: str
    text: str
    time: datetime
    session: str
    folder: str


@dataclass
class Logs:
    """Lines by file, and for each the name of the prompt that it shows."""

    lines: dict[str, list[tuple[datetime, str, dict[str, Any]]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, file: str, prompt: Prompt, row: dict[str, Any]) -> None:
        """Note a line."""
        self.lines[file].append((prompt.time, prompt.name, row))

    def files(self) -> dict[str, bytes]:
        """Return each file's bytes, its lines in the order of time."""
        return {
            name: b"".join(json.dumps(row).encode() + b"\n" for _, _, row in self.sorted(name))
            for name in self.lines
        }

    def sorted(self, name: str) -> list[tuple[datetime, str, dict[str, Any]]]:
        """Return a file's lines in the order they stand there."""
        return sorted(self.lines[name], key=lambda line: line[0])

    def truth(self) -> list[tuple[str, int, str]]:
        """Return (file, line from 0, name of the prompt) for every line."""
        names = sorted(self.lines)
        return [(n, i, line[1]) for n in names for i, line in enumerate(self.sorted(n))]


def copy_logs_to(home: Path) -> list[tuple[str, int, str]]:
    """Lay the logs below home/.claude and return the truth about their lines."""
    logs = written()
    for name, data in logs.files().items():
        path = home / ".claude" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return logs.truth()


def written() -> Logs:
    """Write every log."""
    dice, logs = Dice(SEED), Logs()
    known = prompts()
    for number, prompt in enumerate(known):
        show(logs, prompt, number, dice)
    for number, prompt in enumerate(gone(known, dice)):
        show(logs, prompt, number, dice)
    return logs


def prompts() -> list[Prompt]:
    """Return the prompts of the transcripts that a log may have seen too."""
    files, ledger = history()
    wanted = {p["uuid"]: p["session_id"] for p in ledger.prompts if p["kind"] in KINDS}
    found: dict[str, Prompt] = {}
    for data in files.values():
        for line in data.split(b"\n"):
            record = readable(line)
            uuid = str(record.get("uuid"))
            if uuid in wanted and uuid not in found and record["sessionId"] == wanted[uuid]:
                content, time = record["message"]["content"], record["timestamp"]
                if isinstance(content, str):
                    at = datetime.fromisoformat(time.rstrip("Z"))
                    session, folder = record["sessionId"], record["cwd"]
                    found[uuid] = Prompt(uuid, content, at, session, folder)
    return sorted(found.values(), key=lambda prompt: (prompt.time, prompt.name))


def readable(line: bytes) -> dict[str, Any]:
    """Return a line's record; an empty one for the lines that are broken."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) and "sessionId" in record else {}


def gone(known: list[Prompt], dice: Dice) -> list[Prompt]:
    """Return prompts without a transcript: of deleted sessions, or said again hours later."""
    made = []
    for n, prompt in enumerate(known[::4]):
        if n % 4 == 3:  # the same words in the same session, hours later: another prompt
            later = prompt.time + timedelta(minutes=dice.between(400, 900) + 0.37)
            made.append(Prompt(f"again-{n}", prompt.text, later, prompt.session, prompt.folder))
        else:
            time = prompt.time + timedelta(days=40, seconds=dice.between(0, 9000))
            session = f"{n // 8:08x}-0000-4000-8000-{n // 8:012x}"
            made.append(Prompt(f"gone-{n}", prompt.text, time, session, prompt.folder))
    return made


def show(logs: Logs, prompt: Prompt, number: int, dice: Dice) -> None:
    """Let some of the logs show a prompt, each in its own way."""
    late = prompt.time + timedelta(milliseconds=dice.between(0, 2500))
    text = prompt.text.replace(" ", "  ") + "\n" if number % 7 == 2 else prompt.text
    if number % 5 != 4:
        stamp = int((late - datetime(1970, 1, 1)).total_seconds() * 1000)
        row = {"display": text, "pastedContents": {}, "timestamp": stamp, "project": prompt.folder}
        if number % 6 == 1 and len(text) > 60:
            cut = text.index(" ", 30) + 1
            paste = {"id": 1, "type": "text", "content": text[cut:]}
            row |= {
                "display": f"{text[:cut]}[Pasted text #1 +3 lines]",
                "pastedContents": {"1": paste},
            }
        if number % 4 or "again" in prompt.name:
            row["sessionId"] = prompt.session
        logs.add(HISTORY, prompt, row)
    if number % 3 == 0:
        score = {
            "complexity_score": dice.below(100) / 100,
            "total_token_usage": dice.between(9, 9000),
        }
        spelled = {"prompt_text": text, "prompt_id": prompt.name, "session_id": prompt.session}
        shown = late - ZONE if number % 9 == 0 and "again" not in prompt.name else late
        spelled |= {"captured_at": shown.isoformat(), "environment": {"cwd": prompt.folder}}
        logs.add(VERBOSE, prompt, spelled | score | {"tool_calls": dice.below(9)})
    if number % 2 == 0:
        row = {"sessionId": prompt.session, "user_message": text, "assistant_message": "Done."}
        logs.add(PROMPTS, prompt, row | {"timestamp": f"{late.isoformat()}Z", "cwd": prompt.folder})
