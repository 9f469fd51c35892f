"""Words that would move a terminal's cursor, turn it around or fill it, as commands show them."""

import pytest
from click.testing import CliRunner

from agp.cli import main

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b5n"
HOSTILE = {
    "ansi": f"Why {ESCAPES} does it fail?",
    "controls": "Why\x00\x08\x08\x08\x7f\r\n\x0b\x0c does it fail?",
    "bidi": "Why \u202eliaf ti seod\u202c \u2066x\u2069 \u200f?",
    "combining": "W" + "\u0301" * 5_000 + "hy does it fail?",
    "n'ko": "ߒߞߏ ߦߋ߫ ߡߎ߲߬ ߘߌ߫؟",
    "arabic": "لماذا يفشل البناء؟",
    "tags": "Why\U000e0041\U000e0042 does it fail?",
    "long": "Why does it fail? " * 290_000,
}
ANSWER = ("agent", "answer", "It stops at the last line end; I made it read on.")


@pytest.fixture
def told(tell, home):
    """Return a home whose exchanges hold hostile words, one of them five million characters."""
    for name, prompt in HOSTILE.items():
        tell(name.replace("'", ""), prompt.replace("\x00", ""), ANSWER)
    tell.con.execute("update sessions set project = ?", [f"garden{ESCAPES}"])
    tell.con.close()
    return home


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "--samples", "9", "--by", "project"),
        ("try", "prompt_words > 0", "--samples", "20"),
        ("try", "length(text) > 0", "--on", "message", "--samples", "20"),
        ("explain", "ansi"),
        ("review", "low-content"),
    ],
    ids=lambda c: c[0],
)
def test_nothing_but_plain_characters_is_shown(told, command):
    result = CliRunner().invoke(main, ["filters", *command], input="s\n" * 20)
    assert result.exit_code == 0, result.output
    strange = {c for c in result.output if not c.isprintable() and c not in "\n\t"}
    assert not strange and "fail?" in result.output
    assert len(result.output) < 60_000
    if command[0] in ("try", "review"):
        assert "ߒߞߏ" in result.output and "لماذا" in result.output


def test_what_was_typed_comes_back_as_it_can_be_shown(home, agp):
    said = agp("filters", "review", "\x1b[31mred\ud800", exit_code=2).stderr
    assert said == "agp: there is no rule \ufffd[31mred\ufffd; `agp filters list` names them all\n"
    said = agp("filters", "try", "prompt = '\udcff'", exit_code=2).stderr
    assert (
        "invisible character U+DCFF" in said
        and said.isprintable() is False
        and "\udcff" not in said
    )


def test_a_secret_that_the_end_of_an_excerpt_cuts_is_not_shown(tell, agp):
    key = "AKIA" + "QX7PLM3ZKD5RT2WV"
    tell("x1", "Why? " + " " * 3_985 + f"aws_access_key_id={key}", ANSWER)
    tell.con.close()
    shown = agp("filters", "try", "prompt_words > 0", "--samples", "3").output
    assert "Why?" in shown and "AKIA" not in shown
