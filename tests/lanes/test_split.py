"""Splits: no family and no cluster straddles two, and history may grow as it likes."""

from datetime import date, datetime

from hypothesis import given
from hypothesis import strategies as st

from lanes.settings import load
from lanes.split import SPLITS, SplitSettings, decide, hashed

SETTINGS = load(SplitSettings, "split", {})
IDS = st.text("abcdef0123456789", min_size=1, max_size=4)


def test_shares_come_out_as_asked():
    counts = {split: 0 for split in SPLITS}
    for number in range(5000):
        counts[hashed(f"family {number}", SETTINGS)] += 1
    shares = [round(100 * count / 5000) for count in counts.values()]
    assert all(
        abs(share - want) <= 2 for share, want in zip(shares, (60, 15, 8, 8, 9), strict=True)
    )


@given(st.lists(st.sets(IDS), max_size=4), st.lists(st.tuples(IDS, IDS), max_size=6))
def test_a_family_keeps_its_split_however_history_grows(steps, pairs):
    decided: dict[str, str] = {}
    families: dict[str, datetime | None] = {}
    for step in steps:
        families |= {family: None for family in step}
        mirrors = [(a, b) for a, b in pairs if a in families and b in families]
        new = decide(families, mirrors, decided, SETTINGS)
        assert not set(new) & set(decided)
        decided |= {family: split for family, (split, _) in new.items()}
        assert set(decided) == set(families)


@given(st.sets(IDS, min_size=2), st.data())
def test_mirrored_families_that_come_together_stay_together(families, data):
    pairs = data.draw(st.lists(st.tuples(*[st.sampled_from(sorted(families))] * 2), max_size=5))
    found = decide(dict.fromkeys(families), pairs, {}, SETTINGS)
    assert all(found[a][0] == found[b][0] for a, b in pairs)


def test_a_new_mirror_goes_to_the_most_held_out_side():
    found = decide(
        dict.fromkeys("abc"), [("c", "a"), ("c", "b")], {"a": "train", "b": "calib"}, SETTINGS
    )
    assert found == {"c": ("calib", "mirror")}


def test_families_begun_after_the_cut_are_the_test_split():
    cut = SETTINGS.model_copy(update={"test_after": date(2026, 5, 1)})
    found = decide({"late": datetime(2026, 5, 1, 8)}, [], {}, cut)
    assert found == {"late": ("test", "time")}
