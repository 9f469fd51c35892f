"""Steps of ATIF: the messages of one thread in, a trajectory without its subagents out.

An answer of the model is one step, with its tool calls, their results and its tokens. Prompt tokens
are all that was read, cached or not. A step that a fork copied is marked and carries no tokens:
those were counted where it was first said.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import orjson

from lanes.traces.choose import Session
from lanes.traces.told import Record, Told, place

VERSION = "ATIF-v1.8"
NAMES = {"claude": "claude-code"}


def trajectory(session: Session, name: str, messages: Sequence[Record], told: Told) -> Record:
    """Return one thread as a trajectory, its subagents not yet in it."""
    steps: list[Record] = []
    answers: dict[str, Record] = {}
    for message in messages:
        if message["author"] == "tool":
            continue  # its results stand in the step of their call
        if message["role"] != "assistant" or message["author"] == "harness":
            steps.append(asked(message))
            continue
        key = message["api_id"] or message["message_id"]
        if key not in answers:
            answers[key] = answered(message)
            steps.append(answers[key])
        extend(answers[key], message, told)
    steps = [step for step in steps if worth_a_step(step)]
    for number, step in enumerate(steps, 1):
        step["step_id"] = number
        step["metrics"] = metrics(step.pop("usage", None))
    models = Counter(step["model_name"] for step in steps if step.get("model_name"))
    return {
        "schema_version": VERSION,
        "session_id": session.id,
        "trajectory_id": name,
        "agent": {
            "name": NAMES.get(session.agent, session.agent),
            "version": session.version or "unknown",
            "model_name": models.most_common(1)[0][0] if models else None,
        },
        "steps": steps,
        "final_metrics": totals(steps),
    }


def worth_a_step(step: Record) -> bool:
    """Say whether anything was said, thought or done in a step."""
    return bool(step["message"] or step.get("tool_calls") or step.get("reasoning_content"))


def shared(message: Record) -> Record:
    """Return what every step has."""
    sent = message["sent_at"]
    return {
        "step_id": 0,
        "timestamp": f"{sent.isoformat(timespec='milliseconds')}Z" if sent else None,
        "message": message["text"] or "",
        "is_copied_context": True if message["copied"] else None,
        "extra": {"kind": message["kind"], "message_ids": [message["message_id"]]},
    }


def asked(message: Record) -> Record:
    """Return the step of what a person, a command or a calling agent said, or of the harness."""
    source = "system" if message["author"] == "harness" else "user"
    return {"source": source} | shared(message)


def answered(message: Record) -> Record:
    """Return the step of one answer of the model, as its first record begins it."""
    step = {"source": "agent", "model_name": message["model"], "llm_call_count": 1}
    return step | shared(message) | {"message": "", "extra": {"message_ids": []}, "usage": {}}


def extend(step: Record, message: Record, told: Told) -> None:
    """Add a record of an answer to its step: words, thoughts, calls with results, tokens."""
    step["extra"]["message_ids"].append(message["message_id"])
    for key, part in (("message", message["text"]), ("reasoning_content", message["thinking"])):
        step[key] = "\n\n".join(text for text in (step.get(key), part) if text) or (
            "" if key == "message" else None
        )
    for call in told.calls.get(place(message), ()):
        step.setdefault("tool_calls", []).append(
            {
                "tool_call_id": call["tool_call_id"],
                "function_name": call["tool"],
                "arguments": arguments(call["input"]),
            }
        )
        if call["answered"]:
            results = step.setdefault("observation", {"results": []})["results"]
            results.append(result_of(call))
    line = told.usage.get(place(message))
    if line and not message["copied"]:
        before = step["usage"].setdefault(line["call_id"], Counter())
        for key, value in line.items():
            if key.endswith("_tokens"):
                before[key] = max(before[key], value)


def result_of(call: Record) -> Record:
    """Return a tool's result; whether it failed or was refused stands beside it."""
    facts = {"failed": call["ok"] is False, "rejected": bool(call["rejected"])}
    extra = {key: True for key, held in facts.items() if held}
    found = {"source_call_id": call["tool_call_id"], "content": call["output"] or ""}
    return found | ({"extra": extra} if extra else {})


def arguments(text: str | None) -> Record:
    """Return a call's arguments as an object, whatever they are.

    >>> arguments('{"a": 1}'), arguments("[1]"), arguments(None)
    ({'a': 1}, {'input': [1]}, {})
    """
    try:
        value = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        value = text
    return value if isinstance(value, dict) else {"input": value}


def metrics(usage: Mapping[str, Counter[str]] | None) -> Record | None:
    """Return the tokens of a step; None where none are known."""
    if not usage:
        return None
    sums = sum(usage.values(), Counter())
    prompt = sum(sums[f"{name}_tokens"] for name in ("input", "cache_read", "cache_write"))
    return {
        "prompt_tokens": prompt,
        "cached_tokens": sums["cache_read_tokens"],
        "completion_tokens": sums["output_tokens"] + sums["reasoning_tokens"],
        "extra": {"cache_write_tokens": sums["cache_write_tokens"]},
    }


def totals(steps: Iterable[Record]) -> Record:
    """Return what the steps of a trajectory add up to, subagents not counted."""
    steps = list(steps)
    found = [step["metrics"] for step in steps if step["metrics"]]
    return {
        "total_steps": len(steps),
        "total_prompt_tokens": sum(one["prompt_tokens"] for one in found),
        "total_completion_tokens": sum(one["completion_tokens"] for one in found),
        "total_cached_tokens": sum(one["cached_tokens"] for one in found),
    }
