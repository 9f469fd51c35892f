"""Windows: the exchanges of a family in, rows of several turns out.

Every exchange is new in exactly one row; a row may begin with a few earlier ones as context.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lanes.chat import Talk


@dataclass
class Member:
    """An exchange that a row may hold: its chat, its weight, and whether it earns loss."""

    exchange_id: str
    session_id: str
    parent_id: str | None
    talk: Talk
    weight: float
    earns: bool


@dataclass
class Window:
    """One row: exchanges repeated as context, then those that are new in it."""

    context: list[Member]
    new: list[Member]


@dataclass(frozen=True)
class Limits:
    """How much a row holds: characters and exchanges, of new ones and of context."""

    chars: int
    exchanges: int
    history_chars: int
    history_exchanges: int


def kept_parents(
    members: Sequence[Member], parents: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Return for each member the nearest ancestor that is a member, over those left out."""
    known = {member.exchange_id for member in members}
    found: dict[str, str | None] = {}
    for member in members:
        parent, seen = member.parent_id, {member.exchange_id}
        while parent is not None and parent not in known and parent not in seen:
            seen.add(parent)
            parent = parents.get(parent)
        found[member.exchange_id] = None if parent in seen else parent
    return found


def chains(members: Sequence[Member], parents: Mapping[str, str | None]) -> list[list[Member]]:
    """Return the conversations of a forest: a first child goes on, any other begins anew."""
    result: list[list[Member]] = []
    tail: dict[str, list[Member]] = {}
    for member in members:
        parent = parents[member.exchange_id]
        chain = tail.pop(parent, None) if parent else None
        if chain is None:
            chain = []
            result.append(chain)
        chain.append(member)
        tail[member.exchange_id] = chain
    return result


def windows(
    members: Sequence[Member],
    parents: Mapping[str, str | None],
    limits: Limits,
    without: frozenset[str] = frozenset(),
) -> Iterable[Window]:
    """Yield the rows of a family; `parents` are those of all its exchanges, left out or not.

    A row that begins with one of `without` repeats no earlier exchange.
    """
    above = kept_parents(members, parents)
    by_id = {member.exchange_id: member for member in members}
    for chain in chains(members, above):
        for new in pieces(chain, limits):
            alone = new[0].exchange_id in without
            yield Window([] if alone else history(new, above, by_id, limits), new)


def pieces(chain: Sequence[Member], limits: Limits) -> Iterable[list[Member]]:
    """Yield runs of a conversation that fit a row, share a weight and end in one that earns."""
    piece: list[Member] = []
    for member in chain:
        full = sum(m.talk.chars for m in piece) + member.talk.chars > limits.chars
        earning = [m.weight for m in piece if m.earns]
        other = member.earns and earning and earning[0] != member.weight
        if piece and (full or other or len(piece) == limits.exchanges):
            yield from trimmed(piece)
            piece = []
        piece.append(member)
    yield from trimmed(piece)


def trimmed(piece: list[Member]) -> Iterable[list[Member]]:
    """Yield a run without the exchanges after its last one that earns loss, if any is left."""
    last = max((i for i, member in enumerate(piece) if member.earns), default=-1)
    if last >= 0:
        yield piece[: last + 1]


def history(
    new: Sequence[Member],
    above: Mapping[str, str | None],
    by_id: Mapping[str, Member],
    limits: Limits,
) -> list[Member]:
    """Return the exchanges before a run, oldest first, as many as the limits allow."""
    found: list[Member] = []
    room = min(limits.history_chars, limits.chars - sum(m.talk.chars for m in new))
    parent = above[new[0].exchange_id]
    while parent is not None and len(found) < limits.history_exchanges:
        member = by_id[parent]
        room -= member.talk.chars
        if room < 0:
            break
        found.append(member)
        parent = above[parent]
    return found[::-1]
