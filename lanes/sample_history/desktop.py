"""What Claude Desktop and the paste cache add to the sample: a Cowork session, a paste by its hash.

Both go below a home; what is true of them comes back.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

SESSION = "7c0b0f6e-1f2a-4c55-9d0e-00000000c0de"
LOCAL = "9b1f2c3d-0000-4000-8000-00000000c0de"
TURNS = (
    (
        "Sort the receipts of May into one table.",
        "Eleven receipts, 412.80 in all; two lack a date.",
    ),
    ("Which two?", "The bakery's and the one for the train to Lund."),
    ("Leave these out and write the sum below.", "Done: nine receipts, 371.30."),
)
PASTE = "date,shop,sum\n2026-05-03,Tofta bakery,14.20\n2026-05-09,Train,27.30\n"
ASKED = "Why does this not add up? [Pasted text #1 +3 lines]"
TYPED_IN = "0d0d0d0d-5e55-4c55-9d0e-00000000c0de"  # a session whose transcript is gone
START = 1_780_000_000  # seconds: June 2026


def copy_desktop_to(home: Path) -> dict[str, Any]:
    """Lay a Cowork session with its audit copy, and a paste with the row that names its hash."""
    cowork(home / ".config" / "Claude" / "local-agent-mode-sessions" / LOCAL / LOCAL)
    paste(home / ".claude")
    return {"cowork": SESSION, "prompts": [asked for asked, _ in TURNS], "paste": PASTE.strip()}


def cowork(folder: Path) -> None:
    """Write a session as Claude Desktop keeps it."""
    top, parent, lines = folder / f"local_{LOCAL}", None, []
    for n, said in enumerate(part for turn in TURNS for part in turn):
        uuid = f"c0de0000-0000-4000-8000-{n:012}"
        time = f"{datetime.fromtimestamp(START + 60 * n, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
        role = "assistant" if n % 2 else "user"
        message: dict[str, Any] = {"role": role, "content": said}
        if n % 2:
            message |= {"content": [{"type": "text", "text": said}], "id": f"msg_c0de{n}"}
            message |= {"model": "claude-sonnet-4-5", "usage": {"input_tokens": 900 + n}}
        base = {"parentUuid": parent, "isSidechain": False, "sessionId": SESSION, "uuid": uuid}
        base |= {"type": role, "timestamp": time, "cwd": "/sessions/quiet-green-otter"}
        base |= {"version": "2.1.230"} | ({} if n % 2 else {"permissionMode": "default"})
        lines.append(json.dumps(base | {"message": message}) + "\n")
        parent = uuid
    whole = "".join(lines)
    put(top / ".claude" / "projects" / "-sessions-quiet-green-otter" / f"{SESSION}.jsonl", whole)
    put(top / "audit.jsonl", whole.replace("sessionId", "session_id"))
    about = {"sessionId": f"local_{LOCAL}", "cliSessionId": SESSION, "title": "Receipts of May"}
    folders = {"userSelectedFolders": ["/Users/mira/papers"]}
    put(top.with_suffix(".json"), json.dumps(about | folders))


def paste(claude: Path) -> None:
    """Write a pasted text into the cache, and a row of the history that names it."""
    digest = sha256(PASTE.encode()).hexdigest()[:16]
    put(claude / "paste-cache" / f"{digest}.txt", PASTE)
    pasted = {"1": {"id": 1, "type": "text", "contentHash": digest}}
    row = {"display": ASKED, "timestamp": START * 1000, "project": "/Users/mira/code/krume"}
    history = claude / "history.jsonl"
    before = history.read_text(encoding="utf-8") if history.exists() else ""
    more = {"pastedContents": pasted, "sessionId": TYPED_IN}
    put(history, before + json.dumps(row | more) + "\n")


def put(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
