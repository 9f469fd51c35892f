"""Questions that a person answers in the terminal, or that a file answers line by line."""

import sys

import click

ANSWERS = {"y": True, "n": False}  # the answers that are verdicts


def answer(question: str) -> str:
    """Return y, n, s or q; the end of what was piped in is q."""
    while True:
        try:
            said = click.prompt(question, prompt_suffix="", default="s", show_default=False)
        except click.Abort:
            click.echo()
            return "q"
        if not sys.stdin.isatty():  # nobody's Enter ended the line of the question
            click.echo(said)
        if said[:1].lower() in ("y", "n", "s", "q"):
            return said[:1].lower()
        click.echo("y, n, s or q")
