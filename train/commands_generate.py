"""`agp generate`: text from a model whose tokens may leave early, and what that saves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from train.blas import use_openblas
from warehouse.console import console, print_json, print_table
from warehouse.errors import AgpError

PATH = click.Path(path_type=Path)
SPLITS = click.Choice(["heads", "valid", "calib"])


@click.command()
@click.option("--model", help="A folder or hub id; the bundle's if not given, or tiny.")
@click.option("--bundle", type=PATH, help="A bundle's folder: all its parts, or none.")
@click.option("--run", "runs", multiple=True, help="Of stage 1: its adapter; of 3: its modules.")
@click.option("--policy", help="Who may leave early; see above. Off, or what a bundle certified.")
@click.option("--layers", help="Layers that a policy is asked at, such as 4,6.")
@click.option(
    "--lens", metavar="CAPTURE", help="Read exits through the affine lenses of a capture."
)
@click.option("--heads", metavar="RUN", help="A run of stage 2, for the policy route.")
@click.option(
    "--drafts",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Tokens drafted at once.",
)
@click.option("--prompt", help="What is asked.")
@click.option("--raw", is_flag=True, help="Go on with the text itself, without a chat template.")
@click.option("--pack", help="Answer the prompts of a pack, and measure.")
@click.option("--split", type=SPLITS, default="valid", show_default=True, help="Of the pack.")
@click.option("--most", default=20, show_default=True, help="Prompts of the pack, at the most.")
@click.option(
    "--max-tokens", type=click.IntRange(min=1), default=64, show_default=True, help="Said."
)
@click.option("--show-depth", is_flag=True, help="Colour each token by the layers it took.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def generate(
    model: str | None,
    bundle: Path | None,
    runs: tuple[str, ...],
    policy: str | None,
    layers: str | None,
    lens: str | None,
    heads: str | None,
    drafts: int,
    prompt: str | None,
    raw: bool,
    pack: str | None,
    split: str,
    most: int,
    max_tokens: int,
    show_depth: bool,
    as_json: bool,
) -> None:
    """Generate greedily, each token through as many layers as a policy lets it.

    Where no model, run or bundle is named, the bundle that `agp bundle use` or `agp rollback` made
    current answers; without one it is the tiny model.

    \b
    Policies:
      off         every token through all layers
      fixed:K     all leave before layer K
      entropy:T   leave where the entropy is at most T nats
      margin:T    leave where the two best logits are at least T apart
      random:P    leave with probability P (a control)
      route[:T]   leave where the heads of --heads are sure; else as certified
      draft[:K]   draft before layer K, check with the rest: the text of `off`
    \b
    Example:
      agp generate --policy entropy:0.5 --show-depth --prompt "What is a cache?"
      agp generate --bundle my-bundle --prompt "How many days has a week?"
    """
    use_openblas()
    from train.commands_generate_pack import Chosen, over_pack
    from train.stages.captures import numbers
    from train.stages.generating import Ask, parts_of, ready, usual_policy

    if (prompt is None) == (pack is None):
        raise AgpError("say what to answer: --prompt TEXT, or --pack PACK")
    if prompt is not None and not prompt.strip():
        raise AgpError("the prompt is empty; give it some text")
    if not (model or bundle or runs or heads or lens):
        bundle = current_bundle()
    at = tuple(sorted(numbers(layers) if layers else ()))
    ask = Ask(model, runs, policy or "off", at, lens, drafts, heads, bundle)
    if policy is None and ask.folder:
        usual, why = usual_policy(parts_of(ask))
        click.echo(f"agp: policy {usual}: {why}", err=True)
        ask = replace(ask, policy=usual)
    made = ready(ask)
    if pack is not None:
        return over_pack(made, ask, Chosen(pack, split, most, max_tokens), as_json)
    assert prompt is not None
    ids = prompt_ids(made.tokenizer, prompt, raw)
    said = speak(made, ids, max_tokens, show_depth, quiet=as_json)
    if not as_json:
        said = timed(made, ids, said, max_tokens)
    report(made, ids, said, max_tokens, ask, as_json)


def current_bundle() -> Path | None:
    """Return the folder of the bundle that is current, after saying so; None where none is."""
    from train.stages.shelf import current

    found = current()
    if found is None:
        return None
    click.echo(f"agp: with the current bundle {found['digest']}", err=True)
    return Path(found["path"])


def prompt_ids(tokenizer: Any, prompt: str, raw: bool) -> list[int]:
    """Return a prompt's ids, under the chat template unless `raw`."""
    from train.harness.chat import template

    if raw:
        return list(tokenizer.encode(prompt))
    return template(tokenizer, [{"role": "user", "content": prompt}], prompt=True)


def speak(made: Any, ids: list[int], length: int, depth: bool, quiet: bool) -> list[Any]:
    """Print the text while it grows; return what was said."""
    from rich.text import Text

    from train.harness.generation import generate as tokens

    out, said = console(), []
    layers = made.gemma.n_layers
    for s in tokens(made.gemma, made.tokenizer, ids, made.way, length):
        said.append(s)
        shown = depth and s.token >= 0
        mark = f"·{s.step.exit}" if shown and not out.is_terminal else ""
        if not quiet:
            style = colour(s.step.exit, layers) if shown else ""
            out.print(Text(s.text + mark, style), end="", soft_wrap=True)
    if not quiet:
        out.print()
        if depth and out.is_terminal:
            out.print(legend(sorted({s.step.exit for s in said if s.token >= 0}), layers))
    return said


def timed(made: Any, ids: list[int], said: list[Any], length: int) -> list[Any]:
    """Return what was said with the times of a run that prints nothing, as full depth's is.

    A token is computed while the one before is printed, so a text that is shown looks quicker. A
    policy that tosses may say something else; its times are then those of the text that was shown.
    """
    from train.harness.generation import generate as tokens

    again = list(tokens(made.gemma, made.tokenizer, ids, made.way, length))
    return again if [s.token for s in again] == [s.token for s in said] else said


def legend(exits: list[int], layers: int) -> Any:
    """Return a line that says which colour stands for how many layers."""
    from rich.text import Text

    line = Text("layers run:")
    for k in exits:
        line.append(f" {k}", colour(k, layers))
    return line


def colour(exit: int, depth: int) -> str:
    """Return a colour for how deep a token went: green is shallow, red is all the way.

    >>> [colour(k, 8) for k in (2, 4, 6, 8)]
    ['green', 'cyan', 'yellow', 'red']
    """
    return ("green", "green", "cyan", "yellow", "red")[4 * exit // depth]


def report(
    made: Any, ids: list[int], said: list[Any], length: int, ask: Any, as_json: bool
) -> None:
    """Compare with full depth and say what the text took."""
    from train.eval.routed import beside, one_text, saves

    found = one_text(made.gemma, beside(made.gemma, made.tokenizer, ids, said, length))
    text = "".join(s.text for s in said)
    if as_json:
        each = [{"token": s.token, "exit": s.step.exit} for s in said if s.token >= 0]
        head = {"model": ask.named_model, "policy": ask.policy, "text": text}
        print_json({**head, **found, "each": each})
        return
    if ask.policy == "off":  # which is full depth: twice the same would only show noise
        print_table(("", "full depth"), [row[:2] for row in lines(found)])
        return
    print_table(("", ask.policy, "full depth"), lines(found))
    click.echo(saves(found["work"], found["reads"]))
    place = found["diverges"]
    click.echo(
        f"Full depth agrees with {found['agree']:.0%} of the tokens; its own text is "
        + ("the same." if place is None else f"the same for {place} tokens.")
    )


def lines(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of one text's table."""
    full = found["full"]
    rows: list[tuple[Any, ...]] = [("tokens", found["tokens"], full["tokens"])]
    names = {
        "layers": f"layers a token, of {found['of_layers']}",
        "heads": "heads read a token",
        "work": "work, share of full depth",
        "reads": "weights read, share of full depth",
        "tokens_per_second": "tokens/s",
        "p50_ms": "ms a token, median",
        "p90_ms": "p90",
        "p99_ms": "p99",
    }
    for key, name in names.items():
        rows.append((name, *(None if f[key] is None else round(f[key], 2) for f in (found, full))))
    return rows
