"""The model of `make real`: a package from PyPI in, a checked mlx_lm model folder out."""

import hashlib
import html
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.resources import files
from math import exp
from pathlib import Path
from textwrap import shorten
from typing import Any

from warehouse.errors import AgpError

PARTS = "*/data/*.gguf.part*"
TERMS = "*/data/*TERMS*.html"
NOTICE = "*/data/NOTICE.md"


def known() -> dict[str, Any]:
    """Return what was recorded of the model."""
    return tomllib.loads((files("agp.real") / "known.toml").read_text(encoding="utf-8"))


def paragraphs() -> list[str]:
    """Return the text that perplexity is measured on."""
    return (files("agp.real") / "text.txt").read_text(encoding="utf-8").strip().split("\n\n")


def fetch(package: str, version: str, target: Path) -> None:
    """Install the package into a folder of its own, unless it is there; AgpError when it cannot."""
    if any(target.glob(PARTS)):
        return
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        raise AgpError("uv is missing; `make real` brings it")
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    wanted = f"{package}=={version}"
    command = [uv, "pip", "install", "--python", sys.executable, "--target", str(part), wanted]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode or not any(part.glob(PARTS)):
        shutil.rmtree(part, ignore_errors=True)
        raise AgpError(
            f"the package {wanted} is missing and could not be installed "
            f"({reason(done.stderr)}); only `make real` needs it"
        )
    part.rename(target)


def reason(said: str) -> str:
    """Return the gist of what an installer said: the last cause it names.

    >>> reason("error: Request failed\\n  cause: Failed to fetch: x\\n\\nhint: wait")
    'Failed to fetch: x'
    """
    lines = [line.strip(" ×╰─▶│├") for line in said.splitlines()]
    told = [line for line in lines if line.startswith(("error:", "cause:", "Because"))]
    gist = told[-1].removeprefix("cause: ").split(" and you require")[0] if told else said
    return shorten(gist, 120) or "it holds no GGUF"


def terms(target: Path) -> str:
    """Return the licence terms that came with the package, as plain text."""
    pages = sorted(target.glob(TERMS))
    if not pages:
        raise AgpError(f"{target} holds no licence terms; remove it and run `make real` again")
    return plain_text(pages[0].read_text(encoding="utf-8"))


def plain_text(page: str) -> str:
    """Return the article of an HTML page, from its title on, as paragraphs.

    >>> plain_text("<nav>x</nav><article>y<h1>A &amp; B</h1><p>one<br>two</p></article>")
    'A & B\\n\\none\\n\\ntwo'
    """
    article = re.search(r"<h1\b.*?</article>", page, re.DOTALL)
    body = re.sub(
        r"<(script|style)\b.*?</\1>", "", article[0] if article else page, flags=re.DOTALL
    )
    body = re.sub(r"</?(?:p|h\d|li|ul|ol|div|br|tr|table|section)\b[^>]*>", "\n\n", body)
    text = html.unescape(re.sub(r"<[^>]+>", "", body))
    blocks = (" ".join(block.split()) for block in text.split("\n\n"))
    return "\n\n".join(block for block in blocks if block)


def assemble(target: Path, gguf: Path, sha256: str) -> None:
    """Put the file together from its parts; AgpError when it is not the one that was recorded."""
    if not gguf.exists():
        part = gguf.with_name(gguf.name + ".part")
        with part.open("wb") as whole:
            for piece in sorted(target.glob(PARTS), key=lambda p: p.name):
                with piece.open("rb") as source:
                    shutil.copyfileobj(source, whole, 1 << 20)
        part.rename(gguf)
    with gguf.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise AgpError(f"{gguf} has sha-256 {found}, not {sha256}; remove it and run it again")


def check(folder: Path, expected: dict[str, Any]) -> dict[str, Any]:
    """Return tokens and perplexity of the shipped text; AgpError when they are not as recorded."""
    from train.harness.measure import text_scores
    from train.model.gemma import Gemma
    from train.model.load import load

    model, tokenizer = load(str(folder))
    texts = paragraphs()
    encoded = [tokenizer.encode(text) for text in texts]
    for text, ids in zip(texts, encoded, strict=True):
        if tokenizer.decode(ids, skip_special_tokens=True) != text:
            raise AgpError(f"the tokenizer of {folder} does not give back {text[:30]!r}…")
    scores = text_scores(Gemma(model), tokenizer, texts, window=1024)
    tokens = sum(len(ids) for ids in encoded)
    perplexity = exp(sum(s.nats for s in scores) / sum(s.tokens for s in scores))
    if tokens != expected["text_tokens"]:
        raise AgpError(f"text.txt has {tokens} tokens, not {expected['text_tokens']} as recorded")
    if abs(perplexity / expected["perplexity"] - 1) > expected["band"]:
        raise AgpError(f"perplexity {perplexity:.3f}, recorded {expected['perplexity']:.3f}")
    return {"tokens": tokens, "perplexity": perplexity, "paragraphs": len(texts)}
