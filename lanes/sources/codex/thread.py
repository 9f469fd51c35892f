"""What must be remembered from line to line of a rollout: whose it is, and what was said lately.

Codex writes the same words in up to three families of records (events, completed items, response
items), a moment apart; whatever family a session has more of, each message counts once.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from lanes.sources.times import parse_time

RECENT = 40  # messages among which a second copy is looked for
APART = 10.0  # seconds; copies of one message are written within milliseconds
NEAR = 2.0  # seconds within which copies may differ: one of them holds more than the other


@dataclass(slots=True)
class Said:
    """A message that counts, and the families that have shown it so far."""

    role: str
    words: str
    time: datetime | None
    families: set[str]


@dataclass(slots=True)
class Thread:
    """The state of one rollout while its lines go by; a fork's copied lines lead to equal names."""

    file_id: str
    session_id: str | None
    meta_id: str = ""  # of the last header: in a fork the parent's, whose lines follow it
    meta_ordinal: int = 0
    model: str | None = None
    subagent: bool = False
    total: Any = None  # the last snapshot of all tokens
    said: deque[Said] = field(default_factory=lambda: deque(maxlen=RECENT))
    counted: deque[tuple[str, tuple[Any, ...]]] = field(default_factory=lambda: deque(maxlen=8))

    def __bool__(self) -> bool:
        """Say whether enough was seen to go on from here."""
        return self.session_id is not None and (self.meta_id != "" or self.model is not None)

    def again(self, family: str, role: str, text: str, time: Any) -> bool:
        """Say whether another family of records has said this a moment ago; remember it if not.

        >>> t = Thread("f", "s")
        >>> t.again("event", "user", "Fix it.", None), t.again("item", "user", " Fix  it.", None)
        (False, True)
        >>> t.again("event", "user", "Fix it.", None)
        False
        """
        words, at = " ".join(text.split()), parse_time(time)
        for said in self.said:
            if said.role == role and family not in said.families and _same(said, words, at):
                said.families.add(family)
                return True
        self.said.append(Said(role, words, at, {family}))
        return False

    def name(self, ordinal: int, time: Any, *parts: str) -> str:
        """Return 16 hex digits for a record, equal in all rollouts that hold a copy of it."""
        where = str(time) if time else f"{self.meta_id}\x1f{ordinal - self.meta_ordinal}"
        key = "\x1f".join(("codex", where, *parts))
        return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _same(said: Said, words: str, at: datetime | None) -> bool:
    apart = abs((said.time - at).total_seconds()) if said.time and at else None
    if said.words == words:
        return apart is None or apart <= APART
    close = apart is not None and apart <= NEAR and said.words and words
    return bool(close) and (words in said.words or said.words in words)
