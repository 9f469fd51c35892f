"""The bundled rules against their own examples."""

import pytest

from filters.compile import rule_set
from filters.selftest import run_tests

RESULTS = run_tests(rule_set())


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: f"{r.rule_id}-{r.wanted}-{r.number}")
def test_a_rule_does_what_its_examples_say(result):
    assert result.passed
