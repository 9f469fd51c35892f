"""How well one exchange is told from another, where the truth is known: the sample history.

A case is a pair of sightings. In truth it is one exchange where both were written from one prompt;
it is found where both lead to the same exchange id. Precision is the share of found pairs that are
true, recall the share of true pairs that are found.
"""

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Hashable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb

from lanes import sample_history
from lanes.sample_history.logs import copy_logs_to
from warehouse.errors import AgpError
from warehouse.intervals import wilson
from warehouse.store import open_reader

OPENERS = "select opener_id, exchange_id from exchanges"
LINES = """select f.path, s.record_ordinal, s.exchange_id
from exchange_sources s join files f using (file_id) where s.source <> 'claude'"""
PARENTS = "select session_id, parent_session_id from sessions where parent_session_id is not null"
UNSEEN = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME")
Pairs = set[frozenset[Hashable]]


def measure() -> dict[str, Any]:
    """Ingest the sample history with its logs in a home of its own and compare with the truth."""
    with tempfile.TemporaryDirectory(prefix="agp-audit-") as folder:
        home = Path(folder)
        sample_history.copy_to(home)
        truth = copy_logs_to(home)
        ingest(home)
        with open_reader(home / ".agp" / "warehouse.duckdb") as con:
            planted, found = sightings(con, home / ".claude", truth)
            [(apart,)] = con.execute("select count(*) from ambiguous_prompts").fetchall()
            forks = {frozenset(pair) for pair in con.execute(PARENTS).fetchall()}
    forked = sample_history.truth()["forks"]
    return {
        "lines": len(truth),
        "sightings": scored(planted, found),
        "forks": scored({frozenset((f["session_id"], f["parent"])) for f in forked}, forks),
        "left_apart": apart,
    }


def ingest(home: Path) -> None:
    """Run `agp ingest` in a home, with nothing of this machine's own in sight."""
    env = {name: value for name, value in os.environ.items() if name not in UNSEEN}
    env |= {"HOME": str(home), "AGP_HOME": str(home / ".agp")}
    command = [sys.executable, "-P", "-m", "agp", "ingest", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AgpError(f"the sample history could not be read: {done.stderr.strip()[-200:]}")


def sightings(
    con: duckdb.DuckDBPyConnection, claude: Path, truth: Iterable[tuple[str, int, str]]
) -> tuple[Pairs, Pairs]:
    """Return the pairs of sightings that are one exchange in truth, and those that were found."""
    openers = dict(con.execute(OPENERS).fetchall())
    planted: dict[str, list[Hashable]] = defaultdict(list)
    found: dict[str, list[Hashable]] = defaultdict(list)
    for file, line, name in truth:
        planted[name].append((str(claude / file), line))
    for name, members in planted.items():
        if name in openers:
            members.append(name)
            found[openers[name]].append(name)
    for path, line, exchange in con.execute(LINES).fetchall():
        found[exchange].append((path, line))
    return pairs(planted.values()), pairs(found.values())


def pairs(groups: Iterable[list[Hashable]]) -> Pairs:
    """Return every pair within a group.

    >>> len(pairs([["a", "b", "c"], ["d"]]))
    3
    """
    return {frozenset(pair) for members in groups for pair in combinations(members, 2)}


def scored(planted: Pairs, found: Pairs) -> dict[str, Any]:
    """Return precision and recall with their 95 % intervals (Wilson) and counts.

    >>> scored({frozenset("ab"), frozenset("cd")}, {frozenset("ab")})["recall"]["value"]
    0.5
    """
    right = len(planted & found)
    return {
        name: {
            "value": right / of if of else None,
            "right": right,
            "n": of,
            "interval": wilson(right, of) if of else None,
        }
        for name, of in (("precision", len(found)), ("recall", len(planted)))
    }
