"""GGUF in, mlx_lm folder out: on a file of the same form with a few small tensors."""

import mlx.core as mx
import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFWriter, quantize

from train.harness.convert_gguf import LAYER_NAMES, convert
from warehouse.errors import AgpError

PIECES = ["<pad>", "<eos>", "<bos>", "<unk>"]
PIECES += [f"<0x{b:02X}>" for b in range(256)]
PIECES += ["\n\n", "<start_of_turn>", "<end_of_turn>", "\u2581", "a", "b", "ab", "\u2581ab"]
TYPES = [3, 3, 3, 2] + [6] * 256 + [4, 3, 3, 1, 1, 1, 1, 1]
SCORES = [0.0] * 263 + [-9.0, -9.0, -9.0, -1.0, -2.0]
HIDDEN, HEAD, MLP, LAYERS = 32, 16, 64, 6
SHAPES = {
    "attn_q": (2 * HEAD, HIDDEN),
    "attn_k": (HEAD, HIDDEN),
    "attn_v": (HEAD, HIDDEN),
    "attn_output": (HIDDEN, 2 * HEAD),
    "attn_q_norm": (HEAD,),
    "attn_k_norm": (HEAD,),
    "ffn_gate": (MLP, HIDDEN),
    "ffn_up": (MLP, HIDDEN),
    "ffn_down": (HIDDEN, MLP),
}


def write_gguf(path, architecture="gemma3"):
    writer = GGUFWriter(path, architecture)
    writer.add_name("small")
    writer.add_context_length(256)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(MLP)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(8)
    writer.add_token_list(PIECES)
    writer.add_token_scores(SCORES)
    writer.add_token_types(TYPES)
    r = np.random.default_rng(0)
    names = {"token_embd": (len(PIECES), HIDDEN), "output_norm": (HIDDEN,)}
    for i in range(LAYERS):
        names |= {f"blk.{i}.{n}": SHAPES.get(n, (HIDDEN,)) for n in LAYER_NAMES}
    for name, shape in names.items():
        value = r.normal(size=shape).astype(np.float32)
        if len(shape) == 2 and shape[1] % 32 == 0:
            kind = GGMLQuantizationType.Q8_0
            writer.add_tensor(f"{name}.weight", quantize(value, kind), raw_dtype=kind)
        else:
            writer.add_tensor(f"{name}.weight", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_folder_loads_and_speaks_the_same_tokens(tmp_path):
    from mlx_lm import load

    convert(write_gguf(tmp_path / "m.gguf"), tmp_path / "out")
    model, tokenizer = load(str(tmp_path / "out"))[:2]
    text = "ab \n\nba é"
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids) == text
    assert ids[0] == PIECES.index("ab")
    logits = model(mx.array([tokenizer.encode(text)]))
    assert logits.shape[-1] == len(PIECES)
    assert mx.all(mx.isfinite(logits)).item()


def test_norms_are_stored_without_their_one(tmp_path):
    from gguf import GGUFReader

    convert(write_gguf(tmp_path / "m.gguf"), tmp_path / "out")
    norm = next(
        t for t in GGUFReader(tmp_path / "m.gguf").tensors if t.name == "output_norm.weight"
    )
    weights = mx.load(str(tmp_path / "out" / "model.safetensors"))
    assert isinstance(weights, dict)
    assert np.allclose(np.array(weights["model.norm.weight"]) + 1, norm.data)


def test_another_architecture_is_one_line(tmp_path):
    with pytest.raises(AgpError, match="only gemma3"):
        convert(write_gguf(tmp_path / "m.gguf", "llama"), tmp_path / "out")


@pytest.mark.parametrize("keep", [0, 3, 100, 5000])
def test_a_cut_file_is_one_line_and_leaves_nothing(tmp_path, keep):
    path = write_gguf(tmp_path / "m.gguf")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(AgpError):
        convert(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["m.gguf"]
