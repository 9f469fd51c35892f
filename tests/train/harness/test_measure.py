"""Scores are the model's own cross-entropy, on the answer and nothing else."""

import mlx.core as mx
import mlx.nn as nn
import pytest

from train.harness.chat import encode_chat
from train.harness.drift import drift, states
from train.harness.measure import answer, answer_scores, encode_prompts, passes, text_scores
from train.harness.packs import Message, Prompt
from train.model.gemma import Gemma
from warehouse.errors import AgpError

CHAT = [
    {"role": "user", "content": "Name a colour."},
    {"role": "assistant", "content": "Blue."},
    {"role": "user", "content": "Another one, please."},
    {"role": "assistant", "content": "Green, as grass is."},
]


def prompt():
    turns = [Message(**m) for m in CHAT]
    return Prompt(id="p", messages=turns, kind="prose", script="Latin", split="test")


def test_spans_hold_what_the_assistant_wrote(tiny):
    encoded = encode_chat(tiny[1], CHAT)
    said = [tiny[1].decode(encoded.ids[a:b]) for _, a, b in encoded.turns]
    assert [i for i, _, _ in encoded.turns] == [1, 3]
    assert said[0].startswith("Blue.")
    assert said[1].startswith("Green, as grass is.")
    assert encoded.ids[encoded.turns[0][2] - 1] in tiny[1].eos_token_ids


def test_score_equals_plain_cross_entropy(tiny):
    model, tokenizer = tiny
    [found] = answer_scores(Gemma(model), encode_prompts(tokenizer, [prompt()]), window=512)
    encoded = encode_chat(tokenizer, CHAT)
    _, start, stop = encoded.turns[-1]
    logits = model(mx.array([encoded.ids]))[0, start - 1 : stop - 1]
    plain = nn.losses.cross_entropy(logits, mx.array(encoded.ids[start:stop]), reduction="sum")
    assert found.tokens == stop - start
    assert found.nats == pytest.approx(plain.item(), rel=1e-4)


def test_a_conversation_over_the_window_keeps_its_answer(tiny):
    asked = encode_prompts(tiny[1], [prompt()])
    [whole] = answer_scores(Gemma(tiny[0]), asked, window=512)
    [cut] = answer_scores(Gemma(tiny[0]), asked, window=whole.tokens + 3)
    assert cut.tokens == whole.tokens


def test_answers_of_one_conversation_are_scored_in_one_pass(tiny):
    first = prompt().model_copy(update={"id": "q", "messages": prompt().messages[:2]})
    asked = encode_prompts(tiny[1], [first, prompt()])
    assert len(list(passes(asked, 512))) == 1
    together = answer_scores(Gemma(tiny[0]), asked, window=512)
    alone = [answer_scores(Gemma(tiny[0]), [a], window=512)[0] for a in asked]
    assert [s.nats for s in together] == pytest.approx([s.nats for s in alone], rel=1e-4)
    assert [s.tokens for s in together] == [s.tokens for s in alone]


def test_a_text_of_one_token_has_no_score(tiny):
    assert len(text_scores(Gemma(tiny[0]), tiny[1], ["", "A b c d."], 64)) == 1


def test_a_model_does_not_drift_from_itself(tiny):
    gemma = Gemma(tiny[0])
    found = states(gemma, [encode_chat(tiny[1], CHAT).ids])
    found = drift(found, found)
    assert found == pytest.approx([1.0] * (gemma.n_layers + 1))


def test_an_answer_is_the_same_each_time(tiny):
    model, tokenizer = tiny
    first, second = (answer(model, tokenizer, prompt(), max_tokens=8, window=256) for _ in range(2))
    assert first == second


def test_a_tokenizer_without_a_template_is_one_line():
    class Plain:
        chat_template = None

    with pytest.raises(AgpError, match="no chat template"):
        encode_chat(Plain(), CHAT)
