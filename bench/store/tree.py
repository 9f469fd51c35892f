"""A tree that repeats itself as real histories do: pictures twice on a line, forks, compactions."""

import base64
import json
import random
from pathlib import Path
from typing import Any
from uuid import UUID

SESSIONS, TURNS, PICTURES = 40, 120, 12


def plain(home: Path, images: int, forks: int, codex: int) -> None:
    """Write transcripts with so many images, so many forks of them, and so many rollouts."""
    dice = random.Random(5)
    words = ["".join(dice.choices("etaoinshrdlu", k=dice.randint(2, 9))) for _ in range(2000)]
    folder = home / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    written = [transcript(dice, words, folder, images // SESSIONS) for _ in range(SESSIONS)]
    for parent in dice.sample(written, min(forks, len(written))):
        session = name(dice)
        data = (folder / f"{parent}.jsonl").read_bytes().replace(parent.encode(), session.encode())
        (folder / f"{session}.jsonl").write_bytes(data + line(dice, session, "And now?"))
    sessions = home / ".codex" / "sessions" / "2026" / "01" / "01"
    sessions.mkdir(parents=True)
    for n in range(codex):
        rollout(dice, words, sessions, n)


def name(dice: random.Random) -> str:
    """Return a uuid."""
    return str(UUID(int=dice.getrandbits(128), version=4))


def text(dice: random.Random, words: list[str]) -> str:
    """Return some words."""
    return " ".join(dice.choices(words, k=dice.randint(50, 600)))


def line(dice: random.Random, session: str, content: Any, **more: Any) -> bytes:
    """Return a user record."""
    row = {"type": "user", "uuid": name(dice), "sessionId": session}
    row |= {"timestamp": "2026-03-01T10:00:00.000Z"} | more
    return json.dumps(row | {"message": {"role": "user", "content": content}}).encode() + b"\n"


def transcript(dice: random.Random, words: list[str], folder: Path, images: int) -> str:
    """Write a session whose results stand twice on their line; return its id."""
    session, lines = name(dice), []
    for n in range(TURNS):
        said = text(dice, words)
        result = [{"type": "tool_result", "tool_use_id": f"t{n}", "content": said}]
        lines.append(line(dice, session, result, toolUseResult={"stdout": said}))
    for _ in range(images):
        data = picture(dice.randrange(PICTURES))
        shown = {"type": "base64", "media_type": "image/png", "data": data}
        content = [{"type": "image", "source": shown}]
        lines.append(line(dice, session, content, toolUseResult={"file": {"base64": data}}))
    (folder / f"{session}.jsonl").write_bytes(b"".join(lines))
    return session


def picture(number: int) -> str:
    """Return one of a few pictures."""
    return base64.b64encode(random.Random(number).randbytes(150_000)).decode()


def rollout(dice: random.Random, words: list[str], folder: Path, number: int) -> None:
    """Write a rollout that repeats all it held at each compaction."""
    rows: list[dict[str, Any]] = [{"type": "session_meta", "payload": {"id": f"c{number}"}}]
    for k in range(40):
        for kind in ("user_message", "agent_message"):
            said = {"type": kind, "message": text(dice, words)}
            rows.append({"type": "event_msg", "payload": said})
        if k % 8 == 7:
            history = [row["payload"] for row in rows if row["type"] == "event_msg"]
            rows.append({"type": "compacted", "payload": {"replacement_history": history}})
    file = f"rollout-2026-01-01T10-00-00-019fc8be-0000-7000-8000-{number:012}.jsonl"
    stamped = ({"timestamp": f"2026-01-01T10:{i % 60:02}:00.000Z"} | r for i, r in enumerate(rows))
    (folder / file).write_text("".join(json.dumps(row) + "\n" for row in stamped))
