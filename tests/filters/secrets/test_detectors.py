"""Every detector finds its own examples and leaves its counter-examples alone."""

import pytest

from filters.secrets import Look, scan_many
from filters.secrets.detectors import all_detectors, kinds_off
from filters.secrets.own import find, occurrences


@pytest.mark.parametrize("detector", all_detectors(), ids=lambda d: d.id)
def test_hits(detector, grow):
    for template in detector.hit:
        missed = [s for s in range(20) if not find(grow(template, s).encode(), frozenset())]
        assert len(missed) <= 1, grow(template, missed[0])


@pytest.mark.parametrize("detector", all_detectors(), ids=lambda d: d.id)
def test_misses(detector):
    for text in detector.miss:
        assert scan_many([text], Look(off=kinds_off() - {detector.kind})) == [[]], text


def test_detector_ids_are_unique():
    ids = [detector.id for detector in all_detectors()]
    assert len(ids) == len(set(ids))


def test_where_the_case_of_a_keyword_counts_no_other_matches(grow):
    """A detector is not asked where its keyword stands in another case, so nothing may be there."""
    asking = [(d, k) for d in all_detectors() for k in d.keywords if d.asks_case(k)]
    assert asking
    for detector, keyword in asking:
        for text in (change(grow(t, 1)) for t in detector.hit for change in (str.lower, str.upper)):
            places = [*occurrences(text.lower().encode(), keyword.lower().encode())]
            others = [at for at in places if not text.encode().startswith(keyword.encode(), at)]
            assert not any(detector.match(text.encode(), at) for at in others), detector.id
