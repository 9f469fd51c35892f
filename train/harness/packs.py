"""Prompt packs: a folder of held-out prompts in, checked `Prompt`s out.

A pack holds `prompts.jsonl` (one prompt a line), optionally `general.jsonl` (texts of nobody's
distribution, to see what was forgotten) and `pack.toml` (name, source, sha-256 of both).
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from train.harness.checks import Check
from train.model.digest import file_sha256
from warehouse.complaints import complaint
from warehouse.errors import AgpError
from warehouse.home import agp_home

SHIPPED = Path(__file__).parent / "shipped"
SPLITS = ("train", "heads", "valid", "calib", "test")


class Message(BaseModel):
    """One turn of a prompt."""

    model_config = ConfigDict(extra="forbid")
    role: str = Field(pattern="^(system|user|assistant)$")
    content: str = Field(min_length=1)


class Prompt(BaseModel):
    """A held-out conversation; the last assistant turn is the reference answer."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(min_length=1)
    messages: list[Message] = Field(min_length=2)
    kind: str
    script: str
    split: str = Field(pattern="^(train|heads|valid|calib|test)$")
    checks: list[Check] = []
    exchange: str = ""  # whose answer it is, in the warehouse; empty: nobody ever asked it
    conversation: str = ""  # prompts of one conversation share its beginning; empty: of its own

    def chat(self) -> list[dict[str, str]]:
        """Return all turns as a chat template takes them."""
        return [m.model_dump() for m in self.messages]


@dataclass(frozen=True)
class Pack:
    """A pack that was read whole and whose digests are right."""

    name: str
    path: Path
    digest: str
    prompts: Sequence[Prompt]
    general: Sequence[str]

    def split(self, name: str) -> list[Prompt]:
        """Return the prompts of one split, in order."""
        return [p for p in self.prompts if p.split == name]


def packs_folder() -> Path:
    """Return where `agp packs build` keeps packs that are known by name."""
    return agp_home() / "packs"


def known_packs() -> dict[str, Path]:
    """Return the packs that have a name: the shipped one and those of this home."""
    own = {file.parent.name: file.parent for file in sorted(packs_folder().glob("*/pack.toml"))}
    return {"shipped": SHIPPED} | own


def find_pack(name: str) -> Path:
    """Return a pack's folder from its path or name; AgpError names those there are."""
    if (Path(name) / "pack.toml").is_file():
        return Path(name)
    known = known_packs()
    if name in known:
        return known[name]
    raise AgpError(f"no pack at {name}; there are {', '.join(known)}, and `agp packs build`")


def pack_of(capture: Mapping[str, Any]) -> Path:
    """Return the folder of the pack a capture was made of: where it lay then, else by its name."""
    there = capture.get("pack_folder", "/")
    return find_pack(there if (Path(there) / "pack.toml").is_file() else capture["pack"])


def load_pack(path: Path) -> Pack:
    """Read a pack; a line that is no prompt, a doubled id or a wrong digest is a one-line error."""
    about = read_about(path)
    prompts = [parse_prompt(path, i, line) for i, line in lines(path / "prompts.jsonl")]
    if len({p.id for p in prompts}) < len(prompts):
        raise AgpError(f"{path}: two prompts have one id")
    general = general_texts(path) if (path / "general.jsonl").exists() else []
    for name, digest in about.get("sha256", {}).items():
        if file_sha256(path / name) != digest:
            raise AgpError(f"{path / name} is not what pack.toml says it is; build the pack anew")
    return Pack(str(about.get("name", path.name)), path, pack_digest(about), prompts, general)


def general_texts(path: Path = SHIPPED) -> list[str]:
    """Return a pack's general texts, by default those that ship."""
    return [str(json.loads(line)["text"]) for _, line in lines(path / "general.jsonl")]


def pack_digest(about: Mapping[str, Any]) -> str:
    """Return a pack's digest from its `pack.toml` alone: no prompt is read for it."""
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


def read_about(path: Path) -> dict[str, Any]:
    """Return the content of `pack.toml`."""
    try:
        return tomllib.loads((path / "pack.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AgpError(f"{path} is not a pack: it has no pack.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise AgpError(f"{path / 'pack.toml'}: {e}") from None


def lines(path: Path) -> Iterable[tuple[int, str]]:
    """Yield the numbered lines of a JSONL file; a line ends at a line feed and nowhere else."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise AgpError(f"{path} is missing") from None
    except UnicodeDecodeError:
        raise AgpError(f"{path} is not UTF-8") from None
    return [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]


def parse_prompt(path: Path, number: int, line: str) -> Prompt:
    """Return one line as a prompt that ends with a reference answer."""
    try:
        prompt = Prompt.model_validate_json(line)
    except ValidationError as error:
        raise AgpError(f"{path}/prompts.jsonl line {number}: {complaint(error)}") from None
    if prompt.messages[-1].role != "assistant":
        raise AgpError(f"{path}/prompts.jsonl line {number}: its last turn is not the assistant's")
    return prompt


def write_pack(
    path: Path, name: str, source: str, prompts: Sequence[Prompt], general: Sequence[str] = ()
) -> None:
    """Write a pack folder; the same content gives the same bytes."""
    path.mkdir(parents=True, exist_ok=True)
    rows = [p.model_dump_json(exclude_defaults=True) for p in prompts]
    texts = [json.dumps({"text": text}, ensure_ascii=False) for text in general]
    about = [f"name = {json.dumps(name)}", f"source = {json.dumps(source)}", "", "[sha256]"]
    for file, body in (("prompts.jsonl", rows), ("general.jsonl", texts)):
        if body:
            (path / file).write_text("\n".join(body) + "\n", encoding="utf-8")
            about.append(f'"{file}" = "{file_sha256(path / file)}"')
    (path / "pack.toml").write_text("\n".join(about) + "\n", encoding="utf-8")
