"""The dataset card: a manifest in, a README.md out, whose `configs:` name every split."""

from collections.abc import Mapping
from typing import Any

from lanes.lane import Lane

USES = {
    "train": "stage 1 trains on it",
    "heads": "later stages train on captures of it; stage 1 never sees it",
    "valid": "choices between runs",
    "calib": "thresholds",
    "test": "opened once per promotion",
}


def card(lane: Lane, made: Mapping[str, Any]) -> str:
    """Return the card of a build."""
    splits = made["splits"]
    lines = ["---", "configs:", "- config_name: default", "  data_files:"]
    for name in splits:
        lines += [f"  - split: {name}", f"    path: {name}.parquet"]
    lines += [
        "tags:",
        "- agp",
        f"- {lane.name}",
        "---",
        "",
        f"# {lane.name} {made['build_id']}",
        "",
    ]
    columns = ("rows", "exchanges", "chars")
    lines += [lane.card, "", "| split | rows | exchanges | characters | supervised | for |"]
    lines += ["|---|--:|--:|--:|--:|---|"]
    for name, facts in splits.items():
        counts = " | ".join(f"{facts.get(column, 0):,}" for column in columns)
        lines.append(f"| {name} | {counts} | {supervised(facts, lane)} | {USES[name]} |")
    lines += ["", f"Supervised: {lane.supervised}."]
    if made["empty_splits"]:
        lines += ["", f"No rows fell into: {', '.join(made['empty_splits'])}."]
    if made["missing"]:
        lines += ["", "What it wants for:", "", *(f"- {line}" for line in made["missing"])]
    return "\n".join([*lines, "", *how_it_was_made(made), ""])


def supervised(facts: Mapping[str, int], lane: Lane) -> str:
    """Return the share of a split that is learned from; `lane.supervised` says of what.

    >>> from lanes.lane import lane_named
    >>> supervised({"chars": 8, "supervised_chars": 2}, lane_named("sft"))
    '25%'
    """
    part, whole = lane.share
    return f"{facts.get(part, 0) / max(facts.get(whole, 0), 1):.0%}"


def how_it_was_made(made: Mapping[str, Any]) -> list[str]:
    """Return the part of the card that says what was left out and replaced."""
    left = made["left_out"]
    if not made["rule_set"]:
        return from_capture(made)
    reasons = ", ".join(f"{name} {count:,}" for name, count in left["reasons"].items()) or "none"
    rules = ", ".join(f"{name} {count:,}" for name, count in left["by_rule"].items()) or "none"
    secrets = ", ".join(f"{name} {count:,}" for name, count in made["redactions"].items())
    return [
        f"Of {left['exchanges']:,} exchanges these were left out: {reasons}. "
        f"Drops by rule (an exchange may be dropped by several): {rules}.",
        "",
        "Splits are by session family and by hash, and a family keeps its split in every later "
        "build; of a cluster of copies, exact, normalised or near, one member stays, on the most "
        "held-out side. The written rows of the splits were compared with each other: none repeats "
        f"one of another split, exactly or nearly ({made['crossing']:,} that did were left out).",
        "",
        "The exchanges that one template made weigh at most "
        f"{made['parameters']['weights']['template_cap']:g} together.",
        "",
        f"Secrets replaced by placeholders: {secrets or 'none were found'}. "
        "The written files were scanned again and no detector fired. Not looked for, as chosen: "
        f"{', '.join(made['looked_for']['off']) or 'nothing'}.",
        "",
        f"Rule set `{made['rule_set']}`; settings and file hashes stand in `manifest.json`.",
    ]


def from_capture(made: Mapping[str, Any]) -> list[str]:
    """Return that part of the card where no rule was asked: everything comes from a capture."""
    left, capture = made["left_out"], made["parameters"]["capture"]
    reasons = ", ".join(f"{name} {count:,}" for name, count in left["reasons"].items()) or "none"
    return [
        f"Made from capture `{capture['capture_id']}` of {capture['model']} "
        f"(`{capture['model_digest']}`) on the pack {capture['pack']} and from nothing else. "
        f"Of its {left['exchanges']:,} prompts these were left out: {reasons}.",
        "",
        "A prompt of the history stands in the split of its session family; any other in the split "
        "of its pack. It holds token ids and no text; the pack's texts were redacted before.",
        "",
        "Settings and file hashes stand in `manifest.json`.",
    ]
