"""mlx_lm's own trainer takes a build as it is: a model of two random layers, three steps."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

CONFIG = {
    "model_type": "llama",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "rms_norm_eps": 1e-5,
    "vocab_size": 400,
    "eos_token_id": 0,
}
TEMPLATE = (
    "{% for m in messages %}<|turn|>{{ m['role'] }}: {{ m['content'] }}"
    "{% for c in m['tool_calls'] or [] %}{{ c['function']['arguments'] }}{% endfor %}"
    "{% endfor %}"
)


@pytest.mark.slow
@pytest.mark.parametrize("tools", ["fold", "keep"])
def test_mlx_lm_trains_on_a_build(many, agp, tmp_path, tools):
    made = agp("lanes", "build", "sft", "--json", "--tools", tools).stdout
    folder, model, adapters = Path(orjson.loads(made)["path"]), tmp_path / "m", tmp_path / "a"
    assert (b'"tool_calls"' in (folder / "train.jsonl").read_bytes()) == (tools == "keep")
    small_model(model, [p.read_text(encoding="utf-8") for p in folder.glob("*.jsonl")])
    places = ["--model", str(model), "--data", str(folder), "--adapter-path", str(adapters)]
    options = ["--train", "--iters=3", "--batch-size=1", "--num-layers=2", "--val-batches=1"]
    done = subprocess.run(
        [sys.executable, "-m", "mlx_lm", "lora", *places, *options, "--max-seq-length=256"],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "MLX_DISABLE_COMPILE": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert learned(adapters / "adapters.safetensors")


def learned(path: Path) -> bool:
    """Return whether an adapter holds numbers only, and has left its beginning, which is zero."""
    import mlx.core as mx

    weights = mx.load(str(path))
    assert isinstance(weights, dict) and all(mx.isfinite(w).all().item() for w in weights.values())
    return any(bool(mx.any(mx.abs(w) > 0)) for name, w in weights.items() if "lora_b" in name)


def small_model(folder: Path, texts: list[str]) -> None:
    """Write a model of two random layers and a tokenizer of 400 pieces, with a chat template."""
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.models.llama import Model, ModelArgs
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    folder.mkdir()
    pieces = ByteLevelBPETokenizer()
    pieces.train_from_iterator(texts, vocab_size=400, special_tokens=["<|end|>", "<|turn|>"])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pieces._tokenizer, eos_token="<|end|>", pad_token="<|end|>"
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    weights = dict(tree_flatten(Model(ModelArgs.from_dict(CONFIG)).parameters()))
    mx.save_safetensors(str(folder / "model.safetensors"), weights, metadata={"format": "mlx"})
    (folder / "config.json").write_bytes(orjson.dumps(CONFIG))
