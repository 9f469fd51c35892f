"""The kernel is data: complete, switchable, with its own examples."""

import re
from pathlib import Path

import pytest

from labelers.bundles import Bundle, Exchange, found_bundles, named_bundles
from labelers.concept import all_concepts, concepts
from labelers.load import load
from labelers.selftest import run_tests
from warehouse.errors import AgpError
from warehouse.sql_catalog import views

SIX = {"stabilize", "transition", "dwell", "echo", "return", "shift"}


@pytest.fixture
def kernel(home):
    """Return a function that writes a kernel file of the user's own."""

    def write(text: str) -> None:
        (home / ".agp" / "kernel").mkdir(parents=True, exist_ok=True)
        (home / ".agp" / "kernel" / "mine.toml").write_text(text, encoding="utf-8")

    return write


def test_the_six_are_required_and_every_concept_is_whole(home):
    assert {c.id for c in concepts().values() if c.required} == SIX
    primitives = [c for c in concepts().values() if c.kind == "primitive"]
    assert len(primitives) == 10 and len({c.sigil for c in primitives}) == 10
    for concept in concepts().values():
        assert concept.nko is None or all("\u07c0" <= c <= "\u07ff" for c in concept.nko)


def test_a_neighbour_is_switched_off_and_its_functions_fall_silent(kernel):
    kernel('[[concept]]\nid = "novel"\nenabled = false')
    assert "novel" not in concepts() and "novel" in all_concepts()
    assert not any("novel" in one.labels for one in load().labelers) and not load().problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[concept]]\nid = "return"\nenabled = false', "required"),
        ('[[concept]]\nid = "boredom"\nenabled = false', "no such concept"),
        ('[[concept]]\nid = "x"\nkind = "primitive"', "missing"),
    ],
)
def test_a_bad_concept_is_one_line(kernel, text, said):
    kernel(text)
    with pytest.raises(AgpError, match=said):
        concepts()


def test_every_function_passes_its_own_examples(home):
    assert [r for r in run_tests(load().labelers) if not r.passed] == []


def exchange(name, session, text, **primitives):
    return Exchange(name, session, text, frozenset(text.split()), primitives)


def test_a_word_that_recurs_with_a_primitive_is_a_bundle_of_stable_id():
    some = [exchange(f"r{i}", f"s{i}", "trellis again", **{"return": 0.9}) for i in range(4)]
    rest = [exchange(f"o{i}", f"t{i}", "sow peas") for i in range(20)]
    found = found_bundles([*some, *rest])
    assert [(b.name, b.primitives) for b in found] == [("trellis", ("return",))]
    more = [exchange("r9", "s9", "trellis", **{"return": 0.8})]
    assert found_bundles([*some, *rest, *more])[0].id == found[0].id


def test_strength_counts_the_primitives_that_are_missing():
    bundle = Bundle("b", "kernel", "b", ("wave",), ("oscillate", "stabilize"))
    assert bundle.strength(exchange("x", "s", "wave", oscillate=0.8)) == 0.4
    assert bundle.strength(exchange("x", "s", "calm", oscillate=0.8)) is None


BUNDLE = """
[[bundle]]
id = "tides"
name = "Tides"
primitives = ["return"]
words = ["ebb", "flood"]
definition = "It comes and goes."
examples = ["Ebb again."]
counter_examples = ["A flood of mail."]
"""


@pytest.fixture
def bundle(home):
    """Return a function that writes the user's own bundle, with something changed."""

    def write(was: str = "", now: str = "") -> None:
        (home / ".agp" / "kernel").mkdir(parents=True, exist_ok=True)
        text = BUNDLE.replace(was, now) if was else BUNDLE
        (home / ".agp" / "kernel" / "bundles.toml").write_text(text, encoding="utf-8")

    return write


def test_bundles_of_the_user_stand_beside_those_of_the_kernel(bundle, kernel):
    count = len(named_bundles())
    bundle()
    assert len(named_bundles()) == count + 1
    kernel('[[concept]]\nid = "novel"\nenabled = false')
    known = concepts()
    assert all(p in known for b in named_bundles() for p in b.primitives)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('["return"]', '["boredom"]', "bundle tides: primitives: there is no primitive boredom"),
        ('["return"]', '["number"]', "there is no primitive number"),
        ('"ebb"', '"ebb|flow"', "plain words"),
        ('"ebb"', '"Ebb"', "in small letters"),
        ('name = "Tides"', 'name = "Tides"\nnko = "kɔɔ"', "written in N'Ko"),
        ('name = "Tides"', 'title = "Tides"', "name is missing"),
        ('name = "Tides"', 'name = "Tides"\nsize = 3', "no key size"),
    ],
)
def test_a_bad_bundle_is_one_line(bundle, was, now, said):
    bundle(was, now)
    with pytest.raises(AgpError, match=re.escape(said)):
        named_bundles()


def test_the_page_has_every_process_column():
    page = (Path(__file__).parents[2] / "docs" / "labels.md").read_text(encoding="utf-8")
    view = next(view for view in views() if view.name == "v_process")
    assert all(f"| `{c.name}` | {c.meaning} |" in page for c in view.columns)
