"""Chat turns: what a model reads, and which of it earns loss."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from lanes.chat import Part, Talk, Tools, cut_middle, talk

STEPS = [(40, 20), (0, 0)]
ASK = Part("user", "Do the tests pass?")
RUN = Part(
    "assistant",
    call_id="t1",
    tool="Bash",
    input={"command": "pytest -q"},
    output="..\n2 passed",
    ok=True,
)
SAID = Part("assistant", "Yes, both pass.")


def chat(*parts: Part, tools: Tools = "fold", limits=(1000, 500), steps=STEPS) -> Talk:
    made = talk(parts, tools, limits, steps)
    assert isinstance(made, Talk), made
    return made


def test_folded_tools_are_lines_of_the_answer():
    made = chat(ASK, RUN, RUN, SAID)
    assert made.messages[1]["content"] == (
        "[Bash: pytest -q → 2 passed (2 lines)]\n[Bash: pytest -q → 2 passed (2 lines)]\n\n"
        "Yes, both pass."
    )
    assert made.loss == [False, True]


def test_tools_can_be_left_out():
    assert [m["content"] for m in chat(ASK, RUN, SAID, tools="none").messages] == [
        ASK.text,
        SAID.text,
    ]


def test_kept_tools_are_calls_and_turns_of_their_own():
    made = chat(ASK, RUN, SAID, tools="keep")
    assert [m["role"] for m in made.messages] == ["user", "assistant", "tool", "assistant"]
    call = made.messages[1]["tool_calls"][0]
    assert call["id"] == made.messages[2]["tool_call_id"] == "t1"
    assert orjson.loads(call["function"]["arguments"]) == {"command": "pytest -q"}
    assert made.loss == [False, True, False, True]


def test_every_kept_call_is_followed_by_its_result():
    other = Part("assistant", call_id="t2", tool="Read", input={}, output="x", ok=True)
    made = chat(ASK, RUN, other, SAID, tools="keep")
    roles = [m["role"] for m in made.messages]
    assert roles == ["user", "assistant", "tool", "assistant", "tool", "assistant"]


def test_an_answer_too_long_for_a_row_is_folded_tighter_then_left_out():
    assert chat(ASK, *[RUN] * 20, SAID, limits=(100, 50)).cut == ["tools"]
    assert talk([ASK, Part("assistant", "x" * 200)], "fold", (100, 50), STEPS) == "too-long"


def test_a_long_prompt_is_cut_in_its_middle():
    made = chat(Part("user", "start " + "x" * 900 + " end"), SAID, limits=(1000, 60))
    assert made.messages[0]["content"].startswith("start ") and made.cut == ["prompt"]
    assert made.messages[0]["content"].endswith(" end")


def test_no_words_no_row():
    assert talk([ASK, RUN], "fold", (1000, 500), STEPS) == "no-answer"
    assert talk([SAID], "fold", (1000, 500), STEPS) == "no-prompt"


@given(st.text(), st.integers(0, 40))
def test_a_cut_keeps_the_limit(text, limit):
    assert len(cut_middle(text, limit)) <= max(limit, 0) or cut_middle(text, limit) == text
