"""One session of work: prompts of the bank in, the records of asking and answering them out."""

from typing import Any

from lanes.sample_history import extras
from lanes.sample_history.bank import Item
from lanes.sample_history.noise import WORDS, say
from lanes.sample_history.transcript import Transcript, text


def ask(t: Transcript, item: Item, **fields: Any) -> str:
    """Write one exchange (prompt, looking around, answer); return the prompt's uuid."""
    if t.since(2, 1, 200) and t.dice.chance(0.3):
        t.put(_queue(t, "enqueue", item.ask))
        t.put(_queue(t, "dequeue", None))
    uuid = t.person(item.more.get("content", item.ask), **fields)
    item.more["uuid"] = uuid
    t.ledger.prompts.append(prompt_row(t, uuid, item))
    if "noise" in item.more:
        t.ledger.noise[item.more["noise"]].append(uuid)
    if t.since(1, 0, 85):
        t.put(_snapshot(t, uuid))
    plant(t, uuid, item)
    look(t, item)
    final = [text(item.answer)]
    if t.dice.chance(0.3):
        final.insert(0, t.thinking(say("thoughts", item, t)))
    t.assistant(final)
    if t.since(2, 1, 79) and t.dice.chance(0.4):
        seconds = t.dice.between(4, 90) * 1000
        t.record("system", subtype="turn_duration", durationMs=seconds, isMeta=False)
    return uuid


def prompt_row(t: Transcript, uuid: str, item: Item) -> dict[str, Any]:
    """Return the ledger's row for a prompt whose answer is worth learning."""
    names = ("project", "area", "topic", "kind", "language", "concept", "check")
    row = {name: getattr(item, name) for name in names}
    return {"uuid": uuid, "session_id": t.place.session_id, "learnable": True, **row}


def plant(t: Transcript, uuid: str, item: Item) -> None:
    """Note the secret that this exchange shows, and write it where no prompt or answer does."""
    if "secret" not in item.more:
        return
    where = {"session_id": t.place.session_id, "uuid": uuid}
    t.ledger.secrets.append({**item.more["secret"], **where})
    if "huge" in item.more:
        extras.huge_output(t, item, item.more["huge"])
    if "hook" in item.more:
        extras.hooked(t, item, item.more["hook"])


def look(t: Transcript, item: Item) -> None:
    """Read the file, edit it where the topic edits, run the command; or just know it."""
    lead = [text(say("lead_ins", item, t))] if t.dice.chance(0.2) else []
    if t.dice.chance(0.35):
        lead.insert(0, t.thinking(say("thoughts", item, t)))
    if t.dice.chance(0.45) or item.edit or "read" in item.more:
        _read(t, item, lead)
        lead = []
    if item.edit:
        _edit(t, item, *item.edit)
    if t.dice.chance(0.4) or item.output or "command" in item.more:
        run(t, item, lead)


def _read(t: Transcript, item: Item, lead: list[dict[str, Any]]) -> None:
    path = f"{t.place.cwd}/{item.more.get('read', item.file)}"
    call = t.call("Read", {"file_path": path})
    t.assistant([*lead, call])
    body = source(item)
    lines = body.split("\n")
    numbered = "\n".join(f"{i:6}→{line}" for i, line in enumerate(lines, 1))
    if t.dice.chance(0.4):
        numbered += WORDS["reminder_in_result"]
        t.ledger.noise["reminder_in_result"].append(call["id"])
    file = {"filePath": path, "content": body, "numLines": len(lines), "startLine": 1}
    t.result(call, numbered, {"type": "text", "file": file})


def source(item: Item) -> str:
    """Return what the file holds, as far as a reader of the transcript sees it."""
    name = item.topic.split("/")[-1].replace("-", "_")
    lines = [f'"""{item.area.replace("_", " ").capitalize()} of {item.project}."""', ""]
    lines += [f"# {line}" for line in item.answer.split("\n") if line[:2] in ("1.", "2.", "3.")]
    return "\n".join([*lines, f"def {name}() -> None:", "    ...", ""])


def _edit(t: Transcript, item: Item, old: str, new: str) -> None:
    path = f"{t.place.cwd}/{item.file}"
    call = t.call("Edit", {"file_path": path, "old_string": old, "new_string": new})
    t.assistant([call])
    patch: dict[str, Any] = {"oldStart": 3, "oldLines": 1, "newStart": 3, "newLines": 1}
    patch["lines"] = [f"-{old}", f"+{new}"]
    beside = {"filePath": path, "oldString": old, "newString": new, "structuredPatch": [patch]}
    t.result(call, f"The file {path} has been updated.", beside)


def run(t: Transcript, item: Item, lead: list[dict[str, Any]]) -> None:
    """Run the item's command and show what it printed."""
    command = item.more.get("command", item.run)
    call = t.call("Bash", {"command": command, "description": f"Check {item.area}"})
    t.assistant([*lead, call])
    out = item.output or say("outputs", item, t, n=str(t.dice.between(4, 60)))
    beside = {"stdout": out, "stderr": "", "interrupted": False, "isImage": False}
    t.result(call, out, beside | item.more.get("beside", {}))


def _queue(t: Transcript, operation: str, content: str | None) -> dict[str, Any]:
    record = {"type": "queue-operation", "operation": operation, "timestamp": t.tick(0, 1)}
    if content is not None:
        record["content"] = content
    return record | {"sessionId": t.place.session_id}


def _snapshot(t: Transcript, uuid: str) -> dict[str, Any]:
    inner = {"messageId": uuid, "trackedFileBackups": {}, "timestamp": t.tick(0, 1)}
    record = {"type": "file-history-snapshot", "messageId": uuid, "snapshot": inner}
    return record | {"isSnapshotUpdate": False}
