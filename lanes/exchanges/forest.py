"""Records with their parents in, exchanges out: pure functions on columns of integers.

A node is a record that counts, one for all copies of it. The forest is built over all records,
since chains of parents run through hooks, attachments and progress; messages are picked after.
"""

import numpy as np

from lanes.exchanges.structure import NONE, Bools, Ints, Structure


def nodes(s: Structure, session_rank: Ints, file_rank: Ints) -> Ints:
    """Return for each record's code the row that counts: of its first session, the first file."""
    row = np.arange(len(s.id))
    order = np.lexsort((row, file_rank[s.file], session_rank[s.session]))
    chosen = np.full(s.ids, NONE)
    chosen[s.id[order[::-1]]] = order[::-1]
    return chosen


def line_times(s: Structure) -> Ints:
    """Return times that never run backwards in a file: lines are in order, clocks are not.

    Lines of a log are of many sessions, and stand as they say.
    """
    result = s.time.copy()
    starts = np.flatnonzero(np.diff(s.file, prepend=NONE))
    for start, end in zip(starts, [*starts[1:], len(result)], strict=True):
        if not s.logged[start]:
            np.maximum.accumulate(result[start:end], out=result[start:end])
    return result


def previous(s: Structure, chosen: Ints) -> Ints:
    """Return for each row the row that counts for the message before it in its thread, or NONE."""
    message = ~s.role_is("none")
    order = np.argsort(s.thread, kind="stable")
    result = np.full(len(s.id), NONE)
    at = np.where(message[order], np.arange(len(order)), NONE)
    last = np.maximum.accumulate(np.concatenate(([NONE], at[:-1])))
    same = (last != NONE) & (s.thread[order[last]] == s.thread[order])
    result[order[same]] = chosen[s.id[order[last[same]]]]
    return result


def roots(parent: Ints, before: Ints, stop: Bools) -> Ints:
    """Return for each row the row its chain of parents leads to: a stop, or one without a parent.

    Chains that run in a circle are led along the lines of the file instead.

    >>> parent, before = np.array([NONE, 0, 1, 2, 5, 4]), np.array([NONE, 0, 1, 2, 3, 4])
    >>> roots(parent, before, np.array([True, False, True, False, False, False]))
    array([0, 0, 2, 2, 2, 2])
    """
    own = np.arange(len(parent))
    step = np.where(stop | (parent == NONE), own, parent)
    found = _follow(step)
    circular = step[found] != found
    if circular.any():
        found = _follow(np.where(circular, np.where(before == NONE, own, before), step))
    return found


def _follow(step: Ints) -> Ints:
    """Take 2^k steps at once, until nothing moves or every chain must have ended."""
    for _ in range(len(step).bit_length() + 1):
        further = step[step]
        if np.array_equal(further, step):
            break
        step = further
    return step


def left_aside(parent: Ints, rank: Ints, api: Ints, alternative: Bools, group: Ints) -> Bools:
    """Say which rows hang on an answer that was given again: of several to one message, the last
    by `rank` stands. `parent` is the message before, `group` the exchange, which bounds it all.
    """
    aside = np.zeros(len(parent), np.bool_)
    rows = np.flatnonzero(alternative & (parent != NONE))
    rows = rows[group[parent[rows]] == group[rows]]
    order = rows[np.lexsort((rank[rows], parent[rows]))]
    last = np.flatnonzero(np.diff(parent[order], append=NONE))
    winner = np.full(len(parent), NONE)
    winner[parent[order[last]]] = api[order[last]]
    aside[rows] = winner[parent[rows]] != api[rows]
    if aside.any():
        inside = (parent != NONE) & (group[parent] == group)
        step = np.where(inside & ~aside, parent, np.arange(len(parent)))
        aside = aside[_follow(step)]
    return aside
