"""The map of layers as a picture: a stage-0 report in, an SVG, PNG or PDF file out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from train.eval.plots import Draw, labelled, refuse_other_kinds, save

KL, SHARES = {"kl": "KL to full depth"}, {"agree": "same first token", "stays": "… and stays so"}


def draw_map(
    title: str, layers: Sequence[Mapping[str, Any]], exits: Mapping[int, int], out: Path
) -> None:
    """Write KL and agreement by layer, and where an oracle stops."""
    refuse_other_kinds(out)
    save(title, map_panels(layers, exits), out)


def map_panels(layers: Sequence[Mapping[str, Any]], exits: Mapping[int, int]) -> list[Draw]:
    """Return the panels of a map: KL, agreement, and where an oracle stops."""
    inner = [row for row in layers if row["lens"] != "full"]
    return [
        by_layer(inner, KL, "nats", "KL to full depth"),
        by_layer(inner, SHARES, "share of positions", "Agreement"),
        histogram(exits),
    ]


def by_layer(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], unit: str, title: str
) -> Draw:
    """Return a panel of some columns over the layer, a line a column and lens."""

    def panel(place: Any) -> None:
        for i, lens in enumerate(sorted({row["lens"] for row in rows})):
            found = [row for row in rows if row["lens"] == lens]
            for style, (column, name) in zip(("-", ":"), columns.items(), strict=False):
                points = [r["layer"] for r in found], [r[column] for r in found]
                label = f"{name}, {lens} lens"
                place.plot(*points, style, color=f"C{i}", marker="o", markersize=3, label=label)
        place.set_ylim(bottom=0)
        labelled(place, "layers run", unit, title)

    return panel


def histogram(exits: Mapping[int, int]) -> Draw:
    """Return a panel of the share of positions that an oracle stops at each layer."""
    total = sum(exits.values())

    def panel(place: Any) -> None:
        shares = [n / total for n in exits.values()]
        place.bar([str(layer) for layer in exits], shares, color="C2", label="oracle exit")
        labelled(place, "layers run", "share of positions", "Where an oracle stops")

    return panel
