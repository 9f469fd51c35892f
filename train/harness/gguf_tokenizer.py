"""The tokenizer inside a GGUF file: pieces and scores in, a Hugging Face `tokenizer.json` out."""

from collections.abc import Mapping, Sequence
from typing import Any

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6  # llama.cpp's token types
SPACE = "\u2581"

# Gemma's published turn format; a system message becomes the opening of the first user turn.
CHAT_TEMPLATE = """{{ bos_token }}{% set ns = namespace(head='') %}{% for m in messages %}\
{% if m.role == 'system' %}{% set ns.head = m.content + '\n\n' %}{% else %}\
<start_of_turn>{{ 'model' if m.role == 'assistant' else 'user' }}
{{ ns.head }}{{ m.content | trim }}<end_of_turn>
{% set ns.head = '' %}{% endif %}{% endfor %}\
{% if add_generation_prompt %}<start_of_turn>model
{% endif %}"""


def merges(vocab: Mapping[str, int], scores: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return BPE merges in order of rank from SentencePiece pieces and their scores.

    SentencePiece joins the pair whose *result* scores highest, so every split of a piece into two
    pieces is a merge of that piece's rank.

    >>> vocab = {"a": 0, "b": 1, "ab": 2, "abb": 3}
    >>> merges(vocab, {"a": -9, "b": -9, "ab": -1, "abb": -2})
    [('a', 'b'), ('ab', 'b')]
    """
    found: list[tuple[float, int, int, str, str]] = []
    for piece, score in scores.items():
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in vocab and right in vocab:
                found.append((-score, vocab[left], vocab[right], left, right))
    return [(left, right) for *_, left, right in sorted(found)]


def tokenizer_json(
    pieces: Sequence[str], scores: Sequence[float], types: Sequence[int]
) -> dict[str, Any]:
    """Return the content of `tokenizer.json`: byte-fallback BPE over pieces with `▁` for a space.

    Control and user-defined pieces become added tokens, so that they are matched before merging.
    """
    vocab = {piece: i for i, piece in enumerate(pieces)}
    ranked = {p: s for p, s, t in zip(pieces, scores, types, strict=True) if t == NORMAL}
    bos = {"SpecialToken": {"id": "<bos>", "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "version": "1.0",
        "added_tokens": added_tokens(pieces, types),
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, text],
            "pair": [bos, text, bos, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {
                "<bos>": {"id": "<bos>", "ids": [vocab["<bos>"]], "tokens": ["<bos>"]}
            },
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": {
            "type": "BPE",
            "unk_token": "<unk>",
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": vocab,
            "merges": merges(vocab, ranked),
        },
    }


def added_tokens(pieces: Sequence[str], types: Sequence[int]) -> list[dict[str, Any]]:
    """Return the pieces that are matched before any merging: control and user-defined ones."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return [
        {"id": i, "content": piece, **flags, "special": kind == CONTROL}
        for i, (piece, kind) in enumerate(zip(pieces, types, strict=True))
        if kind in (CONTROL, USER, UNKNOWN)
    ]


def tokenizer_config() -> dict[str, Any]:
    """Return the content of `tokenizer_config.json`."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
    }
