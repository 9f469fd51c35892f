"""The whole history: a fixed seed in, the files of a Claude tree and the truth about them out."""

from collections import defaultdict
from functools import cache

from lanes.sample_history import agents, bookkeeping, damage, extras, plan, session
from lanes.sample_history.bank import Item
from lanes.sample_history.dice import Dice
from lanes.sample_history.ledger import Ledger
from lanes.sample_history.noise import NOISE, Noise, Version, say
from lanes.sample_history.transcript import Place, Transcript

SEED = "agp-sample-1"

# What makes a turn unusual: before the next prompt is written, or after its answer.
BEFORE: list[tuple[Noise, Version]] = [
    (extras.with_picture, (1, 0, 40)),
    (extras.with_editor, (1, 0, 60)),
    (extras.with_editor, (1, 0, 60)),
]
AFTER: list[tuple[Noise, Version]] = [
    (agents.delegate, (1, 0, 0)),
    (extras.read_picture, (1, 0, 40)),
    (extras.huge_output, (2, 1, 0)),
    (agents.delegate, (1, 0, 0)),
    (extras.steer, (2, 1, 92)),
    (extras.hooked, (2, 1, 92)),
]


@cache
def history() -> tuple[dict[str, bytes], Ledger]:
    """Return every file of the tree by its path below `.claude`, and the truth about them."""
    return Writer(Dice(SEED), Ledger()).write()


class Writer:
    """Goes through the plan and takes turns at everything that can happen in a session."""

    def __init__(self, dice: Dice, ledger: Ledger) -> None:
        """Begin with an empty tree."""
        self.dice, self.ledger = dice, ledger
        self.used: dict[str, int] = defaultdict(int)
        self.leaf: str | None = None
        self.made: list[Transcript] = []

    def write(self) -> tuple[dict[str, bytes], Ledger]:
        """Return the files and the ledger."""
        sittings = list(plan.sittings(self.dice))
        for number, sitting in enumerate(sittings):
            self.session(number, sitting)
        for item in (item for sitting in sittings for item in sitting.items):
            if "copy_of" in item.more:
                pair = {"uuid": item.more["uuid"], "of": item.more["copy_of"].more["uuid"]}
                self.ledger.duplicates.append({"kind": item.more["how"], **pair})
        files: dict[str, bytes] = {}
        for t in self.made:
            for one in (t, *t.children):
                files[one.path] = _bytes(one, self.ledger)
                files |= one.files
        return files, self.ledger

    def session(self, number: int, sitting: plan.Sitting) -> None:
        """Write one session; one in nine is forked or resumed under a new id."""
        items = sitting.items
        branch = self.branch(items[0].area)
        place = Place(self.dice.uuid(), sitting.project, sitting.version, branch)
        t = Transcript(place, sitting.started, self.dice, self.ledger)
        if number % 29 == 7:
            t.end = b"\r\n"
        again = len(items) >= 5 and number % 9 == 4
        own, rest = (items[:-2], items[-2:]) if again else (items, [])
        bookkeeping.opening(t, items[0], self.leaf)
        self.turn_by_turn(t, own)
        fork = None
        if again:
            fork = agents.copied(t, len(own) if number % 2 else 2, place.version, self.dice)
            self.turn_by_turn(fork, rest)
            self.finish(fork, rest, None, number + 1)
        self.finish(t, own, fork, number)

    def finish(self, t: Transcript, items: list[Item], fork: Transcript | None, n: int) -> None:
        """Write the last records, and in some files a broken line or an unfinished one."""
        titles = [item.more["title"] for item in items if "title" in item.more]
        usual = say("titles", items[0], t, project=items[0].project)
        bookkeeping.closing(
            t, items[-1], titles or [usual], fork.place.session_id if fork else None
        )
        t.ledger.sessions[t.place.session_id] = {"path": t.path, "project": t.place.project}
        self.leaf = t.last
        if n % 40 == 11:
            damage.growing(t, complete=n % 80 == 11)
        if n % 29 == 8:
            t.lines[0] = b"\xef\xbb\xbf" + t.lines[0]
            t.marks.append((0, "bom", True))
        self.made.append(t)

    def turn_by_turn(self, t: Transcript, items: list[Item]) -> None:
        """Write the turns of a session with whatever happens between them."""
        for i, item in enumerate(items):
            if self.dice.chance(0.09):
                self.next(t, item, BEFORE, "before")
            session.ask(t, item)
            if self.dice.chance(0.09):
                self.next(t, item, AFTER, "after")
            t.turns.append((len(t.lines), t.last))
            if self.dice.chance(0.35):
                kinds = [(function, since, until) for function, since, until in NOISE.values()]
                self.next(t, item, kinds, "noise")
            if self.dice.chance(0.06):
                damage.DAMAGE[self.used["damage"] % len(damage.DAMAGE)](t)
                self.used["damage"] += 1
            if i == 4 and self.dice.chance(0.4):
                agents.compact(t, items[:5])
        if (2, 1, 17) <= t.place.version < (2, 1, 45) and self.dice.chance(0.6):
            agents.delegate(t, items[-1])
        if (2, 0, 28) <= t.place.version < (2, 1, 60) and self.dice.chance(0.5):
            agents.idle_agent(t)

    def next(self, t: Transcript, item: Item, options: list, name: str) -> None:
        """Do what was done least so far, of the options that this client version knew."""
        known = [
            (self.used[f"{name}/{i}"], i, function)
            for i, (function, since, *until) in enumerate(options)
            if since <= t.place.version < (until[0] if until else (9, 0, 0))
        ]
        if not known:
            return
        _, i, function = min(known, key=lambda option: option[:2])
        function(t, item)
        self.used[f"{name}/{i}"] += 1

    def branch(self, area: str) -> str:
        """Return the branch a session was on."""
        return "main" if self.dice.chance(0.6) else f"mira/{area.replace('_', '-')}"


def _bytes(t: Transcript, ledger: Ledger) -> bytes:
    """Join the lines and note where the broken ones came to stand."""
    starts = [0]
    for line in t.lines:
        starts.append(starts[-1] + len(line))
    for index, kind, readable in t.marks:
        where = {"path": t.path, "offset": starts[index], "length": len(t.lines[index])}
        ledger.broken.append(where | {"kind": kind, "readable": readable})
    return b"".join(t.lines)
