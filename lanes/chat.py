"""Chat turns: the parts of one exchange in, messages with a loss mask out, within a length.

Tools are folded into a line of the answer, kept as `tool_calls` and tool turns, or left out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

Tools = Literal["fold", "keep", "none"]
Message = dict[str, Any]
MARGIN = 8192  # a secret that a cut would halve is whole within this many characters
GAP = "\n[...]\n"
ARGUMENTS = ("command", "file_path", "notebook_path", "path", "pattern", "query", "url", "skill")


@dataclass
class Part:
    """Words of a message (tool is None) or a tool call with its result, secrets replaced."""

    role: str
    text: str = ""
    call_id: str = ""
    tool: str | None = None
    input: Any = None
    output: str | None = None
    ok: bool | None = None
    rejected: bool = False


@dataclass
class Talk:
    """One exchange as chat: its messages, which of them earn loss, and what had to be cut."""

    messages: list[Message]
    loss: list[bool]
    chars: int
    cut: list[str] = field(default_factory=list)


def cut_middle(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters: its beginning and its end.

    >>> cut_middle("abcdefghijklmnopqrstuvwxyz", 19)
    'abcdefgh\\n[...]\\nwxyz'
    >>> cut_middle("short", 19)
    'short'
    """
    if len(text) <= limit:
        return text
    room = max(limit - len(GAP), 0)
    tail = room // 3
    return (text[: room - tail] + GAP + text[len(text) - tail :])[:limit]


def map_strings(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with a function applied to every string that is not a key.

    >>> map_strings({"a": ["b", 1, None]}, str.upper)
    {'a': ['B', 1, None]}
    """
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [map_strings(item, change) for item in value]
    if isinstance(value, dict):
        return {key: map_strings(item, change) for key, item in value.items()}
    return value


def one_line(text: str, limit: int) -> str:
    """Return a text on one line of at most `limit` characters.

    >>> one_line("ls  -l\\n/tmp", 8), one_line("ls", 8)
    ('ls -l /…', 'ls')
    """
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: max(limit - 1, 0)] + "…"


def main_argument(value: Any) -> str:
    """Return what a tool was asked for: the argument people recognise the call by.

    >>> main_argument({"description": "Run the tests", "command": "pytest -q"}), main_argument({})
    ('pytest -q', '')
    """
    if not isinstance(value, dict):
        return value if isinstance(value, str) else ""
    strings = {key: item for key, item in value.items() if isinstance(item, str)}
    named = (strings[key] for key in ARGUMENTS if key in strings)
    return next(named, next(iter(strings.values()), ""))


def summary(part: Part, limit: int) -> str:
    """Return a tool's result in one line: the end of it, or the start of an error.

    >>> summary(Part("assistant", tool="Bash", output="...\\n2 failed, 31 passed\\n", ok=True), 40)
    '2 failed, 31 passed (2 lines)'
    >>> summary(Part("assistant", tool="Read", output=None, ok=False), 40)
    'error'
    """
    lines = [line for line in (part.output or "").splitlines() if line.strip()]
    if part.rejected:
        return "refused"
    if part.ok is False:
        return f"error: {one_line(lines[0], limit)}" if lines and limit else "error"
    if not lines or not limit:
        return "ok" if part.ok else ""
    count = f" ({len(lines)} lines)" if len(lines) > 1 else ""
    return one_line(lines[-1], limit) + count


def folded(part: Part, step: Sequence[int]) -> str:
    """Return a tool call as a line of the answer; step is (argument, result) characters.

    >>> folded(Part("assistant", tool="Bash", input={"command": "ls"}, output="a", ok=True), (9, 9))
    '[Bash: ls → a]'
    """
    argument, result = one_line(main_argument(part.input), step[0]), summary(part, step[1])
    return f"[{part.tool}{': ' + argument if argument else ''}{' → ' + result if result else ''}]"


def kept(part: Part, step: Sequence[int]) -> list[Message]:
    """Return a tool call as an assistant's `tool_calls` and the tool's own turn."""
    value = part.input if isinstance(part.input, dict) else {"input": part.input}
    value = map_strings(value, lambda text: cut_middle(text, step[0]))
    function = {"name": part.tool, "arguments": orjson.dumps(value).decode()}
    call = {"id": part.call_id, "type": "function", "function": function}
    output = "refused by the person" if part.rejected else part.output or ""
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {
            "role": "tool",
            "content": cut_middle(output, step[1]),
            "tool_call_id": part.call_id,
            "name": part.tool,
        },
    ]


def messages_of(
    parts: Iterable[Part], tools: Tools, prompt_chars: int, step: Sequence[int]
) -> list[Message]:
    """Return the turns of an exchange, roles alternating, under one step of tightness."""
    turns: list[Message] = []
    for part in parts:
        if part.tool is None:
            limit = prompt_chars if part.role == "user" else len(part.text)
            add(turns, {"role": part.role, "content": cut_middle(part.text.strip(), limit)})
        elif tools == "fold" and any(step):
            add(turns, {"role": "assistant", "content": folded(part, step)})
        elif tools == "keep":
            for message in kept(part, step):
                add(turns, message)
    while turns and turns[-1]["role"] != "assistant":
        turns.pop()
    return turns


def add(turns: list[Message], message: Message) -> None:
    """Append a turn, or join it to the last one of the same role; words after calls begin anew."""
    last = turns[-1] if turns else None
    joins = last and last["role"] == message["role"] and message["role"] != "tool"
    if not joins or last is None or ("tool_calls" in last and message["content"]):
        turns.append(message)
        return
    between = (
        "\n" if message["content"].startswith("[") and last["content"].endswith("]") else "\n\n"
    )
    last["content"] = between.join(t for t in (last["content"], message["content"]) if t)
    if "tool_calls" in message:
        last["tool_calls"] = last.get("tool_calls", []) + message["tool_calls"]


def length(messages: Iterable[Message]) -> int:
    """Return the characters that a model would read, markup not counted."""
    return sum(
        len(m["content"]) + sum(len(c["function"]["arguments"]) for c in m.get("tool_calls", ()))
        for m in messages
    )


def talk(
    parts: Sequence[Part], tools: Tools, limits: tuple[int, int], steps: Sequence[Sequence[int]]
) -> Talk | str:
    """Return an exchange as chat at the first step that fits, or the reason why it cannot be.

    `limits` are the characters of the whole and of a prompt.
    """
    answers = [p for p in parts if p.role == "assistant" and (p.text.strip() or tools == "keep")]
    if not answers:
        return "no-answer"
    if parts[0].role != "user" or not parts[0].text.strip():
        return "no-prompt"
    for number, step in enumerate(steps):
        messages = messages_of(parts, tools, limits[1], step)
        chars = length(messages)
        if chars <= limits[0]:
            cut = ["tools"] if number else []
            if any(len(p.text) > limits[1] for p in parts if p.role == "user" and not p.tool):
                cut.append("prompt")
            loss = [m["role"] == "assistant" for m in messages]
            return Talk(messages, loss, chars, cut)
    return "too-long"
