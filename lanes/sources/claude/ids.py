"""Names of records: the source's own uuid where it is one, else made from what the record says."""

from hashlib import blake2b
from typing import Any

UUID_LENGTH = 32  # shorter ones, as tests and tools write them, are unique in their session only


def scoped(session_id: str, name: Any) -> str | None:
    """Return a record's name as all sessions know it; None where there is none.

    >>> scoped("s1", "u1"), scoped("s1", "9e953218-585f-4692-89df-9e0747a31c68"), scoped("s1", None)
    ('s1:u1', '9e953218-585f-4692-89df-9e0747a31c68', None)
    """
    if not isinstance(name, str) or not name:
        return None
    return name if len(name) >= UUID_LENGTH else f"{session_id}:{name}"


def name_of(session_id: str, record: dict[str, Any], role: str, text: str) -> str:
    """Return the record's own name, else 16 hex digits of what it says.

    >>> name_of("s1", {"timestamp": "t"}, "user", "hi") == name_of("s1", {}, "user", "hi")
    False
    """
    own = scoped(session_id, record.get("uuid"))
    if own:
        return own
    parts = "\x1f".join((session_id, role, text, str(record.get("timestamp"))))
    return blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def parent_of(session_id: str, record: dict[str, Any]) -> str | None:
    """Return the name of the record before; after a compaction, of the one it carries on from."""
    return scoped(session_id, record.get("parentUuid") or record.get("logicalParentUuid"))
