"""Texts that stand alone: what keyword functions find in them, and what is left without it."""

from labelers.keywords import holds, keyword_scores, without_keywords
from labelers.load import load
from labelers.masking import patterns

TEXTS = ["Did the queue recover after the outage?", "Add a password recovery page.", "List files."]


def test_keywords_are_gone_and_the_rest_stands():
    labelers = load().labelers
    masked = without_keywords(TEXTS, labelers)
    assert "recover" not in masked[0] and "outage" not in masked[0] and "queue" in masked[0]
    assert masked[2] == TEXTS[2] and without_keywords([], labelers) == []
    assert not (keyword_scores(masked, labelers, ["recover"]) > 0).any()
    assert not holds(masked, patterns(labelers)).any()


def test_keyword_functions_speak_for_a_label_and_against_it():
    scores = keyword_scores(TEXTS, load().labelers, ["novel", "recover"])
    assert scores.shape == (3, 2)
    assert scores[0, 1] > 0 and scores[1, 1] <= 0 and scores[2, 1] == 0


def test_patterns_are_looked_for_in_every_text():
    assert holds(TEXTS, ["queue", "(?i)ADD"]).tolist() == [[1, 0], [0, 1], [0, 0]]
    assert holds([], ["a"]).shape == (0, 1)
