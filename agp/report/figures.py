"""Curves and bars by matplotlib: panels come in, inline SVG in the page's own colours out."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

Draw = Callable[[Any], None]
INK = "#010203"  # stands for the page's own colour of text
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # words stay words: to be found, read aloud, and in the page's font
    "text.parse_math": False,  # a name with two dollar signs is no formula
    "font.size": 9,
    "font.family": "sans-serif",
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def figure(panel: Draw, name: str, alt: str, size: tuple[float, float] = (4.6, 3.4)) -> Markup:
    """Return one panel as SVG; `name` keeps its ids apart from those of the page's others."""
    import matplotlib
    from matplotlib.figure import Figure

    out = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        drawn = Figure(figsize=size, layout="constrained")
        drawn.patch.set_alpha(0)
        place = drawn.subplots()
        place.patch.set_alpha(0)
        panel(place)
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return Markup('<div class="figure" role="img" aria-label="{}">{}</div>').format(
        alt, Markup(inline(out.getvalue(), name))
    )


def inline(svg: str, name: str) -> str:
    """Return a picture fit to stand in a page: no prologue, ids of its own, the page's ink.

    >>> inline('<?xml?><svg id="a"><use href="#a" style="fill: #010203"/></svg>', "p")
    '<svg id="p-a"><use href="#p-a" style="fill: currentColor"/></svg>'
    """
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    return re.sub(r'(url\(|href=")#', rf"\1#{name}-", svg)


def months(rows: Sequence[Mapping[str, Any]], dropped: Mapping[str, int]) -> Draw:
    """Return a panel of exchanges by month: who asked, stacked, and how many sft leaves out."""
    names = sorted({row["month"] for row in rows})
    authors = sorted({row["author"] for row in rows}, key=lambda a: (a != "person", a))
    counts = {(row["month"], row["author"]): row["n"] for row in rows}

    def panel(place: Any) -> None:
        base = [0] * len(names)
        for author in authors:
            heights = [counts.get((name, author), 0) for name in names]
            place.bar(names, heights, bottom=base, label=author)
            base = [b + h for b, h in zip(base, heights, strict=True)]
        left_out = [dropped.get(name, 0) for name in names]
        place.plot(names, left_out, color=INK, marker="o", markersize=3, label="left out of sft")
        place.tick_params(axis="x", labelrotation=60)
        place.set_ylabel("exchanges")
        place.legend(fontsize=8, ncols=len(authors) + 1, loc="lower left", bbox_to_anchor=(0, 1))

    return panel
