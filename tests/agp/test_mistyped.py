"""A mistyped command names the one that was meant."""

import pytest


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(("igest",), "ingest"), (("filter",), "filters"), (("lanes", "biuld"), "lanes build")],
)
def test_a_mistyped_command_names_the_near_one(agp, typed, meant):
    assert f"Did you mean {meant}" in agp(*typed, exit_code=2).output


def test_what_is_near_nothing_gets_no_advice(agp):
    said = agp("xyzzy", exit_code=2).output
    assert "No such command 'xyzzy'" in said and "Did you mean" not in said
