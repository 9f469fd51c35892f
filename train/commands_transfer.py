"""`agp transfer`: one generation in two processes, held against that of a single one."""

from typing import Any

import click

from train.blas import use_openblas
from warehouse.console import console, print_json, print_table
from warehouse.errors import AgpError

MODEL = click.option("--model", default="tiny", show_default=True, help="A folder, a hub id, tiny.")
ADAPTER = click.option("--adapter", metavar="RUN", help="A run of stage 1 whose adapter is on.")
CODEC = click.option("--codec", default="native", show_default=True, help="How numbers travel.")
TRAINED = click.option("--trained", metavar="RUN", help="A run of stage 5, for pca and learned.")
HEADS = click.option(
    "--heads",
    metavar="RUN",
    help="A run of stage 2: its word on every state sent; else --trained's.",
)
LENGTH = click.option("--length", default=32, show_default=True, help="Tokens to say.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def the_end(model: str, adapter: str | None, trained: str | None, heads: str | None = None) -> Any:
    """Load one end of a transfer; a codec that learned with heads is sent with their word."""
    use_openblas()
    from train.hosts.transfer import load_end
    from train.stages.runs import find_run, summary

    folders = [find_run(name) / "best" if name else None for name in (adapter, trained)]
    taught = summary(find_run(trained)).get("heads_run_id") if trained else None
    if heads and taught and find_run(heads).name != taught:
        raise AgpError(f"{trained} learned what heads {taught} say, not {heads}; leave out --heads")
    judge = heads or taught
    return load_end(model, folders[0], folders[1], find_run(judge) if judge else None)


@click.command()
@MODEL
@ADAPTER
@TRAINED
@click.option("--port", default=0, show_default=True, help="0: any that is free.")
@click.option("--sessions", default=0, show_default=True, help="End after so many; 0: never.")
def serve(model: str, adapter: str | None, trained: str | None, port: int, sessions: int) -> None:
    """Run the upper layers for others, on this machine's loopback; prints its port first.

    \b
    Example:
      agp transfer serve --model tiny --port 7341
    """
    from train.hosts.transfer import listen
    from train.hosts.transfer import serve as answer_sessions

    end = the_end(model, adapter, trained)
    with listen(port) as server:
        click.echo(f"listening on port {server.getsockname()[1]}")
        try:
            answer_sessions(
                server, end, sessions, lambda line: click.echo(f"agp: {line}", err=True)
            )
        except KeyboardInterrupt:
            click.echo("agp: ended", err=True)


@click.command()
@click.argument("prompt")
@MODEL
@ADAPTER
@TRAINED
@HEADS
@click.option("--port", required=True, type=int, help="Of `agp transfer serve`.")
@click.option("--split", required=True, type=int, help="Layers below it run here.")
@CODEC
@click.option("--alone", is_flag=True, help="Hand the generation over in the first packet.")
@LENGTH
@click.option("--wait", default=0.0, show_default=True, help="Seconds for the receiver to appear.")
@JSON
def send(
    prompt: str,
    model: str,
    adapter: str | None,
    trained: str | None,
    heads: str | None,
    port: int,
    split: int,
    codec: str,
    alone: bool,
    length: int,
    wait: float,
    as_json: bool,
) -> None:
    """Answer a prompt together with a receiver: lower layers here, upper layers there.

    \b
    Example:
      agp transfer send "What is a cache?" --port 7341 --split 4
    """
    from train.harness.chat import template
    from train.hosts.transfer import Way
    from train.hosts.transfer import send as send_packets

    end = the_end(model, adapter, trained, heads)
    ids = template(end.tokenizer, [{"role": "user", "content": prompt}], prompt=True)
    sent = send_packets(port, end, ids, Way(split, codec, alone, length, wait))
    text = end.tokenizer.decode([s.token for s in sent.said if s.token not in end.ends])
    if as_json:
        print_json({"text": text, "tokens": [s.token for s in sent.said], "sizes": sent.sizes})
        return
    console().print(text, markup=False)
    click.echo(
        f"agp: {len(sent.said)} tokens, {sum(sent.sizes):,} bytes in {len(sent.sizes)} requests",
        err=True,
    )


@click.command()
@MODEL
@ADAPTER
@TRAINED
@HEADS
@click.option("--splits", help="Such as 2,4,6; every inner layer if not given.")
@CODEC
@click.option("--pack", default="shipped", show_default=True, help="Whose prompts are sent.")
@click.option("--prompts", default=2, show_default=True, help="How many, of its valid split.")
@LENGTH
@JSON
def check(
    model: str,
    adapter: str | None,
    trained: str | None,
    heads: str | None,
    splits: str | None,
    codec: str,
    pack: str,
    prompts: int,
    length: int,
    as_json: bool,
) -> None:
    """Start a second process, share generations with it, and compare every bit with one process.

    With the codec `native` all logits have to be the same bits; where they are not, it exits 2.

    \b
    Example:
      agp transfer check --model tiny --splits 2,4
    """
    end = the_end(model, adapter, trained, heads)
    from train.hosts.transfer_check import check_splits
    from train.stages.captures import numbers

    chosen = numbers(splits) if splits else tuple(range(1, end.gemma.n_layers))
    arguments = ["--model", model]
    for option, value in (("--adapter", adapter), ("--trained", trained)):
        arguments += [option, value] if value else []
    found = check_splits(end, asked(end, pack, prompts), chosen, codec, length, arguments)
    if as_json:
        print_json([row.document() for row in found])
    else:
        columns = ("split", "sent", "tokens", "same logits", "same tokens", "bytes a token")
        print_table(columns, [row.cells() for row in found], title=f"{codec}, two processes")
    if codec == "native" and any(row.same_logits < row.tokens for row in found):
        raise AgpError("some logits differ from those of one process; do not transfer with this")


def asked(end: Any, pack: str, prompts: int) -> list[list[int]]:
    """Return the token ids of a pack's first valid prompts."""
    from train.harness.chat import template
    from train.harness.packs import find_pack, load_pack

    some = load_pack(find_pack(pack)).split("valid")[:prompts]
    if not some:
        raise AgpError(f"pack {pack} has no valid prompts; give another --pack")
    return [template(end.tokenizer, p.chat()[:-1], prompt=True) for p in some]
