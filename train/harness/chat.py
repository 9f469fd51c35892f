"""Conversations to token ids: always through the tokenizer's own chat template, with the places
where the assistant speaks."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from warehouse.errors import AgpError


class Encoded(NamedTuple):
    """A conversation as the model sees it."""

    ids: list[int]
    turns: list[tuple[int, int, int]]  # (message, start, stop): ids[start:stop] the assistant wrote


def encode_chat(
    tokenizer: Any, messages: Sequence[Mapping[str, Any]], *, last: bool = False
) -> Encoded:
    """Return the ids of a conversation and the span of each assistant turn, or of the last alone.

    A turn begins behind the template's generation prompt and ends with its end-of-turn token, so it
    holds exactly what the model has to produce. AgpError where a template rewrites earlier turns
    when later ones follow: no span can be trusted there.
    """
    ids = template(tokenizer, messages)
    turns = []
    spoken = [i for i, message in enumerate(messages) if message["role"] == "assistant"]
    for i in spoken[-1:] if last else spoken:
        before = template(tokenizer, messages[:i], prompt=True)
        after = template(tokenizer, messages[: i + 1]) if i + 1 < len(messages) else ids
        if ids[: len(before)] != before or ids[: len(after)] != after:
            raise AgpError(
                "this chat template changes earlier turns when later ones follow, or opens an "
                "answer otherwise than it asks for one; its assistant turns cannot be found"
            )
        turns.append((i, len(before), turn_end(tokenizer, after, len(before))))
    return Encoded(ids, turns)


def template(
    tokenizer: Any, messages: Sequence[Mapping[str, Any]], *, prompt: bool = False
) -> list[int]:
    """Return the ids of messages, ending with the generation prompt when asked for."""
    if not getattr(tokenizer, "chat_template", None):
        raise AgpError(
            "this model's tokenizer has no chat template; use an instruction-tuned model"
        )
    return list(
        tokenizer.apply_chat_template(
            list(messages), add_generation_prompt=prompt, tokenize=True, return_dict=False
        )
    )


def turn_end(tokenizer: Any, ids: Sequence[int], start: int) -> int:
    """Return where a turn ends: behind its last end token, what follows is the template's."""
    ends = set(getattr(tokenizer, "eos_token_ids", None) or {tokenizer.eos_token_id})
    for stop in range(len(ids), start, -1):
        if ids[stop - 1] in ends:
            return stop
    return len(ids)
