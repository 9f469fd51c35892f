"""Near copies: planted ones are found, what one template made is not, and odd texts do no harm."""

import random
import time
import unicodedata
from collections.abc import Sequence

import pytest

from bench.duplicates.planted import SCRIPTS, Writer, judged, planted
from filters.near import near_pairs
from filters.near_settings import near_settings
from filters.shingles import letters
from filters.sketches import sketched


def pairs(texts: Sequence[str]) -> set[tuple[int, int]]:
    return {(one, other) for one, other, _ in near_pairs([(text,) for text in texts])}


def text_of(words: int, script: str = "latin", seed: int = 1) -> str:
    writer = Writer(script, random.Random(seed))
    return writer.joined(writer.some(words))


def test_planted_copies_are_found_and_hard_negatives_are_not():
    texts = planted(2000, seed=23)
    recall, precision = judged(texts, pairs([text.text for text in texts]))
    assert recall >= 0.99 and precision >= 0.98
    assert {text.script for text in texts} == set(SCRIPTS)
    kinds = {text.kind for text in texts}
    assert kinds >= {"words", "characters", "passage"} and len(texts) == 2000


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("kind", ["words", "characters"])
def test_a_text_edited_by_a_twentieth_is_a_near_copy(script, kind):
    writer = Writer(script, random.Random(f"{script} {kind}"))
    texts: list[str] = []
    for _ in range(40):
        words = writer.some(writer.length())
        texts += [writer.joined(words), writer.edited(words, kind)]
    assert pairs(texts) == {(n, n + 1) for n in range(0, 80, 2)}


def test_case_accents_marks_and_the_form_of_unicode_make_no_difference():
    text = "Où est passé le résumé de l'été ? Il était là hier, et personne ne l'a jamais relu."
    other = unicodedata.normalize("NFD", text).upper().replace(" ?", "!!")
    assert near_pairs([(text,), (other,)])[0][2] == 1.0
    found = letters([text, other], 1000)
    assert found.of(0).tolist() == found.of(1).tolist()


def test_the_same_words_with_other_numbers_are_other_content():
    text = "How many watt hours are {} kilojoules when the oven runs for {} minutes at half power?"
    assert pairs([text.format(12, 30), text.format(13, 31)]) == set()
    assert pairs([text.format(12, 30), text.format(12, 30).replace("oven", "owen")]) == {(0, 1)}


def test_prompt_and_answer_must_both_be_near():
    answer, other = text_of(120), text_of(120, seed=2)
    asked = "Why does the gate of the garden squeak in the morning?"
    documents = [
        (asked, answer),
        (asked, other),
        ("Name three birds that stay over the winter here.", answer),
        (asked.replace("garden", "gardens"), answer + " That is all."),
    ]
    assert [(one, further) for one, further, _ in near_pairs(documents)] == [(0, 3)]


def test_a_moved_or_repeated_line_is_counted_where_it_stands():
    log = "\n".join(f"step {n % 3} of the build was fine" for n in range(60))
    assert pairs([log, log.replace("fine", "fin", 1)]) == {(0, 1)}
    assert pairs([log, log * 3]) == set()


ODD = ("", "?!", "ab", "\ud800", "\u0301\u0301", "שָׁלוֹם", "👩‍👩‍👧", "\x00\x1b[31m", "한국어")


@pytest.mark.parametrize("odd", ODD)
def test_odd_and_short_texts_are_no_near_copies(odd):
    assert pairs([odd, odd, odd + "x", text_of(40)]) == set()


def test_right_to_left_and_combining_text_is_compared_as_any_other():
    text = text_of(60, "arabic")
    marked = "".join(c + "\u064e" for c in text)  # with a vowel sign on every letter
    assert near_pairs([(text,), (marked,)])[0][2] == 1.0


def test_five_megabytes_are_compared_in_seconds():
    begin = time.process_time()
    line = text_of(2000)
    big = "\n".join(f"{n} {line}" for n in range(5_000_000 // len(line)))
    assert len(big) > 4_900_000
    assert pairs([big, big.replace(" ", "  ", 1000) + "x", text_of(50)]) == {(0, 1)}
    assert time.process_time() - begin < 20


def test_many_texts_of_one_template_do_not_meet_each_other_in_pairs():
    writer = Writer("latin", random.Random(5))
    base = writer.joined(writer.some(100))
    texts = [f"{base} {writer.joined(writer.some(40))}" for _ in range(1500)]
    begin = time.process_time()
    assert pairs(texts) == set()
    assert time.process_time() - begin < 10  # all with all would be a million comparisons


def test_five_hundred_templates_are_kept_apart():
    writer = Writer("latin", random.Random(6))
    texts = [text for _ in range(500) for text in writer.members("passage", 4)]
    begin = time.process_time()
    assert len(pairs(texts)) <= 3  # of three thousand pairs that one template made
    assert time.process_time() - begin < 15


def test_a_sketch_is_a_sample_of_the_shingles_whatever_stands_around_it():
    settings = near_settings()
    texts = [text_of(n, seed=n) for n in (3, 20, 90, 400)]
    together = sketched([(text,) for text in texts], settings)
    alone = [sketched([(text,)], settings).to_pylist()[0] for text in texts]
    assert together.to_pylist() == alone
    assert all(s == sorted(set(s)) for s in together["sketch"].to_pylist())
    assert [len(s) for s in together["sketch"].to_pylist()[1:]] == [settings.sketch] * 3
