"""The records about a session rather than of it: what clients write first, last and in between."""

from lanes.sample_history.bank import Item
from lanes.sample_history.transcript import Transcript


def opening(t: Transcript, item: Item, leaf: str | None) -> None:
    """Write what stands before the first turn; `leaf` is a record of some other file."""
    session = {"sessionId": t.place.session_id}
    if t.since(2, 1, 229):
        _first_lines(t, item)
    elif t.since(2, 1, 92):
        t.put({"type": "permission-mode", "permissionMode": "default"} | session)
    elif t.since(1, 0, 50) and leaf and t.dice.chance(0.4):
        title = f"{item.area.replace('_', ' ').capitalize()} of {item.project}"
        t.put({"type": "summary", "summary": title, "leafUuid": leaf})


def _first_lines(t: Transcript, item: Item) -> None:
    """Newer clients open with bookkeeping, so the first line says nothing."""
    session = {"sessionId": t.place.session_id}
    stamp = {"timestamp": t.tick(0, 1)}
    if t.dice.chance(0.7):
        queue = {"type": "queue-operation", "operation": "enqueue"} | stamp
        t.put(queue | {"content": item.ask} | session)
        t.put({"type": "queue-operation", "operation": "dequeue"} | stamp | session)
    else:
        t.put({"type": "last-prompt", "lastPrompt": item.ask, "leafUuid": t.dice.uuid()} | session)
    t.put({"type": "mode", "mode": "normal"} | session)
    t.put({"type": "permission-mode", "permissionMode": "default"} | session)
    for _ in range(t.dice.between(1, 3)):
        t.put({"type": "atis-latch", "atis": t.dice.hex(6)} | session)
    if t.since(2, 1, 241):
        t.put({"type": "frame-link", "frameId": t.dice.hex(12)} | session)
    if t.dice.chance(0.5):
        t.put({"type": "lumen-trace", "schema": 3, "spans": [[0, 4], [4, 9]]} | session)


def closing(t: Transcript, item: Item, titles: list[str], successor: str | None) -> None:
    """Write what stands after the last turn."""
    session = {"sessionId": t.place.session_id}
    for title in titles:
        if t.since(2, 1, 60):
            t.put({"type": "ai-title", "aiTitle": title} | session)
        else:
            t.put({"type": "summary", "summary": title, "leafUuid": t.last})
    if t.since(2, 1, 60):
        t.put({"type": "last-prompt", "lastPrompt": item.ask[:200], "leafUuid": t.last} | session)
    if t.since(2, 1, 100) and t.dice.chance(0.3):
        t.put({"type": "agent-name", "agentName": t.slug} | session)
    if t.since(2, 1, 248):
        begun = int(t.now.timestamp() * 1000) - 3_600_000
        cost = {"type": "cost-state", "startTime": begun, "totalDuration": 3_600_000}
        t.put(cost | {"totalCostUsd": round(t.dice.between(20, 400) / 100, 2)} | session)
    if successor and t.since(2, 1, 261):
        t.put({"type": "continued-in", "continuedIn": successor} | session)
