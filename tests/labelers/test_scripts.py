"""Scripts are told by Unicode, whatever the direction of the text."""

import pytest

from labelers.run import update
from warehouse.store import open_writer

CASES = {
    "Which port?": ("latin", False),
    "ߒ ߓߊ߬ߓߊ ߦߋ߫ ߡߌ߲߫؟": ("nko", True),
    "من فضلك، لماذا؟": ("arabic", True),
    "Does ߛߓߍ ߒߞߏ count as words?": ("mixed", False),
    "ߛߓߍ ߒߞߏ: is it one word": ("mixed", True),
    "请问,为什么": ("other", False),
    "123 → ?": ("none", False),
    "«ߞߊ߲߫»": ("nko", True),
}


@pytest.fixture
def told(talk, rows):
    talk("s1", *[(prompt, "Yes.") for prompt in CASES])
    with open_writer() as con:
        update(con)
    found = rows(
        "select prompt, script, right_to_left from v_scripts join v_exchanges using (exchange_id)"
    )
    return {prompt: (script, rtl) for prompt, script, rtl in found}


def test_scripts_and_direction(told):
    assert told == CASES
