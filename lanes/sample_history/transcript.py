"""One transcript file, written as the client of that version would: turns in, lines out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lanes.sample_history.dice import Dice
from lanes.sample_history.ledger import Ledger

MODELS = ((1, 0, "claude-sonnet-4-20250514"), (2, 0, "claude-sonnet-4-5-20250929"))
MODELS += ((2, 1, "claude-opus-4-6"),)


@dataclass
class Place:
    """Where and with which client a session runs."""

    session_id: str
    project: str
    version: tuple[int, int, int]
    branch: str = "main"
    home: str = "/Users/mira"

    @property
    def cwd(self) -> str:
        """The working folder."""
        return f"{self.home}/code/{self.project}"

    @property
    def folder(self) -> str:
        """The project's folder in the tree, named after the working folder."""
        return "projects/" + self.cwd.replace("/", "-")


class Transcript:
    """The lines of one file; every method writes records and returns the uuid of the last."""

    def __init__(
        self,
        place: Place,
        started: datetime,
        dice: Dice,
        ledger: Ledger,
        agent_id: str | None = None,
    ) -> None:
        """Begin an empty file."""
        self.place, self.now, self.dice, self.ledger = place, started, dice, ledger
        self.agent_id = agent_id
        self.sidechain = agent_id is not None
        self.last: str | None = None
        self.lines: list[bytes] = []
        self.children: list[Transcript] = []  # agents' files of their own
        self.files: dict[str, bytes] = {}  # what lies beside the transcript
        self.turns: list[tuple[int, str | None]] = []  # lines and last uuid after each turn
        self.marks: list[tuple[int, str, bool | None]] = []  # broken lines: index, kind, readable
        self.prompt_id = ""
        self.slug = "-".join(dice.pick(w) for w in _SLUG)
        self.path = f"{place.folder}/{place.session_id}.jsonl"
        self.end = b"\n"

    # -- records -----------------------------------------------------------------------------

    def since(self, *version: int) -> bool:
        """Whether the client is of this version or a later one."""
        return self.place.version >= version

    def tick(self, low: int = 1, high: int = 9) -> str:
        """Let time pass and return it; one time in twenty a clock runs behind."""
        self.now += timedelta(milliseconds=self.dice.between(low * 1000, high * 1000))
        back = (
            timedelta(seconds=self.dice.between(2, 12)) if self.dice.chance(0.05) else timedelta()
        )
        stamp = (self.now - back).isoformat(timespec="milliseconds")
        return stamp + "Z"

    def put(self, record: Mapping[str, Any]) -> None:
        """Append a record as it is."""
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            text = json.dumps(record, separators=(",", ":"))  # half an emoji stands escaped
        self.lines.append(text.encode() + self.end)

    def broken(self, line: bytes, kind: str, readable: bool | None) -> None:
        """Append bytes that are not one JSON object, and note where."""
        self.marks.append((len(self.lines), kind, readable))
        self.lines.append(line)

    def record(self, kind: str, /, *, chained: bool = True, **fields: Any) -> str:
        """Append a record with what every record of this version carries."""
        uuid = self.dice.uuid()
        place = self.place
        record: dict[str, Any] = {"parentUuid": fields.pop("parent", self.last)}
        if "logicalParentUuid" in fields:
            record["logicalParentUuid"] = fields.pop("logicalParentUuid")
        record |= {
            "isSidechain": self.sidechain,
            "userType": "external",
            "cwd": place.cwd,
            "sessionId": place.session_id,
            "version": ".".join(map(str, place.version)),
            "gitBranch": place.branch,
        }
        if self.agent_id and self.since(2, 0, 28):
            record["agentId"] = self.agent_id
        if self.since(2, 0, 55):
            record["slug"] = self.slug
        stamp = fields.pop("timestamp", None) or self.tick()
        record |= {"type": kind, **fields, "uuid": uuid, "timestamp": stamp}
        if self.since(2, 1, 79):
            record["entrypoint"] = "cli"
        self.put(record)
        if chained:
            self.last = uuid
        return uuid

    def user(self, content: Any, **fields: Any) -> str:
        """Append a user record that nobody need have typed."""
        return self.record("user", message={"role": "user", "content": content}, **fields)

    def person(self, content: Any, origin: str = "human", **fields: Any) -> str:
        """Append what the person typed."""
        self.tick(20, 400)
        if self.since(2, 1, 17):
            fields["permissionMode"] = "acceptEdits" if self.dice.chance(0.5) else "default"
        if self.since(2, 1, 79):
            self.prompt_id = fields["promptId"] = self.dice.uuid()
        if self.since(2, 1, 92):
            fields |= {"origin": {"kind": origin}, "promptSource": "typed"}
        return self.user(content, **fields)

    def noise(self, kind: str, content: Any, **fields: Any) -> str:
        """Append a user record that the harness wrote, and note its kind."""
        uuid = self.user(content, **fields)
        self.ledger.noise[kind].append(uuid)
        return uuid

    # -- the agent ----------------------------------------------------------------------------

    def assistant(self, blocks: Sequence[dict[str, Any]], **fields: Any) -> str:
        """Append one API message, a line for each block, its usage repeated or growing."""
        api = {"id": "msg_01" + self.dice.hex(22), "request": "req_011C" + self.dice.hex(20)}
        final = 40 + sum(len(str(b)) for b in blocks) // 4
        base = {
            "input_tokens": self.dice.between(2, 9),
            "cache_creation_input_tokens": self.dice.between(120, 4000),
            "cache_read_input_tokens": self.dice.between(11_000, 90_000),
        }
        uuid = ""
        for i, block in enumerate(blocks):
            last = i == len(blocks) - 1
            grown = final if last or not self.since(2, 1, 0) else self.dice.between(1, 9)
            usage = {**base, "output_tokens": grown, "service_tier": "standard"}
            self.ledger.use(f"{api['id']}:{api['request']}", {**base, "output_tokens": grown})
            more = {"apiBlockIndex": i} if self.since(2, 1, 229) else {}
            uuid = self.record(
                "assistant",
                message={
                    "model": self.model,
                    "id": api["id"],
                    "type": "message",
                    "role": "assistant",
                    "content": [block],
                    "stop_reason": _stop(block) if last else None,
                    "stop_sequence": None,
                    "usage": usage,
                },
                requestId=api["request"],
                **more,
                **fields,
            )
        return uuid

    @property
    def model(self) -> str:
        """The model that a client of this version would speak to."""
        return next(m for a, b, m in reversed(MODELS) if self.since(a, b))

    def thinking(self, text: str) -> dict[str, Any]:
        """Return a thinking block; newer clients keep only its signature."""
        kept = "" if self.since(2, 1, 120) else text
        return {"type": "thinking", "thinking": kept, "signature": "EqoB" + self.dice.hex(64)}

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return a tool_use block."""
        tool_id = "toolu_01" + self.dice.hex(22)
        self.ledger.tools["calls"].append(tool_id)
        block = {"type": "tool_use", "id": tool_id, "name": name, "input": arguments}
        return block | ({"caller": {"type": "direct"}} if self.since(2, 1, 30) else {})

    def result(
        self, call: Mapping[str, Any], text: Any, beside: Any = None, error: bool = False
    ) -> str:
        """Append the result of a tool call, as a user record, with its structured twin beside."""
        block: dict[str, Any] = {"tool_use_id": call["id"], "type": "tool_result", "content": text}
        if error or call["name"] == "Bash":
            block["is_error"] = error
        fields = {} if beside is None else {"toolUseResult": beside}
        if self.prompt_id:
            fields["promptId"] = self.prompt_id
        uuid = self.user([block], **fields)
        self.ledger.noise["tool_result"].append(uuid)
        self.ledger.tools["errors" if error else "results"].append(call["id"])
        return uuid


def text(words: str) -> dict[str, Any]:
    """Return a text block."""
    return {"type": "text", "text": words}


def _stop(block: Mapping[str, Any]) -> str:
    return "tool_use" if block["type"] == "tool_use" else "end_turn"


_SLUG = (
    ("amber", "brisk", "calm", "dapper", "eager", "gentle", "humming", "lucky", "mellow", "quiet"),
    ("baking", "climbing", "drifting", "folding", "gliding", "knitting", "pacing", "wading"),
    ("acorn", "beacon", "cello", "dune", "fern", "harbor", "lantern", "otter", "pebble", "wren"),
)
