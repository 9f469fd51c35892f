"""How fast secrets are found, redaction and its parts against a floor; and what is missed.

    python -m bench secrets

The floor encodes each text and asks for one word in it. Texts are the strings of the transcripts
below AGP_CORPUS, and those of the rules' benchmark; each way reads the same. MB/s are by the clock,
on two cores: betterleaks works beside our own detectors. The second table is recall.py's.
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
from bench.measure import write_table
from bench.secrets import recall
from filters.secrets import Redactor, own, provider, scan_many
from filters.secrets.finding import as_bytes, prepared
from filters.secrets.views import decoded_view

JOINED = b"\n\n\x01\n\n"
HEAD = ["texts", "what", "CPU s", "s", "MB/s"]


def strings(value: Any) -> Iterator[str]:
    """Yield every string of a nested value that is not a file's payload."""
    if isinstance(value, str) and len(value) < 200_000:
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def real(folder: Path) -> Iterator[str]:
    """Yield the strings of the messages of all transcripts below a folder."""
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_bytes().split(b"\n"):
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(record, dict):
                yield from strings(record.get("message"))


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
    """Measure each way on each set of texts, the best of three."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--corpus", type=Path, default=os.environ.get("AGP_CORPUS"))
    options.add_argument("--mb", type=float, default=6.0)
    given = options.parse_args()
    size = int(given.mb * 1e6)
    sets = {"prose": sample(plain(), size)}
    if given.corpus:
        sets["real transcripts"] = sample(real(Path(given.corpus)), size)
    Redactor(b"salt").texts(["warm"] * 5_000)
    rows: list[list[str]] = []
    for label, texts in sets.items():
        size = sum(map(len, texts))
        for what, work in ways(texts).items():
            clock, spent = min(timed(work) for _ in range(3))
            rows.append([label, what, f"{spent:.2f}", f"{clock:.2f}", f"{size / 1e6 / clock:.0f}"])
            print("\t".join(rows[-1]), flush=True)
    write_table("secrets", HEAD, rows)
    recall.main()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds by the clock, and the processor's of all threads."""
    before, begun = time.process_time(), time.perf_counter()
    work()
    return time.perf_counter() - begun, time.process_time() - before


if __name__ == "__main__":
    main()
