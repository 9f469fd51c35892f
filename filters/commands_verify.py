"""`agp secrets verify`: an independent scanner over everything that was written."""

from pathlib import Path

import click

from warehouse.console import counted, print_json, print_table
from warehouse.errors import AgpError


@click.command()
@click.argument("build", type=click.Path(path_type=Path))
@click.option("--own", is_flag=True, help="Look with agp's own detectors alone.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=40,
    show_default=True,
    help="At most so many findings in the table; 0: all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(build: Path, own: bool, limit: int, as_json: bool) -> None:
    """Look for secrets in what was written: data, card, metadata, names of files.

    BUILD is a folder, or the id of a registered build. Two look at it: agp's detectors, and
    kingfisher, which shares no code with them; it is told never to try a key over the network.

    Exit status: 0 nothing found; 1 something found, and its kind and place are printed, never what
    it is; 2 it could not be looked at, for instance because kingfisher is not installed.

    \b
    Examples:
      agp secrets verify my-dataset
      agp secrets verify b0123456789abcdef --json
      agp secrets verify my-dataset --own
    """
    from filters.secrets import home_look, scan_files
    from filters.secrets.second import kingfisher, program

    folder = _folder(build)
    written = sum(1 for file in folder.rglob("*") if file.is_file())
    if not written:
        raise AgpError(f"{folder} holds no file; nothing was looked at")
    if not own:
        program()
    found = [("agp", f) for f in scan_files([folder], home_look())]
    found += [] if own else [("kingfisher", f) for f in kingfisher(folder)]
    rows = [
        {"by": by, "kind": f.kind, "file": f.path, "row": f.row, "field": f.pointer}
        for by, f in found
    ]
    if as_json:
        print_json({"build": str(folder), "findings": rows})
    elif rows:
        columns = ["found by", "kind", "file", "row", "field"]
        print_table(columns, [[*r.values()] for r in rows[: limit or None]])
        if more := len(rows[limit:]) if limit else 0:
            click.echo(f"… and {counted(more, 'more finding')}; --limit 0 shows them")
    else:
        by = "agp's detectors" if own else "agp's detectors and kingfisher"
        click.echo(f"{folder}: {by} find nothing in {counted(written, 'file')}")
    if rows:
        raise SystemExit(1)


def _folder(build: Path) -> Path:
    """Return the folder of a build, which may be named by its id."""
    from warehouse.builds import build_folder

    folder = build_folder(build)
    if not folder.is_dir():
        raise AgpError(f"{build} is neither a folder nor a build; `agp lanes list` shows them")
    return folder
