"""The command line, and what spans the layers below it."""
