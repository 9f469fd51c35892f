"""A build's rows as token ids with a weight for every token that earns loss."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.harness.chat import encode_chat
from train.model.digest import file_sha256
from warehouse.errors import AgpError


@dataclass(frozen=True)
class Sample:
    """One row: ids [s]; the tokens at `targets` are learned, each with the row's weight."""

    ids: list[int]
    targets: list[int]
    weight: float = 1.0


def rows(folder: Path, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, row) of a build's split; AgpError where a line is no chat row."""
    file = folder / f"{split}.jsonl"
    if not file.is_file():
        raise AgpError(f"{folder} has no {split}.jsonl; give a folder that `agp lanes build` made")
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                roles = [m["role"] for m in row["messages"]]
            except (ValueError, KeyError, TypeError):
                raise AgpError(f"{file}, line {number}: not a chat row") from None
            if len(row.get("loss", roles)) != len(roles):
                raise AgpError(f"{file}, line {number}: `loss` and `messages` differ in length")
            yield number, row


def encode_row(tokenizer: Any, row: dict[str, Any], window: int, seen: Counter[str]) -> Sample:
    """Return a row as a sample of at most `window` tokens; what was cut is counted in `seen`.

    Without `loss` flags every assistant turn counts. A long row keeps its end.
    """
    flags = row.get("loss") or [True] * len(row["messages"])
    encoded = encode_chat(tokenizer, row["messages"])
    wanted = [t for m, a, b in encoded.turns if flags[m] for t in range(a, b)]
    cut = max(0, len(encoded.ids) - window)
    seen["cut"] += cut > 0
    seen["tokens cut"] += cut
    targets = [t - cut for t in wanted if t - cut >= 1]  # the first token is never predicted
    return Sample(encoded.ids[cut:], targets, float(row.get("weight", 1.0)))


def read_split(
    folder: Path, split: str, tokenizer: Any, window: int
) -> tuple[list[Sample], dict[str, int]]:
    """Return the samples of a split that have something to learn, and counts of everything."""
    seen: Counter[str] = Counter(rows=0)
    samples = []
    for _, row in rows(folder, split):
        seen["rows"] += 1
        sample = encode_row(tokenizer, row, window, seen)
        if not sample.targets or sample.weight <= 0:
            seen["without a supervised token"] += 1
            continue
        samples.append(sample)
        seen["tokens"] += len(sample.ids)
        seen["supervised"] += len(sample.targets)
    if not seen["rows"]:
        raise AgpError(f"{folder / (split + '.jsonl')} is empty; build with more history")
    if not samples:
        raise AgpError(
            f"no row of {folder / (split + '.jsonl')} has a supervised token within "
            f"{window} tokens; see its `loss` flags, or set window= higher"
        )
    return samples, dict(seen)


def data_digests(data: Path) -> dict[str, str]:
    """Return the sha-256 of the splits that training reads."""
    files = [data / f"{split}.jsonl" for split in ("train", "valid")]
    return {f.name: file_sha256(f) for f in files if f.is_file()}
