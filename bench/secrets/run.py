"""How fast secrets are found, redaction and its parts against a floor; and what is missed.

    python -m bench secrets
    python -m bench.secrets.run --speed

The floor encodes each text and asks for one word in it. Texts are the strings of the transcripts
below AGP_CORPUS, and those of the rules' benchmark; each way reads the same. MB/s are by the clock,
on two cores: betterleaks works beside our own detectors, in each process. Two processes are ready
before the clock starts, but for the rows that say otherwise; CPU seconds are of both. The second
table is recall.py's.
"""

import argparse
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from bench.filters import history
from bench.measure import busy, write_table
from bench.secrets import recall
from filters.secrets import Redactor, many_hands, own, provider, scan_many
from filters.secrets.finding import as_bytes, prepared
from filters.secrets.views import decoded_view

JOINED = b"\n\n\x01\n\n"
REPEAT = 5  # the best of them counts
HEAD = ["texts", "what", "CPU s", "s", "MB/s"]


def strings(value: Any) -> Iterator[str]:
    """Yield every string of a nested value that is not a file's payload."""
    if isinstance(value, str) and len(value) < 200_000:
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def real(folder: Path, beside: bool = False) -> Iterator[str]:
    """Yield the strings of the messages, or what stands beside too, of all transcripts."""
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_bytes().split(b"\n"):
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(record, dict):
                yield from strings(record if beside else record.get("message"))


def plain() -> Iterator[str]:
    """Yield prompts and answers of our own writing."""
    for prompt, answer, *_ in history.exchanges(20_000):
        yield from (prompt, answer)


def sample(texts: Iterator[str], size: int) -> list[str]:
    """Return texts from all over, up to so many characters in all."""
    every = list(texts)
    random.Random(1).shuffle(every)
    kept: list[str] = []
    for text in every:
        kept.append(text)
        size -= len(text)
        if size < 0:
            break
    return kept


def ways(texts: Sequence[str]) -> dict[str, Callable[[], object]]:
    """Return what is measured."""
    data = prepared(JOINED.join(map(as_bytes, texts)))
    return {
        "floor: encode, one word": lambda: [as_bytes(t).find(b"ghp_") for t in texts],
        "betterleaks alone": lambda: provider.find(data),
        "our detectors alone": lambda: own.find(data),
        "decoding escapes": lambda: decoded_view(data),
        "scan": lambda: scan_many(texts),
        "redact": lambda: Redactor(b"salt").texts(texts),
    }


def main() -> None:
    """Measure each way on each set of texts, the best of five."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--corpus", type=Path, default=os.environ.get("AGP_CORPUS"))
    options.add_argument("--mb", type=float, default=6.0)
    options.add_argument("--speed", action="store_true", help="the first table alone")
    given = options.parse_args()
    size = int(given.mb * 1e6)
    sets = {"prose": sample(plain(), size)}
    if given.corpus:
        sets["real transcripts"] = sample(real(Path(given.corpus)), size)
    Redactor(b"salt").texts(["warm"] * 5_000)
    rows = [row for label, texts in sets.items() for row in measured(label, texts)]
    if given.corpus:
        rows += whole(list(real(Path(given.corpus), beside=True)))
    write_table("secrets", HEAD, rows)
    if not given.speed:
        recall.main()


def measured(label: str, texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows of a set of texts, the best of five each."""
    size = sum(map(len, texts))
    for what, work in ways(texts).items():
        yield row(label, what, size, *min(timed(work) for _ in range(REPEAT)))
    alone = Redactor(b"salt").texts(texts)
    with many_hands(2) as team:
        assert team
        clock, _ = timed(lambda: (team.begin(), team.wait()))
        pids = [helper.process.pid for helper in team.helpers]
        yield row(label, "until a second process is ready", 0, clock, cpu(pids))
        assert Redactor(b"salt").texts(texts) == alone
        for what in ("scan", "redact"):
            took = min(timed(ways(texts)[what], pids) for _ in range(REPEAT))
            yield row(label, f"{what}, two processes", size, *took)


def whole(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield what all records take, with the time a second process needs to begin."""
    size = sum(map(len, texts))
    for name, count in (("one process", 1), ("two, start included", 2)):

        def work(count: int = count) -> None:
            with many_hands(count):
                Redactor(b"salt").texts(texts)

        clock, spent = min(timed(work, ended=True) for _ in range(REPEAT))
        yield row("all records", f"redact, {name}", size, clock, spent)


def row(label: str, what: str, size: int, clock: float, spent: float) -> list[str]:
    """Return a row of the table, and print it."""
    speed = f"{size / 1e6 / clock:.0f}" if size else ""
    cells = [label, what, f"{spent:.2f}", f"{clock:.2f}", speed]
    print("\t".join(cells), flush=True)
    return cells


def timed(
    work: Callable[[], object], pids: Sequence[int] = (), ended: bool = False
) -> tuple[float, float]:
    """Return the seconds by the clock, and the processor's of all threads.

    Those of the processes `pids` too, or, with `ended`, of all that began and ended meanwhile.
    """

    def spent() -> float:
        return time.process_time() + cpu(pids) + (busy() if ended else 0)

    before, begun = spent(), time.perf_counter()
    work()
    clock = time.perf_counter() - begun
    return clock, spent() - before


def cpu(pids: Sequence[int]) -> float:
    """Return the processor's seconds of running processes (Linux: a clock for each pid)."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


if __name__ == "__main__":
    main()
