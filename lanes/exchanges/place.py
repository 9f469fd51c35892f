"""The forest in, places out: which exchange each message belongs to, where in it, and by whom."""

from dataclasses import dataclass

import numpy as np

from lanes.exchanges.forest import left_aside, line_times, nodes, previous, roots
from lanes.exchanges.structure import NONE, Bools, Ints, Structure
from lanes.sources.claude.noise import OPENERS


@dataclass(slots=True)
class Placed:
    """Exchanges by their openers, and every message that counts, in the order of both."""

    row: Ints  # of each message that counts, exchange by exchange, the opener first
    exchange: Ints  # of each: which of `opener` it belongs to
    ordinal: Ints  # of each: its place in the exchange
    on_path: Bools  # of each
    opener: Ints  # rows that open an exchange, session by session
    opens: Bools  # of each opener: its kind opens; else it is a notice that nothing was open for
    parent: Ints  # of each opener: the exchange it continues, or NONE
    number: Ints  # of each opener: its place in its session
    aside: Bools  # of each opener: a rewind left it, or one it continues, aside
    owner: Ints  # by record's code: the row that counts, or NONE


def place(s: Structure, session_rank: Ints, file_rank: Ints, ticks: Bools) -> Placed:
    """Place every message; `ticks` are rows that a schedule sent, whatever they look like."""
    owner = nodes(s, session_rank, file_rank)
    rows = np.arange(len(s.id))
    counts, message = owner[s.id] == rows, ~s.role_is("none")
    up, above, stops, root = _climbed(s, owner, message, ticks)

    order = _order(s, session_rank, file_rank)
    chosen = np.flatnonzero(counts & message)
    chosen = chosen[np.lexsort((order[chosen], root[chosen] != chosen, root[chosen]))]
    first = np.flatnonzero(np.diff(root[chosen], prepend=NONE))
    opener = chosen[first]
    opener_of = np.full(len(rows), NONE)  # by root: the row that opens
    opener_of[root[opener]] = opener
    home = opener_of[root]  # by row: its exchange's opener; NONE where it holds no message

    rank = order + np.where(s.session == s.session[home], len(rows), 0)
    api = np.where(s.api == NONE, -2 - rows, s.api)
    aside = left_aside(above, rank, api, s.role_is("assistant") & counts, home)

    opener = opener[np.lexsort((order[opener], session_rank[s.session[opener]]))]
    index = np.full(len(rows), NONE)
    index[opener] = np.arange(len(opener))
    exchange = index[home[chosen]]
    sequence = np.lexsort((order[chosen], root[chosen] != chosen, exchange))
    chosen, exchange = chosen[sequence], exchange[sequence]
    continued = _continued(up, root, opener, opener_of, index)
    return Placed(
        row=chosen,
        exchange=exchange,
        ordinal=_numbered(exchange),
        on_path=~aside[chosen],
        opener=opener,
        opens=stops[opener],
        parent=continued,
        number=_numbered(s.session[opener]),
        aside=_rewound(continued, s.thread[opener], s.session[opener]),
        owner=owner,
    )


def _climbed(
    s: Structure, owner: Ints, message: Bools, ticks: Bools
) -> tuple[Ints, Ints, Bools, Ints]:
    """Return for each row the one it hangs on, the message above, whether it opens, its root."""
    before, rows = previous(s, owner), np.arange(len(s.id))
    parent = owner[s.parent] if len(owner) else s.parent
    parent = np.where((s.parent == NONE) | (parent == rows), NONE, parent)
    stops = (s.kind_in(OPENERS) | ticks) & message
    up = np.where((parent == NONE) & (~stops | s.dangling), before, parent)
    above = _message_above(up, before, message)
    stops |= _expanded(s, above)
    return up, above, stops, roots(up, before, stops)


def _order(s: Structure, session_rank: Ints, file_rank: Ints) -> Ints:
    """Return each row's place in time, where lines of a file keep their order."""
    rows = np.arange(len(s.id))
    order = np.empty(len(rows), np.int64)
    order[np.lexsort((rows, file_rank[s.file], session_rank[s.session], line_times(s)))] = rows
    return order


def _message_above(up: Ints, before: Ints, message: Bools) -> Ints:
    """Return for each row the nearest message up its chain, or NONE."""
    top = roots(up, before, message)
    found = np.where(up == NONE, NONE, top[up])
    return np.where((found != NONE) & message[found], found, NONE)


def _expanded(s: Structure, above: Ints) -> Bools:
    """Say which bare slash commands the harness turned into a prompt: those start new work."""
    result = np.zeros(len(s.id), np.bool_)
    bodies = above[s.kind_in(frozenset({"expansion"}))]
    result[bodies[bodies != NONE]] = True
    return result & s.kind_in(frozenset({"slash_command"}))


def _continued(up: Ints, root: Ints, opener: Ints, opener_of: Ints, index: Ints) -> Ints:
    """Return for each opener the exchange its parent belongs to, or NONE."""
    parent = up[root[opener]]
    home = np.where(parent == NONE, NONE, opener_of[root[parent]])
    found = np.where(home == NONE, NONE, index[home])
    return np.where(found == np.arange(len(opener)), NONE, found)


def _numbered(sorted_groups: Ints) -> Ints:
    """Return 0, 1, 2, ... anew for each run of equal values.

    >>> _numbered(np.array([4, 4, 4, 7, 7]))
    array([0, 1, 2, 0, 1])
    """
    rows = np.arange(len(sorted_groups))
    starts = np.diff(sorted_groups, prepend=NONE - 1) != 0
    return rows - np.maximum.accumulate(np.where(starts, rows, 0)) if len(rows) else rows


def _rewound(parent: Ints, thread: Ints, session: Ints) -> Bools:
    """Say which exchanges stand on a branch that their session left: a later one has their parent.

    >>> _rewound(np.array([NONE, 0, 1, 0]), np.zeros(4, int), np.zeros(4, int))
    array([False,  True,  True, False])
    """
    aside = np.zeros(len(parent), np.bool_)
    last: dict[tuple[int, int], int] = {}
    keys = list(zip(parent.tolist(), thread.tolist(), strict=True))
    for i, key in enumerate(keys):
        if key[0] != NONE and key in last:
            aside[last[key]] = True
        last[key] = i
    for i, (above, _) in enumerate(keys):  # a parent that stands later was not left aside
        if above != NONE and above < i and aside[above] and session[above] == session[i]:
            aside[i] = True
    return aside
