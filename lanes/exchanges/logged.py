"""Logs of prompts in: which logged prompt is which prompt of a transcript, and which is its own."""

from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from lanes.exchanges.identity import Found, Seen, identify
from lanes.exchanges.pastes import fill_pastes
from lanes.exchanges.structure import query


class Prompt(NamedTuple):
    """A prompt as one source holds it."""

    message_id: str
    session_id: str
    folder: str | None
    key: str
    time: datetime | None
    priority: int
    answered: bool
    logged: bool
    loose: bool

    def seen(self, place: str | None) -> Seen:
        """Return it at a place: its session or its folder."""
        where = (place or "", self.key)
        return Seen(self.message_id, where, self.time, self.priority, self.answered)


PROMPTS = """select message_id, session_id, folder, key, sent_at, priority, answered, logged, loose
from seen_prompts order by sent_at nulls last, message_id"""
ANY_LOGGED = """select 1 from logged_prompts where session_id in (select session_id from touched)
limit 1"""


def name_aliases(con: Any) -> None:
    """Write anew, for the sessions in `touched`, which logged prompts are sightings of another."""
    con.execute(query("forget"))
    if not con.execute(ANY_LOGGED).fetchall():
        return
    fill_pastes(con)
    con.execute(query("logged"))
    prompts = [Prompt(*row) for row in con.execute(PROMPTS).fetchall()]
    found = identified(prompts)
    opened = dict(con.execute(query("opened")).fetchall())
    for message_id in opened.keys() - found.same.keys():
        found.same[message_id] = opened[message_id]
        found.apart.pop(message_id, None)
    found.same = {a: found.same.get(b, b) for a, b in found.same.items()}
    write(con, found, {prompt.message_id: prompt for prompt in prompts})
    con.execute("drop table seen_prompts")


def identified(prompts: list[Prompt]) -> Found:
    """Match what names its session first; then the rest by folder, with all that is known then."""
    named = [p for p in prompts if p.logged and not p.loose]
    openers = [p for p in prompts if not p.logged]
    found = identify((p.seen(p.session_id) for p in openers), (p.seen(p.session_id) for p in named))
    known = [*openers, *(p for p in named if p.message_id not in found.same)]
    loose = identify(
        (p.seen(p.folder) for p in known if p.folder),
        (p.seen(p.folder) for p in prompts if p.loose),
    )
    return Found(found.same | loose.same, found.apart | loose.apart)


def write(con: Any, found: Found, seen: dict[str, Prompt]) -> None:
    """Write what was found; of the sightings of a prompt, the highest with an answer keeps it."""
    keeps: dict[str, str] = {}
    for logged, same_as in sorted(found.same.items(), key=lambda i: (-seen[i[0]].priority, i[0])):
        if seen[logged].answered and not seen[same_as].answered:
            keeps.setdefault(same_as, logged)
    aliases = [(a, b, keeps.get(b) == a) for a, b in sorted(found.same.items())]
    apart = [(m, reason, names) for m, (reason, names) in sorted(found.apart.items())]
    for name, rows, columns in (
        ("aliases", aliases, ("message_id", "same_as", "keeps_answer")),
        ("ambiguous_prompts", apart, ("message_id", "reason", "candidates")),
    ):
        if rows:
            table = pa.table([list(c) for c in zip(*rows, strict=True)], names=list(columns))
            con.register(f"new_{name}", table)
            con.execute(query(f"write_{name}"))
            con.unregister(f"new_{name}")
