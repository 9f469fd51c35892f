"""`agp model convert-gguf`: a real model without a hub."""

from pathlib import Path

import click


@click.command("convert-gguf")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "bfloat16", "float16"]),
    default="float32",
    show_default=True,
    help="Of the weights; on a CPU only float32 is quick.",
)
def convert_gguf(source: Path, out: Path, dtype: str) -> None:
    """Turn a GGUF file of Gemma 3 into a model folder that mlx_lm loads.

    Weights are dequantised; the tokenizer is rebuilt from the file's own pieces.

    \b
    agp model convert-gguf gemma-3-270m-q4_k_m.gguf --out gemma-3-270m
    """
    from train.harness.convert_gguf import convert

    config = convert(source, out, dtype)
    click.echo(
        f"{out}: {config['num_hidden_layers']} layers, hidden {config['hidden_size']}, "
        f"vocabulary {config['vocab_size']:,}, from {config['source']['gguf_sha256'][:16]}"
    )
