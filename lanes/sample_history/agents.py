"""Subagents, in each of the places where clients kept them, and copies of whole sessions."""

from typing import Any

from lanes.sample_history.bank import Item
from lanes.sample_history.dice import Dice
from lanes.sample_history.noise import WORDS, Version, say, warmup
from lanes.sample_history.transcript import Place, Transcript, text


def delegate(t: Transcript, item: Item) -> None:
    """Write an exchange in which a subagent does the looking."""
    uuid = t.person(say("delegate", item, t))
    row = {"uuid": uuid, "session_id": t.place.session_id, "project": item.project}
    row |= {"area": item.area, "topic": None, "kind": "delegated", "language": "en"}
    t.ledger.prompts.append(row | {"concept": None, "learnable": True, "check": None})
    task, report = say("task", item, t), say("report", item, t)
    name = "Agent" if t.since(2, 1, 63) else "Task"
    arguments = {"description": f"Look through {item.area}", "prompt": task}
    call = t.call(name, arguments | {"subagent_type": "Explore" if t.since(2, 0, 0) else "general"})
    t.assistant([call])
    before = t.last
    child = _own_file(t) if t.since(2, 0, 0) else t
    if child is t:  # version 1 wrote the subagent between the lines of its parent
        t.sidechain, t.last = True, None
    _work(child, item, task, report)
    agent_id = child.agent_id
    t.sidechain, t.last = False, before
    note = {"agent_id": agent_id, "session_id": t.place.session_id, "path": child.path}
    t.ledger.subagents.append(note | {"caller": call["id"], "warmup": False})
    if t.since(2, 1, 17) and not t.since(2, 1, 45):
        _progress(t, call["id"], task, agent_id)
    t.result(call, [text(report)], _outcome(task, report, agent_id))
    t.assistant([text(say("delegated", item, t))])


def _own_file(t: Transcript) -> Transcript:
    """Version 2.0 wrote it beside its parent, 2.1 below it, workflows one folder further down."""
    agent_id = t.dice.hex(17 if t.since(2, 1, 100) else 8)
    child = Transcript(t.place, t.now, t.dice, t.ledger, agent_id)
    child.slug = t.slug
    folder = t.place.folder
    if t.since(2, 1, 0):
        folder += f"/{t.place.session_id}/subagents"
    if t.since(2, 1, 229):
        folder += f"/workflows/wf_{t.dice.hex(10)}"
    child.path = f"{folder}/agent-{agent_id}.jsonl"
    if t.since(2, 1, 120):
        meta = b'{"agentType":"Explore","description":"Look around"}'
        t.files[f"{folder}/agent-{agent_id}.meta.json"] = meta
    t.children.append(child)
    return child


def _work(child: Transcript, item: Item, task: str, report: str) -> None:
    child.noise("subagent_prompt", task)
    call = child.call("Grep", {"pattern": item.area, "path": child.place.cwd})
    child.assistant([call])
    child.result(call, f"Found 1 file\n{item.file}", {"mode": "files", "filenames": [item.file]})
    child.assistant([text(report)])


def idle_agent(t: Transcript) -> None:
    """Write the file of an agent that was warmed up and never used."""
    child = _own_file(t)
    warmup(child)
    note = {"agent_id": child.agent_id, "session_id": t.place.session_id, "path": child.path}
    t.ledger.subagents.append(note | {"caller": None, "warmup": True})


def _progress(t: Transcript, tool_id: str, task: str, agent_id: str | None) -> None:
    """Between 2.1.17 and 2.1.44 the parent held copies of what the subagent was told."""
    message = {"type": "user", "message": {"role": "user", "content": [text(task)]}}
    data = {"type": "agent_progress", "message": message, "prompt": task, "agentId": agent_id}
    uuid = t.record("progress", data=data, toolUseID="agent_msg", parentToolUseID=tool_id)
    t.ledger.noise["agent_progress"].append(uuid)


def _outcome(task: str, report: str, agent_id: str | None) -> dict[str, Any]:
    outcome = {"status": "completed", "prompt": task, "agentId": agent_id}
    outcome |= {"content": [text(report)], "totalDurationMs": 8123, "totalTokens": 9211}
    return outcome | {"totalToolUseCount": 1}


def copied(t: Transcript, turns: int, version: Version, dice: Dice) -> Transcript:
    """Return a session that begins with a copy of another one's first turns.

    Message ids, uuids and times stay as they were; only the session's id is another.
    """
    place = Place(dice.uuid(), t.place.project, version, t.place.branch)
    copy = Transcript(place, t.now, dice, t.ledger)
    lines, copy.last = t.turns[turns - 1]
    old, new = t.place.session_id.encode(), place.session_id.encode()
    copy.lines = [line.replace(old, new) for line in t.lines[:lines]]
    copy.turns, copy.end = t.turns[:turns], t.end
    copy.marks = [mark for mark in t.marks if mark[0] < lines]
    fork = {"session_id": place.session_id, "parent": t.place.session_id, "lines": lines}
    t.ledger.forks.append(fork | {"whole": turns == len(t.turns)})
    return copy


def compact(t: Transcript, items: list[Item]) -> None:
    """Write a compaction: a boundary without a parent, then a summary that nobody typed."""
    before = t.last
    fields: dict[str, Any] = {
        "compactMetadata": {"trigger": "auto", "preTokens": t.dice.between(150000, 168000)}
    }
    fields |= {"content": "Conversation compacted", "isMeta": False, "level": "info"}
    boundary = t.record(
        "system",
        parent=None,
        logicalParentUuid=before,
        subtype="compact_boundary",
        **fields,
    )
    told = "\n\n".join(f"{i}. The user: {x.ask}\n   {x.answer}" for i, x in enumerate(items, 1))
    summary = WORDS["summary"].replace("{told}", told)
    uuid = t.noise(
        "compaction_summary", summary, isVisibleInTranscriptOnly=True, isCompactSummary=True
    )
    row = {"session_id": t.place.session_id, "boundary": boundary, "summary": uuid}
    t.ledger.compactions.append(row | {"before": before})
