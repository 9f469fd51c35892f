"""The shipped text functions on many exchanges, one core: `agp labels` against plain Python.

    python -m bench labels

Prompts and answers are put together from sentences, 600 characters on the mean, one in twenty with
words that a function looks for. The peer runs the same patterns with `re` in a loop; where its
votes differ there is no table.
"""

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Callable

import duckdb
import polars as pl

from bench.measure import write_table
from labelers.evaluate import from_masks, side, unlike
from labelers.function import WINDOW, TextFunction, term_pattern
from labelers.load import Labeler, load
from warehouse.expressions import Batch, evaluate

GOAL = 20_000
SENTENCES = (
    "Which port does the upload page listen on?",
    "The check stands in one module and nowhere else.",
    "Add the weight to the page of each item, below the price.",
    "It stops at the last line end, so it reads to the end of the file now.",
    "Seen in `service/app.py`; `pytest tests/test_app.py -q` shows it.",
    "Rows that are cut at the window keep what is left of the answer.",
)
TELLING = (
    "Back to the parser: where had we stopped?",
    "I have never seen a trace like this.",
    "The labels drift apart; make it settle.",
    "Same trick as in the other project?",
)
HEAD = ["what", "CPU s", "exchanges a second"]


def texts(count: int) -> pl.DataFrame:
    """Return exchanges: row_number, prompt, answer, and neighbours' words."""
    dice = random.Random(7)

    def text(sentences: int) -> str:
        chosen = dice.choices(SENTENCES, k=sentences)
        return " ".join([*chosen, dice.choice(TELLING)] if dice.random() < 0.05 else chosen)

    prompts = [text(dice.randint(1, 4)) for _ in range(count)]
    answers = [text(dice.randint(4, 14)) for _ in range(count)]
    return pl.DataFrame(
        {"row_number": range(count), "prompt": prompts, "answer": answers}
    ).with_columns(pl.col("prompt").str.split(" ").list.len().alias("prompt_words"))


def text_functions() -> list[Labeler]:
    """Return the shipped functions that read a prompt's or an answer's words."""
    return [
        one
        for one in load().labelers
        if one.kind in ("lexicon", "regex") and one.reads <= {"prompt", "answer", "prompt_words"}
    ]


def by_agp(frame: pl.DataFrame, labelers: list[Labeler]) -> Counter[str]:
    """Return how often each function votes, by the child process on one thread."""
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("rows", frame.to_arrow())
        sides = [(one, held) for one in labelers for held in (True, False) if side(one, held)]
        expressions = unlike(sides)
        masks = evaluate([Batch(list(expressions.values()), con.sql("from rows"))], threads=1)[0]
    return Counter(from_masks(sides, expressions, masks)["labeler"].to_list())


def by_python(frame: pl.DataFrame, labelers: list[Labeler]) -> Counter[str]:
    """Return how often each function votes, by `re` in a loop."""
    votes: Counter[str] = Counter()
    made = [(one.id, *compiled(one.text)) for one in labelers if one.text]
    for prompt, words in frame.select("prompt", "prompt_words").iter_rows():
        seen = prompt[:WINDOW]
        for name, yes, no, unless in made:
            if unless is not None and (words > 25 or unless.search(seen)):
                continue
            refused = no is not None and no.search(seen) is not None
            if refused or (yes is not None and yes.search(seen)):
                votes[name] += 1
    return votes


def compiled(function: TextFunction) -> tuple[re.Pattern[str] | None, ...]:
    """Return the patterns of a function for Python: yes, no, unless."""

    def pattern(said: str | tuple[str, ...] | None) -> re.Pattern[str] | None:
        if said is None:
            return None
        text = said if isinstance(said, str) else term_pattern(said)
        text = re.sub(r"\\x\{([0-9A-F]+)\}", r"\\u\1", text)
        return re.compile(text.replace(r"[^\pL\pN]", r"[\W_]").replace(r"\pL", r"^\W\d_"))

    unless = re.search(r"'(\(\?i\).*)'\)", function.unless or "")
    return pattern(function.yes), pattern(function.no), pattern(unless[1]) if unless else None


def timed(work: Callable[[], Counter[str]]) -> tuple[float, Counter[str]]:
    """Return processor seconds, children's included, and the result."""
    start = sum(_times())
    found = work()
    return sum(_times()) - start, found


def _times() -> tuple[float, ...]:
    import os

    return os.times()[:4]


def main() -> None:
    """Measure both, and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--exchanges", type=int, default=60_000)
    count = options.parse_args().exchanges
    frame, labelers = texts(count), text_functions()
    begin = time.time()
    by_agp(frame.head(10), labelers)  # what this process imports once is nobody's rate
    ours, hits = timed(lambda: by_agp(frame, labelers))
    part = frame.head(count // 10)
    theirs, wanted = timed(lambda: by_python(part, labelers))
    if by_agp(part, labelers) != wanted:
        raise RuntimeError("plain Python finds something else")
    rows = [
        [
            f"agp, {len(labelers)} text functions, the child's start and its probes included",
            f"{ours:.1f}",
            f"{count / ours:,.0f}",
        ],
        ["plain Python, the same patterns", f"{theirs * 10:.1f}", f"{count / theirs / 10:,.0f}"],
    ]
    print(f"{sum(hits.values()):,} votes; goal {GOAL:,} a second; {time.time() - begin:.0f} s")
    print(*("\t".join(row) for row in rows), sep="\n")
    write_table("labels", HEAD, rows)


if __name__ == "__main__":
    main()
