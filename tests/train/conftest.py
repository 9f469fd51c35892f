"""Small models made on the spot: random weights, real architectures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx_lm.models import gemma3_text, gemma4_text

mx.disable_compile()


def gemma4(layers: int = 8, shared: int = 4, window: int = 8, per_layer: int = 4) -> Any:
    kinds = ["sliding_attention"] * 3 + ["full_attention"]
    config = gemma4_text.ModelArgs(
        hidden_size=32,
        num_hidden_layers=layers,
        intermediate_size=48,
        num_attention_heads=2,
        head_dim=8,
        global_head_dim=16,
        vocab_size=64,
        vocab_size_per_layer_input=64,
        num_kv_shared_layers=shared,
        hidden_size_per_layer_input=per_layer,
        sliding_window=window,
        layer_types=(kinds * layers)[:layers],
    )
    return gemma4_text.Model(config)


def gemma3(layers: int = 7, window: int = 8) -> Any:
    config = gemma3_text.ModelArgs(
        model_type="gemma3_text",
        hidden_size=32,
        num_hidden_layers=layers,
        intermediate_size=48,
        num_attention_heads=2,
        head_dim=16,
        vocab_size=64,
        sliding_window=window,
        sliding_window_pattern=3,
    )
    return gemma3_text.Model(config)


FAMILIES: dict[str, Callable[[], Any]] = {
    "gemma4": gemma4,
    "gemma4 without sharing": lambda: gemma4(shared=0, per_layer=0),
    "gemma3": gemma3,
}


@pytest.fixture(params=FAMILIES)
def small_model(request: pytest.FixtureRequest) -> Any:
    """Return a small random model, one of each family in turn."""
    mx.random.seed(1)
    return FAMILIES[request.param]()


@pytest.fixture
def small_gemma4() -> Any:
    """Return a small random Gemma 4 with a shared tail."""
    mx.random.seed(1)
    return gemma4()


@pytest.fixture(scope="session")
def tiny() -> Any:
    """Return (model, tokenizer) of the tiny Gemma 4 that ships; tests do not change the model."""
    from train.model.load import load

    return load("tiny")


@pytest.fixture(scope="session")
def four_bits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the tiny model in four bits, as `mlx_lm convert -q` writes it."""
    from mlx_lm.utils import load_model, load_tokenizer, quantize_model, save

    from train.model.load import TINY

    folder = tmp_path_factory.mktemp("models") / "four-bits"
    model, config = load_model(TINY)
    model, config = quantize_model(model, config, group_size=32, bits=4)
    save(folder, TINY, model, load_tokenizer(TINY), config)
    return folder


def chat_rows(count: int) -> list[dict[str, Any]]:
    """Return short conversations; the second answer of every other one earns no loss."""
    words = ("parser", "cache", "index", "report")
    return [
        {
            "messages": [
                {"role": "user", "content": f"Fix the {words[i % 4]} please, line {i % 7}."},
                {"role": "assistant", "content": f"Fixed: {words[i % 4]} {i % 7}."},
                {"role": "user", "content": "And the docs?"},
                {"role": "assistant", "content": f"Done, {words[i % 4]}.md says it."},
            ],
            "loss": [False, True, False, i % 2 == 0],
            "weight": 1.0,
        }
        for i in range(count)
    ]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Return a build's folder with a few conversations in every split."""
    folder = tmp_path / "build"
    folder.mkdir()
    for split, count in {"train": 12, "heads": 4, "valid": 4, "calib": 4, "test": 4}.items():
        lines = (json.dumps(row) + "\n" for row in chat_rows(count))
        (folder / f"{split}.jsonl").write_text("".join(lines))
    return folder
