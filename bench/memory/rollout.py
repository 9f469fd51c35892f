"""A rollout of Codex whose every line is large: how many bytes in, the file out.

Long sessions hold such lines: what a compaction replaces, whole files as output, patches, images.
"""

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SESSION = "019fc8be-0000-7000-8000-00000000b19e"
NAME = f"rollout-2026-08-03T09-00-00-{SESSION}.jsonl"
SLICE = 8_000  # characters that are cut from the pool at once


class Texts:
    """Texts of any length, cut from one pool of random words so that gigabytes take seconds."""

    def __init__(self, seed: int) -> None:
        """Make the pool."""
        self.dice = random.Random(seed)
        letters = "etaoinshrdlucmfwyp"
        words = [
            "".join(self.dice.choices(letters, k=self.dice.randint(2, 9))) for _ in range(4000)
        ]
        self.pool = " ".join(self.dice.choices(words, k=1_000_000))

    def text(self, least: int, most: int) -> str:
        """Return a text of a length between two."""
        starts = range(0, self.dice.randint(least, most), SLICE)
        places = (self.dice.randrange(len(self.pool) - SLICE) for _ in starts)
        return "\n".join(self.pool[at : at + SLICE] for at in places)


def turn(texts: Texts, number: int, images: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the lines of a turn, (type, payload): none is below 200 kB, some are above 2 MB."""
    call = f"call_{number:016}_of_a_large_rollout"
    yield "event_msg", {"type": "user_message", "message": texts.text(200_000, 400_000)}
    patch = json.dumps({"command": ["apply_patch", texts.text(300_000, 900_000)]})
    yield "response_item", {
        "type": "function_call", "name": "shell", "call_id": call, "arguments": patch,
    }  # fmt: skip
    output = texts.text(500_000, 2_000_000)
    yield "response_item", {"type": "function_call_output", "call_id": call, "output": output}
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{images[number % 12]}"}
    yield "response_item", {"type": "message", "role": "user", "content": [image]}
    yield "event_msg", {"type": "agent_message", "message": texts.text(200_000, 600_000)}
    said = [{"type": "message", "content": texts.text(20_000, 60_000)} for _ in range(40)]
    yield "compacted", {"message": texts.text(8_000, 16_000), "replacement_history": said}


def write(folder: Path, size: int) -> Path:
    """Write a rollout of at least `size` bytes below a folder and return its path."""
    texts = Texts(7)
    images = [base64.b64encode(texts.dice.randbytes(200_000)).decode() for _ in range(12)]
    path = folder / "sessions" / "2026" / "08" / "03" / NAME
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        meta = {"id": SESSION, "cwd": "/home/dev/garden", "cli_version": "0.140.0"}
        rows: Iterator[tuple[str, dict[str, Any]]] = iter([("session_meta", meta)])
        number = written = 0
        while written < size:
            for kind, payload in rows:
                time = (
                    f"2026-08-{3 + number // 1440:02}T{number // 60 % 24:02}:{number % 60:02}:00Z"
                )
                line = {"timestamp": time, "type": kind, "payload": payload}
                written += file.write(json.dumps(line) + "\n")
            rows, number = turn(texts, number, images), number + 1
    return path
