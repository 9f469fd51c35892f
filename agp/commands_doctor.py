"""`agp doctor`: versions, devices, paths, what is to be read, and what will soon be deleted."""

from typing import Any

import click

from warehouse.console import console, print_json, print_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def doctor(as_json: bool) -> None:
    """Say whether this machine has what AGP needs, and which transcripts are about to be lost.

    Claude Code deletes a transcript that has not been written to for cleanupPeriodDays (30 unless
    ~/.claude/settings.json says otherwise). What `agp ingest` has read stays in the warehouse.

    \b
    agp doctor
    agp doctor --json
    """
    from agp.doctor import examine

    found = examine()
    if as_json:
        print_json(found)
        return
    print_table(["", ""], [*machine(found), *history(found)], header=False)
    for place in found["unreadable"]:
        click.echo(f"cannot be read: {place['path']}: {place['reason']}")
    click.echo()
    console().print(advice(found), markup=False)


def machine(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines about programs and folders."""
    devices = found["devices"]
    compute = devices["mlx"]
    if compute == "cpu" and found["machine"].startswith("Linux"):
        compute += (
            ", OpenBLAS found"
            if devices["openblas"]
            else "; several times faster with OpenBLAS (apt install libopenblas0-pthread)"
        )
    versions = (f"{name} {number or 'missing'}" for name, number in found["versions"].items())
    return [
        ("versions", ", ".join(versions)),
        ("machine", found["machine"]),
        ("MLX computes on", compute),
        ("AGP's folder", f"{found['home']}, {found['free_bytes'] / 1e9:,.1f} GB free"),
        ("warehouse", found["warehouse_trouble"] or found["warehouse"] or "not made yet"),
    ]


def history(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines about transcripts on this machine."""
    work, gone = found["to_read"], found["deletion"]
    days = ", ".join(f"{n:g} days in {home}" for home, n in gone["cleanup_period_days"].items())
    return [
        ("looked in", ", ".join(found["looked_in"])),
        ("transcripts", f"{found['files']:,} files, {found['bytes'] / 1e6:,.1f} MB"),
        (
            "not read yet",
            f"{work['new']:,} new and {work['files'] - work['new']:,} changed files, "
            f"{work['bytes'] / 1e6:,.1f} MB",
        ),
        ("deleted after", days),
        ("at risk", at_risk(gone)),
        ("timer", found["schedule"] or "none; `agp schedule install` makes one"),
    ]


def at_risk(gone: dict[str, Any]) -> str:
    """Say how many transcripts are not kept yet, and from when to when they would be deleted.

    >>> at_risk({"not_kept": 0})
    'no transcript'
    """
    if not gone["not_kept"]:
        return "no transcript"
    soon = gone["overdue"] + gone["within_7_days"]
    return (
        f"{gone['not_kept']:,} transcripts until {gone['first'][:10]} to {gone['last'][:10]}, "
        f"{soon:,} of them within 7 days"
    )


def advice(found: dict[str, Any]) -> str:
    """Return what to do next."""
    gone = found["deletion"]
    if not found["files"]:
        return "No transcript was found; `agp ingest PATH` reads one that lies elsewhere."
    if not gone["not_kept"]:
        return "Every transcript is kept: none will be lost when Claude Code deletes its own."
    when = f"the first from {gone['first'][:10]} on"
    if gone["overdue"]:
        when = f"{gone['overdue']:,} of them at its next start"
    return (
        f"Claude Code will delete {gone['not_kept']:,} transcripts that are not (wholly) kept yet, "
        f"{when}; `agp ingest` keeps them."
    )
