"""Cases that a rule decides: chance in, a question's values and their exact answers out."""

from collections.abc import Iterator

from lanes.sample_history.dice import Dice

Case = dict[str, object]


def energy(dice: Dice) -> list[Case]:
    """Watt-hours as the logger prints them: kWh with three decimals.

    >>> energy(Dice("x"))[0].keys() == {"raw", "out"}
    True
    """
    readings = [dice.between(12, 9999) for _ in range(7)]
    return [{"raw": n, "out": f"{n / 1000:.3f} kWh"} for n in readings]


def clip_name(dice: Dice) -> list[Case]:
    """File names of recordings: place, date, time, species code."""
    return [
        {
            "place": place,
            "bird": bird,
            "day": f"{day:02d}",
            "time": f"{h:02d}:{m:02d}",
            "out": f"{place.lower()}_202605{day:02d}_{h:02d}{m:02d}_{code}.wav",
        }
        for (place, bird, code), day, h, m in _clips(dice)
    ]


def _clips(dice: Dice) -> Iterator[tuple[tuple[str, str, str], int, int, int]]:
    for where in _CLIPS:
        yield where, dice.between(1, 31), dice.between(4, 9), dice.between(0, 59)


_CLIPS = (
    ("Marsh", "reed warbler", "acrsci"),
    ("Orchard", "song thrush", "turphi"),
    ("Quarry", "stonechat", "saxrub"),
    ("Hedge", "wren", "trotro"),
    ("Weir", "dipper", "cincin"),
    ("Copse", "blackcap", "sylatr"),
    ("Barn", "swallow", "hirrus"),
)
