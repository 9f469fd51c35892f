"""The whole history: a fixed seed in, the files of a Claude tree and the truth about them out."""

from functools import cache

from lanes.sample_history import noise, plan, session
from lanes.sample_history.bank import Item
from lanes.sample_history.dice import Dice
from lanes.sample_history.ledger import Ledger
from lanes.sample_history.transcript import Place, Transcript

SEED = "agp-sample-1"


@cache
def history() -> tuple[dict[str, bytes], Ledger]:
    """Return every file of the tree by its path below `.claude`, and the truth about them."""
    dice, ledger = Dice(SEED), Ledger()
    files = {t.path: _bytes(t, ledger) for t in _sessions(dice, ledger)}
    return files, ledger


def _bytes(t: Transcript, ledger: Ledger) -> bytes:
    """Join the lines and note where the broken ones came to stand."""
    starts = [0]
    for line in t.lines:
        starts.append(starts[-1] + len(line))
    for index, kind, readable in t.marks:
        where = {"path": t.path, "offset": starts[index], "length": len(t.lines[index])}
        ledger.broken.append(where | {"kind": kind, "readable": readable})
    return b"".join(t.lines)


def _sessions(dice: Dice, ledger: Ledger) -> list[Transcript]:
    made = []
    turn = 0
    for sitting in plan.sittings(dice):
        branch = _branch(sitting.items[0].area, dice)
        place = Place(dice.uuid(), sitting.project, sitting.version, branch)
        t = Transcript(place, sitting.started, dice, ledger)
        for item in sitting.items:
            session.ask(t, item)
            if dice.chance(0.35):
                turn = _disturb(t, item, turn)
        made.append(t)
    return made


def _disturb(t: Transcript, item: Item, turn: int) -> int:
    """Write the next kind of noise that this client version knew; return where to go on."""
    kinds = list(noise.NOISE.values())
    for step in range(len(kinds)):
        function, since, until = kinds[(turn + step) % len(kinds)]
        if since <= t.place.version < until:
            function(t, item)
            return turn + step + 1
    return turn


def _branch(area: str, dice: Dice) -> str:
    return "main" if dice.chance(0.6) else f"mira/{area.replace('_', '-')}"
