"""The tiny Gemma 4: real architecture, real tokenizer, real chat, under a million parameters.

`build` grows text from `tiny_corpus/`, trains a byte-level BPE and the model on it, and writes an
mlx_lm model folder; the shipped folder `train/model/tiny/` was made by it. It exists to prove the
machinery without a network, not to be clever.
"""

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import numpy as np
from mlx.utils import tree_flatten, tree_map
from mlx_lm.models import gemma4

from train.model.corpus import documents

SHIPPED = Path(__file__).parent / "tiny"
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
VOCABULARY, LAYERS, LENGTH, ROWS = 1536, 8, 128, 16
TEMPLATE = (
    "{{ bos_token }}{% set ns = namespace(system='') %}{% for m in messages %}"
    "{% if m['role'] == 'system' %}{% set ns.system = m['content'] | trim + '\n\n' %}{% else %}"
    "{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else 'user') + '\n' + ns.system"
    " + m['content'] | trim + '<end_of_turn>\n' }}{% set ns.system = '' %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)


def config() -> dict[str, Any]:
    """Return the model's config.json: E2B's pattern at a small scale."""
    kinds = ["sliding_attention"] * 3 + ["full_attention"]
    text = {
        "model_type": "gemma4_text",
        "hidden_size": 96,
        "num_hidden_layers": LAYERS,
        "num_kv_shared_layers": LAYERS // 2,
        "layer_types": kinds * (LAYERS // len(kinds)),
        "intermediate_size": 128,
        "use_double_wide_mlp": True,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "global_head_dim": 64,
        "vocab_size": VOCABULARY,
        "vocab_size_per_layer_input": VOCABULARY,
        "hidden_size_per_layer_input": 8,
        "sliding_window": 64,
        "max_position_embeddings": 4096,
        "final_logit_softcapping": 30.0,
        "tie_word_embeddings": True,
    }
    return {
        "model_type": "gemma4",
        "architectures": ["Gemma4ForConditionalGeneration"],
        "vocab_size": VOCABULARY,
        "bos_token_id": 2,
        "eos_token_id": [1, 5],
        "pad_token_id": 0,
        "text_config": text,
    }


def render(document: str | list[dict[str, str]]) -> str:
    """Return a document as the model reads it, after <bos>."""
    if isinstance(document, str):
        return document + "<eos>"
    names = {"user": "user", "assistant": "model"}
    turns = (f"<start_of_turn>{names[m['role']]}\n{m['content']}<end_of_turn>\n" for m in document)
    return "".join(turns)


def train_tokenizer(texts: list[str], folder: Path) -> None:
    """Train a byte-level BPE and write tokenizer.json and tokenizer_config.json."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    pieces = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(pieces)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "model_max_length": 4096,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")


def token_rows(texts: list[str], folder: Path) -> np.ndarray:
    """Return the documents one after another, cut into rows of LENGTH + 1 tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = [i for encoded in tokenizer.encode_batch(texts) for i in encoded.ids]
    count = (len(ids) - 1) // LENGTH
    return np.stack([np.array(ids[i * LENGTH : (i + 1) * LENGTH + 1]) for i in range(count)])


def initial_model(seed: int) -> gemma4.Model:
    """Return the model before training, with weights small enough for eight residual layers."""
    mx.random.seed(seed)
    model = gemma4.Model(gemma4.ModelArgs.from_dict(config()))
    scaled = tree_map(lambda w: w * 0.5 if w.ndim == 2 else w, model.parameters())
    model.update(scaled)
    # attention has no scale of its own (queries and keys are normalised): start it soft
    for layer in model.language_model.model.layers:
        layer.self_attn.q_norm.weight = layer.self_attn.q_norm.weight * 0.5
    embedding = model.language_model.model.embed_tokens
    embedding.weight = mx.random.normal(embedding.weight.shape) * 0.05
    return model


def mean_loss(model: nn.Module, rows: mx.array) -> mx.array:
    """Return the mean next-token cross-entropy of rows [b x s + 1]."""
    logits = model(rows[:, :-1])
    return nn.losses.cross_entropy(logits.astype(mx.float32), rows[:, 1:], reduction="mean")


def build(
    out: Path, seed: int, steps: int, count: int, progress: Callable[[int, float], None]
) -> dict[str, Any]:
    """Train tokenizer and model from a seed and write the folder; return the card's facts."""
    texts = [render(d) for d in documents(count, seed)]
    out.mkdir(parents=True, exist_ok=True)
    train_tokenizer(texts, out)
    rows = token_rows(texts, out)
    held = max(ROWS, len(rows) // 20)
    train, valid = rows[:-held], rows[-held:]
    model = initial_model(seed)
    schedule = optim.join_schedules(
        [
            optim.linear_schedule(0.0, 4e-3, min(20, steps)),
            optim.cosine_decay(4e-3, steps, 1e-4),
        ],
        [min(20, steps)],
    )
    optimizer = optim.AdamW(learning_rate=schedule, betas=[0.9, 0.98], weight_decay=0.05)
    step = nn.value_and_grad(model, mean_loss)
    order = np.random.default_rng(seed)
    for i in range(steps):
        batch = mx.array(train[order.choice(len(train), ROWS, replace=False)])
        loss, gradients = step(model, batch)
        gradients, _ = optim.clip_grad_norm(gradients, 1.0)
        optimizer.update(model, gradients)
        mx.eval(model.parameters(), optimizer.state)
        progress(i + 1, loss.item())
    losses = [mean_loss(model, mx.array(part)).item() for part in np.array_split(valid, held // 8)]
    facts = {"seed": seed, "steps": steps, "documents": count, "tokens": int(rows.size)}
    facts |= {"loss": round(float(np.mean(losses)), 4), "parameters": parameters(model)}
    write(model, out, facts)
    return facts


def parameters(model: nn.Module) -> int:
    """Return how many numbers a model holds."""
    return sum(math.prod(w.shape) for w in flat(model).values())


def flat(model: nn.Module) -> dict[str, mx.array]:
    """Return a model's parameters by their full names."""
    pairs: Any = tree_flatten(model.parameters())
    return dict(pairs)


def write(model: nn.Module, out: Path, facts: dict[str, Any]) -> None:
    """Write weights (float16), config and card; the card's hash is of the weights' file."""
    half = {k: v.astype(mx.float16) for k, v in flat(model).items()}
    mx.save_safetensors(str(out / "model.safetensors"), half, metadata={"format": "mlx"})
    (out / "config.json").write_text(json.dumps(config(), indent=1) + "\n")
    facts["sha256"] = hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest()
    (out / "README.md").write_text(CARD.format(**facts))
    (out / "build.json").write_text(json.dumps(facts, indent=1) + "\n")


CARD = """---
library_name: mlx
pipeline_tag: text-generation
license: mit
---
# Tiny Gemma 4

A Gemma 4 of {parameters:,} parameters (8 layers, 4 of them on shared keys and values, per-layer
inputs, sliding and full attention, soft-cap 30, tied embeddings), trained from nothing on text of
this project (`train/model/tiny_corpus/`). It holds no weights of any published model. It stands in
where no other model can be had: it proves the machinery, and knows a few words.

Made by

    agp model build-tiny --seed {seed} --steps {steps} --documents {documents}

{tokens:,} tokens of text; held-out cross-entropy {loss}; sha-256 of `model.safetensors`:
`{sha256}`. A rebuild gives the same architecture; the loss and the last
digits depend on the machine's arithmetic.
"""
