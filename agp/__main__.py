"""`python -m agp` is `agp`."""

from agp.cli import main

main(prog_name="agp")
