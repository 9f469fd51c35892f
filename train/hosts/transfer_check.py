"""A second process on loopback against one process: which logits and tokens are the same."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from train.hosts.transfer import End, Way, in_one_place, send
from train.hosts.wire import Said
from warehouse.errors import AgpError


@dataclass
class Checked:
    """What sessions of one kind had in common with one process."""

    split: int
    alone: bool
    codec: str
    tokens: int = 0
    same_logits: int = 0
    same_tokens: int = 0
    bytes: int = 0
    positions: int = 0  # tokens of prompts and answers that went over

    def add(self, expected: Sequence[Said], got: Sequence[Said], sent: int, prompt: int) -> None:
        """Count one session."""
        pairs = list(zip(expected, got, strict=False))
        self.tokens += len(expected)
        self.same_logits += sum(a == b for a, b in pairs)
        self.same_tokens += sum(a.token == b.token for a, b in pairs)
        self.bytes += sent
        self.positions += prompt + (0 if self.alone else len(got) - 1)

    def document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self) | {"bytes_per_token": self.bytes / self.positions}

    def cells(self) -> tuple[Any, ...]:
        """Return it as a row of the table."""
        way = "handed over" if self.alone else "a packet a token"
        each = round(self.bytes / self.positions)
        return self.split, way, self.tokens, self.same_logits, self.same_tokens, each


def check_splits(
    end: End,
    prompts: Sequence[Sequence[int]],
    splits: Sequence[int],
    codec: str,
    length: int,
    arguments: Sequence[str],
) -> list[Checked]:
    """Share every prompt at every split with a second process, both ways; return what was equal.

    `arguments` tell `agp transfer serve` which model to load.
    """
    expected = [in_one_place(end, ids, length) for ids in prompts]
    fitted = [a for a in (False, True) if not (a and codec in ("pca", "learned"))]
    found = []
    with second_process(arguments) as port:
        for split in splits:
            for alone in fitted:
                row = Checked(split, alone, codec)
                for ids, one in zip(prompts, expected, strict=True):
                    sent = send(port, end, ids, Way(split, codec, alone, length))
                    row.add(one, sent.said, sum(sent.sizes), len(ids))
                found.append(row)
    return found


@contextmanager
def second_process(arguments: Sequence[str]) -> Iterator[int]:
    """Run `agp transfer serve` beside this process while open; give its port.

    Both compute with the same BLAS: two of them differ in the last bits.
    """
    command = [sys.executable, "-m", "agp", "transfer", "serve", *arguments]
    pipe = subprocess.PIPE
    environment = {"AGP_BLAS": "off", **os.environ}
    child = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)
    assert child.stdout and child.stderr
    try:
        said = child.stdout.readline()
        if not (port := re.search(r"port (\d+)", said)):
            why = child.stderr.read().strip().splitlines()
            raise AgpError(f"the second process did not start: {why[-1] if why else 'no word'}")
        yield int(port[1])
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        child.stderr.close()
