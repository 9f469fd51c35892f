"""ATIF 1.8 documents: what a session's files say in, one trajectory out, its subagents embedded."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lanes.traces.choose import Session
from lanes.traces.steps import trajectory
from lanes.traces.told import Record, Told, place


def document(session: Session, told: Told) -> Record | None:
    """Return a session's trajectory; None where nothing was said."""
    kept = [m for m in told.messages if m["on_path"]]
    main = [m for m in kept if not m["agent_id"]]
    found = trajectory(session, session.id, main, told)
    embed(found, subagents(session, kept, told))
    if not found["steps"]:
        return None
    aside = len(told.messages) - len(kept)
    if aside:
        found["notes"] = f"{aside} messages of branches that a person left aside are not here"
    extra = {"title": session.title, "parent_session_id": session.parent_id}
    found["extra"] = {key: value for key, value in extra.items() if value} or None
    return without_none(found)


def subagents(session: Session, kept: Iterable[Record], told: Told) -> dict[str, Record]:
    """Return the trajectories of a session's subagents by the tool call that started each."""
    threads: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for message in kept:
        if message["agent_id"]:
            threads[message["agent_id"]][message["caller_id"] or ""].append(message)
    found: dict[str, Record] = {}
    for agent_id, by_caller in threads.items():
        if len(by_caller) == 2 and "" in by_caller:  # what no call claims goes with the one that is
            [caller] = set(by_caller) - {""}
            by_caller = {caller: sorted_as(kept, [m for ms in by_caller.values() for m in ms])}
        for number, (caller, messages) in enumerate(by_caller.items()):
            name = agent_id if number == 0 else f"{agent_id}-{number + 1}"
            found[caller or f"none-{name}"] = trajectory(session, name, messages, told)
    return {caller: one for caller, one in found.items() if one["steps"]}


def sorted_as(whole: Iterable[Record], part: Iterable[Record]) -> list[Record]:
    """Return some messages in the order of all."""
    wanted = {place(message) for message in part}
    return [message for message in whole if place(message) in wanted]


def embed(root: Record, subs: dict[str, Record]) -> None:
    """Put each subagent into the trajectory that called it; one that none called into the root."""
    owner = {
        call["tool_call_id"]: (one, step)
        for one in (root, *subs.values())
        for step in one["steps"]
        for call in step.get("tool_calls") or ()
    }
    for caller, sub in subs.items():
        parent, step = owner.get(caller, (root, None))
        if parent is sub:
            parent, step = root, None
        parent.setdefault("subagent_trajectories", []).append(sub)
        if step is None:
            continue
        results = step.setdefault("observation", {"results": []})["results"]
        mine = [result for result in results if result["source_call_id"] == caller]
        if not mine:
            results.append({"source_call_id": caller})
            mine = results[-1:]
        mine[0]["subagent_trajectory_ref"] = [{"trajectory_id": sub["trajectory_id"]}]


def without_none(value: Any) -> Any:
    """Return a nested value without the keys that hold None; a tool's arguments stay as they are.

    >>> without_none({"a": None, "arguments": {"b": None}})
    {'arguments': {'b': None}}
    """
    if isinstance(value, dict):
        return {
            key: item if key == "arguments" else without_none(item)
            for key, item in value.items()
            if item is not None
        }
    return [without_none(item) for item in value] if isinstance(value, list) else value
