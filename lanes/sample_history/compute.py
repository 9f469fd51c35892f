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


def price(dice: Dice) -> list[Case]:
    """Cents as the bakery's receipt prints them: comma, two digits, the sign behind a space."""
    amounts = [
        dice.between(5, 999),
        dice.between(1000, 9999),
        *(dice.between(150, 250000) for _ in range(6)),
    ]
    return [{"cents": n, "out": f"{n / 100:,.2f} €".translate(_GERMAN)} for n in amounts]


def order_number(dice: Dice) -> list[Case]:
    """The bakery's order numbers: K, the day as yymmdd, a dash and a count of three digits."""
    days = [(dice.between(1, 12), dice.between(1, 28), dice.between(1, 240)) for _ in range(7)]
    return [
        {"date": f"2026-{m:02d}-{d:02d}", "nth": _nth(n), "out": f"K26{m:02d}{d:02d}-{n:03d}"}
        for m, d, n in days
    ]


def slug(dice: Dice) -> list[Case]:
    """Titles as the site generator puts them into an address."""
    return [{"title": title, "out": out} for title, out in _SLUGS]


def reading_time(dice: Dice) -> list[Case]:
    """Words as minutes of reading, 220 words a minute, rounded up."""
    counts = [dice.between(90, 4000) for _ in range(7)]
    return [{"words": f"{n:,}", "out": f"{-(-n // 220)} min"} for n in counts]


def codepoint(dice: Dice) -> list[Case]:
    """N'Ko letters with their code points."""
    return [{"letter": chr(c), "out": f"U+{c:04X}", "name": name} for c, name in _NKO]


def digits(dice: Dice) -> list[Case]:
    """Numbers in N'Ko digits.

    >>> digits(Dice("x"))[0]["out"].isdecimal()
    True
    """
    numbers = [dice.between(10, 99999) for _ in range(8)]
    return [{"n": n, "out": "".join(chr(0x7C0 + int(d)) for d in str(n))} for n in numbers]


def run_name(dice: Dice) -> list[Case]:
    """Names of runs: model, rank, rate as a power of ten, seed."""
    rows = [
        (dice.pick(("270m", "1b", "e2b")), dice.pick((4, 8, 16, 32)), dice.between(3, 5))
        for _ in range(7)
    ]
    return [
        {"model": m, "rank": r, "rate": f"1e-{p}", "seed": i + 1, "out": f"{m}-r{r}-e{p}-s{i + 1}"}
        for i, (m, r, p) in enumerate(rows)
    ]


def lora_size(dice: Dice) -> list[Case]:
    """Parameters of a LoRA pair on one matrix: rank times the sum of its sides."""
    rows = [
        (dice.pick((640, 1152, 1536, 2048)), dice.pick((640, 2048, 6144)), dice.pick((4, 8, 16)))
        for _ in range(7)
    ]
    return [{"a": a, "b": b, "rank": r, "out": f"{r * (a + b):,}"} for a, b, r in rows]


def _nth(n: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{n}{'th' if n % 100 in (11, 12, 13) else ends.get(n % 10, 'th')}"


_GERMAN = str.maketrans({",": ".", ".": ","})
_SLUGS = (
    ("Über das Wetter", "ueber-das-wetter"),
    ("Ten Years of Notes!", "ten-years-of-notes"),
    ("What's new in 2.0?", "whats-new-in-2-0"),
    ("Crème brûlée", "creme-brulee"),
    ("C++ for birders", "cpp-for-birders"),
    ("A — very — long dash", "a-very-long-dash"),
    ("Straße & Gasse", "strasse-und-gasse"),
    ("  Spaces everywhere ", "spaces-everywhere"),
)
_NKO = (
    (0x7CA, "A"),
    (0x7CB, "EE"),
    (0x7D0, "OO"),
    (0x7D3, "BA"),
    (0x7D5, "TA"),
    (0x7D8, "RA"),
    (0x7DE, "KA"),
    (0x7E1, "MA"),
    (0x7EB, "combining short high tone"),
    (0x7F5, "low tone apostrophe"),
)
