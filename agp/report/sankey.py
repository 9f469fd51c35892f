"""A Sankey diagram: links between columns of nodes come in, SVG goes out.

matplotlib's own draws one system of arrows, not columns, so this is a small one by hand: a node is
as high as what goes through it, and nothing gets lost between two columns.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

WIDTH, HEIGHT, NODE, GAP, TOP = 960, 330, 12, 16, 10
LEFT, RIGHT = 165, 230  # room for the names of the first and the last column
MIDDLE = 0.5  # where a link's curve turns


class Link(NamedTuple):
    """So many go from a node in one column to a node in the next."""

    column: int
    source: str
    target: str
    n: int


class Box(NamedTuple):
    """Where a node stands, in the picture's own units, and how many go through it."""

    x: float
    y: float
    height: float
    n: int


def sankey(links: Sequence[Link], title: str) -> Markup:
    """Return a picture of all links; each names itself, its numbers are in its title."""
    boxes = layout(links)
    scale = scale_of(links)
    begun: Counter[tuple[int, str, str]] = Counter()
    drawn = Markup().join(ribbon(link, boxes, begun, scale) for link in ordered(links, boxes))
    named = Markup().join(node(key, box) for key, box in boxes.items())
    return Markup(
        '<svg class="sankey" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>'
    ).format(WIDTH, height_of(links) + 2 * TOP, title, drawn, named)


def totals(links: Sequence[Link]) -> dict[tuple[int, str], int]:
    """Return how many go through each node: what comes in, or what goes out where that is more.

    >>> totals([Link(0, "a", "b", 3), Link(1, "b", "c", 2)])
    {(0, 'a'): 3, (1, 'b'): 3, (2, 'c'): 2}
    """
    out: Counter[tuple[int, str]] = Counter()
    into: Counter[tuple[int, str]] = Counter()
    for link in links:
        out[link.column, link.source] += link.n
        into[link.column + 1, link.target] += link.n
    keys = sorted({*out, *into}, key=lambda k: (k[0], -max(out[k], into[k]), k[1]))
    return {key: max(out[key], into[key]) for key in keys}


def height_of(links: Sequence[Link]) -> int:
    """Return how high the picture is: higher where a column has many nodes."""
    most = max(Counter(column for column, _ in totals(links)).values(), default=0)
    return max(HEIGHT, 2 * GAP * most)


def scale_of(links: Sequence[Link]) -> float:
    """Return how high one unit is: the fullest column fills the picture."""
    columns: dict[int, list[int]] = {}
    for (column, _), n in totals(links).items():
        columns.setdefault(column, []).append(n)
    height = height_of(links)
    room = [(height - GAP * (len(ns) - 1)) / (sum(ns) or 1) for ns in columns.values()]
    return min(room, default=0)


def layout(links: Sequence[Link]) -> dict[tuple[int, str], Box]:
    """Return where every node stands: columns from left to right, the largest on top."""
    through, scale = totals(links), scale_of(links)
    last = max((column for column, _ in through), default=1)
    room = WIDTH - NODE - LEFT - RIGHT
    y: Counter[int] = Counter()
    boxes = {}
    for (column, name), n in through.items():
        x = LEFT + room * column / (last or 1)
        boxes[column, name] = Box(x, TOP + y[column], max(n * scale, 1), n)
        y[column] += max(n * scale, 1) + GAP  # type: ignore[assignment]
    return boxes


def ordered(links: Sequence[Link], boxes: dict[tuple[int, str], Box]) -> list[Link]:
    """Return links from the top down, so that few cross."""
    return sorted(
        links,
        key=lambda k: (k.column, boxes[k.column, k.source].y, boxes[k.column + 1, k.target].y),
    )


def ribbon(
    link: Link,
    boxes: dict[tuple[int, str], Box],
    begun: Counter[tuple[int, str, str]],
    scale: float,
) -> Markup:
    """Return a link as a band; `begun` holds how far each side of a node is used."""
    height = link.n * scale
    a, b = boxes[link.column, link.source], boxes[link.column + 1, link.target]
    left, right = (link.column, link.source, "out"), (link.column + 1, link.target, "in")
    y0, y1 = a.y + begun[left], b.y + begun[right]
    begun[left] += height  # type: ignore[assignment]
    begun[right] += height  # type: ignore[assignment]
    x0, x1 = a.x + NODE, b.x
    turn = x0 + (x1 - x0) * MIDDLE
    path = (
        f"M{x0:.1f} {y0:.1f}C{turn:.1f} {y0:.1f} {turn:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
        f"V{y1 + height:.1f}C{turn:.1f} {y1 + height:.1f} {turn:.1f} {y0 + height:.1f} "
        f"{x0:.1f} {y0 + height:.1f}Z"
    )
    said = f"{link.source} → {link.target}: {link.n:,}"
    out = " out" if link.target in ("left out", "quarantined") else ""
    return Markup('<path class="link{}" d="{}"><title>{}</title></path>').format(out, path, said)


def node(key: tuple[int, str], box: Box) -> Markup:
    """Return a node with its name and number beside it: the first ones left, all others right."""
    column, name = key
    outside = column == 0
    x = box.x - 8 if outside else box.x + NODE + 8
    out = " out" if name in ("left out", "quarantined") else ""
    return Markup(
        '<rect class="node{}" x="{}" y="{}" width="{}" height="{}"/>'
        '<text x="{}" y="{}" text-anchor="{}">{} <tspan class="n">{}</tspan></text>'
    ).format(
        out,
        *(f"{v:.1f}" for v in (box.x, box.y)),
        NODE,
        f"{box.height:.1f}",
        f"{x:.1f}",
        f"{box.y + box.height / 2 + 4:.1f}",
        "end" if outside else "start",
        name,
        f"{box.n:,}",
    )
