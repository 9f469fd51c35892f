"""What makes a turn unusual: images, huge outputs, steering, editor context. Items in, items out.

A function either changes how the next prompt is written (`item.more`) or writes records itself.
"""

import base64
import struct
import zlib
from functools import cache
from typing import Any

from lanes.sample_history.bank import Item
from lanes.sample_history.noise import WORDS, say
from lanes.sample_history.transcript import Transcript, text


@cache
def picture() -> str:
    """Return a small spectrogram as base64 of a PNG, stored without compression (20 KB).

    >>> len(picture()) > 16384
    True
    """
    side = 72
    rows = b"".join(b"\0" + bytes(_shade(x, y) for x in range(side * 3)) for y in range(side))
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF) + rows
    data = stored + struct.pack(">I", zlib.adler32(rows))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)
    return base64.b64encode(png).decode()


def _shade(x: int, y: int) -> int:
    return (x * x // 7 + y * y * 3 // 5 + x * y) % 251


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + check


def _image() -> dict[str, Any]:
    source = {"type": "base64", "media_type": "image/png", "data": picture()}
    return {"type": "image", "source": source}


def with_picture(t: Transcript, item: Item) -> None:
    """Let the next prompt carry a pasted picture."""
    item.more["content"] = [_image(), text(item.ask)]
    item.more["noise"] = "image"


def with_editor(t: Transcript, item: Item) -> None:
    """Let the next prompt carry what the editor showed."""
    path = f"{t.place.cwd}/{item.file}"
    kind = t.dice.pick(("opened", "selection", "blocks"))
    note = f"The user opened the file {path} in the IDE. This may or may not be related."
    opened = f"<ide_opened_file>{note}</ide_opened_file>"
    lines = f"The user selected the lines 4 to 9 from {path}:\ndef main():"
    selected = f"<ide_selection>{lines}</ide_selection>"
    if kind == "blocks":
        item.more["content"] = [text(opened), text(item.ask)]
    else:
        item.more["content"] = f"{opened if kind == 'opened' else selected}\n{item.ask}"
    item.more["noise"] = "ide_context"


def read_picture(t: Transcript, item: Item) -> None:
    """Write a picture that a tool read: in the result, beside it, and on the next line again."""
    call = t.call("Read", {"file_path": f"{t.place.cwd}/plots/{item.area}.png"})
    t.assistant([text(f"The plot of {item.area} belongs to this."), call])
    size = len(picture()) * 3 // 4
    file = {"base64": picture(), "type": "image/png", "originalSize": size}
    t.result(call, [_image()], {"type": "image", "file": file})
    t.noise("image_body", [_image()], isMeta=True)
    t.assistant([text(f"The plot shows nothing unusual for {item.area}.")])


def huge_output(t: Transcript, item: Item, planted: str = "") -> None:
    """Write a command whose output lies in a file beside the transcript."""
    call = t.call("Bash", {"command": f"{item.run} --verbose", "description": "All of it"})
    t.assistant([text("The whole output, to be sure."), call])
    whole = _log(t, item, planted)
    path = f"{t.place.session_id}/tool-results/{call['id']}.txt"
    t.files[f"{t.place.folder}/{path}"] = whole.encode()
    size = f"{len(whole) / 1024:.1f}KB"
    saved = f"Output too large ({size}). Full output saved to: {t.place.home}/.claude"
    saved += f"/{t.place.folder}/{path}\n\nPreview (first 2KB):\n{whole[:2000]}\n..."
    beside: dict[str, Any] = {"stdout": whole if t.since(2, 1, 160) else "", "stderr": ""}
    t.result(call, f"<persisted-output>\n{saved}\n</persisted-output>", beside)
    t.ledger.noise["persisted_output"].append(call["id"])
    t.assistant([text(f"Nothing in the {size} of output contradicts the answer.")])


def _log(t: Transcript, item: Item, planted: str) -> str:
    lines = [f"{i:05} {item.area} step={t.dice.below(900)} ok" for i in range(1200)]
    if planted:
        lines[700] = planted
    return "\n".join(lines)


def steer(t: Transcript, item: Item) -> None:
    """Write words that the person typed while the agent was at work; they stand nowhere else."""
    words = say("steering", item, t)
    queued = {"type": "queued_command", "prompt": words, "commandMode": "prompt"}
    uuid = t.record("attachment", attachment=queued)
    row = {"uuid": uuid, "session_id": t.place.session_id, "project": item.project}
    row |= {"area": item.area, "topic": None, "kind": "steering", "language": "en"}
    t.ledger.prompts.append(row | {"concept": None, "learnable": False, "check": None})
    t.assistant([text(f"Understood. {WORDS['steered']}")])


def hooked(t: Transcript, item: Item, printed: str = "{}") -> None:
    """Write the attachment of a hook that ran."""
    hook = {"type": "hook_success", "hookName": "PostToolUse:Bash", "hookEvent": "PostToolUse"}
    hook |= {"toolUseID": "hook-" + t.dice.hex(8), "content": "", "stdout": printed}
    t.record("attachment", attachment=hook | {"stderr": "", "exitCode": 0, "durationMs": 12})
