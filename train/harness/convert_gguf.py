"""From a GGUF file of Gemma 3 to a model folder that mlx_lm loads: weights, config, tokenizer."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx

from train.harness.gguf_tokenizer import tokenizer_config, tokenizer_json
from warehouse.errors import AgpError

# GGUF's name of a tensor -> mlx_lm's, inside a layer
LAYER_NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_norm": "input_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def convert(source: Path, target: Path, dtype: str = "float32") -> dict[str, Any]:
    """Write the model folder `target` from the GGUF file `source`; return its `config.json`.

    The folder appears whole or not at all. Raises AgpError for a file that is no GGUF, is cut, or
    is of another architecture than Gemma 3.
    """
    if target.exists():
        raise AgpError(f"{target} is already there; remove it or give another --out")
    reader = read(source)
    meta = {name: f for name, f in reader.fields.items()}
    architecture = str(meta["general.architecture"].contents())
    if architecture != "gemma3":
        raise AgpError(
            f"{source.name} holds the architecture {architecture!r}; only gemma3 is read"
        )
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        config = config_json(meta, source)
        weights = {mlx_name(t.name): tensor(t, getattr(mx, dtype)) for t in reader.tensors}
        mx.save_safetensors(str(part / "model.safetensors"), weights, {"format": "mlx"})
        values = [
            meta[f"tokenizer.ggml.{n}"].contents() for n in ("tokens", "scores", "token_type")
        ]
        write_json(part / "tokenizer.json", tokenizer_json(*values))
        write_json(part / "tokenizer_config.json", tokenizer_config())
        write_json(part / "config.json", config)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return config


def read(source: Path) -> Any:
    """Open a GGUF file; one-line errors for what is no such file."""
    from gguf import GGUFReader

    if not source.is_file():
        raise AgpError(f"no such file: {source}")
    try:
        reader = GGUFReader(source)
    except (ValueError, IndexError, KeyError, UnicodeDecodeError) as e:
        raise AgpError(f"{source.name} is not a whole GGUF file ({type(e).__name__})") from None
    if "general.architecture" not in reader.fields:
        raise AgpError(f"{source.name} does not name its architecture")
    return reader


def mlx_name(name: str) -> str:
    """Return mlx_lm's name of a tensor.

    >>> mlx_name("blk.3.attn_q.weight"), mlx_name("output_norm.weight")
    ('model.layers.3.self_attn.q_proj.weight', 'model.norm.weight')
    """
    top = {"output_norm": "model.norm", "token_embd": "model.embed_tokens", "output": "lm_head"}
    stem, _, kind = name.rpartition(".")
    if stem in top:
        return f"{top[stem]}.{kind}"
    _, layer, part = stem.split(".")
    if part not in LAYER_NAMES:
        raise AgpError(f"the tensor {name} is not part of a Gemma 3 model as mlx_lm knows it")
    return f"model.layers.{layer}.{LAYER_NAMES[part]}.{kind}"


def tensor(t: Any, dtype: mx.Dtype) -> mx.array:
    """Return one tensor, dequantised; norms are stored as 1 + w there and as w here."""
    from gguf import dequantize

    value = dequantize(t.data, t.tensor_type)
    return mx.array(value - 1 if "norm" in t.name else value).astype(dtype)


def config_json(meta: dict[str, Any], source: Path) -> dict[str, Any]:
    """Return `config.json`; what GGUF does not hold is Gemma 3's published value."""

    def of(name: str) -> Any:
        return meta[f"gemma3.{name}"].contents()

    return {
        "architectures": ["Gemma3ForCausalLM"],
        "model_type": "gemma3_text",
        "hidden_size": of("embedding_length"),
        "num_hidden_layers": of("block_count"),
        "intermediate_size": of("feed_forward_length"),
        "num_attention_heads": of("attention.head_count"),
        "num_key_value_heads": of("attention.head_count_kv"),
        "head_dim": of("attention.key_length"),
        "rms_norm_eps": 1e-6,
        "vocab_size": len(meta["tokenizer.ggml.tokens"].data),
        "rope_theta": of("rope.freq_base"),
        "rope_local_base_freq": 10_000.0,
        "query_pre_attn_scalar": 256,
        "sliding_window": of("attention.sliding_window"),
        "sliding_window_pattern": 6,
        "max_position_embeddings": of("context_length"),
        "bos_token_id": 2,
        "eos_token_id": [1, 106],  # <eos>, <end_of_turn>
        "tie_word_embeddings": True,
        "source": {"name": str(meta["general.name"].contents()), "gguf_sha256": sha256(source)},
    }


def sha256(path: Path) -> str:
    """Return the hex digest of a file, read in pieces."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write one JSON document."""
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
