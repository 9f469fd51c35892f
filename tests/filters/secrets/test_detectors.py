"""Every detector finds its own examples and leaves its counter-examples alone."""

import pytest

from filters.secrets import Look, scan_many
from filters.secrets.detectors import all_detectors, kinds_off
from filters.secrets.own import find


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
