"""A run's numbers as a picture: metrics and evaluations in, an SVG, PNG or PDF file out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from warehouse.errors import AgpError

KINDS = (".svg", ".png", ".pdf")
WIDTH, HEIGHT = 4.6, 4.0  # inches of a panel
Draw = Callable[[Any], None]


def draw(
    title: str,
    metrics: Sequence[Mapping[str, Any]],
    documents: Sequence[Mapping[str, Any]],
    out: Path,
) -> None:
    """Write a picture of the losses and of every evaluation that has data for plots.

    AgpError where the file's kind is unknown, or there is nothing to draw.
    """
    refuse_other_kinds(out)
    panels = panels_of(metrics, documents)
    if not panels:
        raise AgpError(f"{title} has no numbers yet to draw; train or evaluate it first")
    save(title, panels, out)


def panels_of(
    metrics: Sequence[Mapping[str, Any]], documents: Sequence[Mapping[str, Any]]
) -> list[Draw]:
    """Return a panel of the losses and those of every evaluation that has data for plots."""
    panels: list[Draw] = [p for p in (losses(metrics),) if p]
    for document in documents:
        data = document.get("plots") or {}
        panels += [policy(data["policy"])] if data.get("policy") else []
        panels += [layers(data["layers"])] if data.get("layers") else []
        panels += [reliability(data["reliability"])] if data.get("reliability") else []
        panels += [depth(data["depth"])] if data.get("depth") else []
    return panels


def refuse_other_kinds(out: Path) -> None:
    """Raise AgpError for a file of a kind that cannot be drawn."""
    if out.suffix.lower() not in KINDS:
        raise AgpError(f"--out {out}: give a file that ends in {', '.join(KINDS)}")


def save(title: str, panels: Sequence[Draw], out: Path) -> None:
    """Draw panels side by side into a file; the same numbers make the same bytes."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": title, "font.size": 9}):
        figure = Figure(figsize=(WIDTH * len(panels), HEIGHT), layout="constrained")
        figure.suptitle(title)
        places = figure.subplots(1, len(panels), squeeze=False)[0]
        for panel, place in zip(panels, places, strict=True):
            panel(place)
        try:
            figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None)
        except OSError as error:
            raise AgpError(f"cannot write {out} ({error})") from None


def losses(metrics: Sequence[Mapping[str, Any]]) -> Draw | None:
    """Return a panel of training and validation loss; None where nothing was trained."""
    steps = [(m["step"], m["loss"]) for m in metrics if "loss" in m]
    valid = [(m["step"], m["valid_loss"]) for m in metrics if "valid_loss" in m]
    if not steps and not valid:
        return None

    def panel(place: Any) -> None:
        for points, name in ((steps, "training"), (valid, "validation")):
            if points:
                place.plot(*zip(*points, strict=True), label=name)
        labelled(place, "step", "loss", "Loss")

    return panel


def policy(curves: Mapping[str, Sequence[Mapping[str, float]]]) -> Draw:
    """Return a panel of the risk of accepted positions over the coverage of exit policies."""

    def panel(place: Any) -> None:
        for name, rows in curves.items():
            place.plot([r["coverage"] for r in rows], [r["risk"] for r in rows], label=name)
        place.axhline(0.05, color="grey", linewidth=0.8, linestyle=":")
        labelled(place, "coverage of candidate layers", "share of exits that are wrong", "Policies")

    return panel


def layers(curves: Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]]) -> Draw:
    """Return a panel of risk over coverage of each candidate layer: the first method solid."""

    def panel(place: Any) -> None:
        for style, (name, by_layer) in zip(("-", ":", "--"), curves.items(), strict=False):
            for i, (layer, rows) in enumerate(by_layer.items()):
                points = [r["coverage"] for r in rows], [r["risk"] for r in rows]
                label = f"{name}, layer {layer}" if style == "-" else None
                place.plot(*points, style, color=f"C{i % 10}", label=label)
        labelled(
            place, "coverage", "selective risk", f"A layer at a time: {' solid, '.join(curves)}"
        )

    return panel


def reliability(curves: Mapping[str, Sequence[Mapping[str, float]]]) -> Draw:
    """Return a panel of how often a confidence was right, over how sure it was."""

    def panel(place: Any) -> None:
        place.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle=":")
        for name, rows in curves.items():
            points = [r["confidence"] for r in rows], [r["accuracy"] for r in rows]
            place.plot(*points, marker="o", markersize=3, label=name)
        labelled(place, "confidence", "share right", "Reliability, bins of equal mass")

    return panel


def depth(shares: Mapping[str, Mapping[str, float]]) -> Draw:
    """Return a panel of the share of positions that leave at each layer."""

    def panel(place: Any) -> None:
        layers_run = list(next(iter(shares.values())))
        width = 0.8 / len(shares)
        for i, (name, by_layer) in enumerate(shares.items()):
            at = [k + i * width for k in range(len(layers_run))]
            place.bar(at, [by_layer[layer] for layer in layers_run], width, label=name)
        middle = 0.4 - width / 2
        place.set_xticks([k + middle for k in range(len(layers_run))], layers_run)
        labelled(place, "layers run", "share of positions", "Depth, at certified thresholds")

    return panel


def labelled(place: Any, x: str, y: str, title: str) -> None:
    """Name a panel and its axes, and show its legend."""
    place.set_xlabel(x)
    place.set_ylabel(y)
    place.set_title(title)
    place.legend(fontsize=7)
