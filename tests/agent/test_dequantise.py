"""A very small model in the layout of the real one, quantised file and packages included."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")
gguf = pytest.importorskip("gguf", reason="needs the extra train")

import numpy as np  # noqa: E402
from tokenizers import pre_tokenizers  # noqa: E402

from agent.models.pieces import PieceSet  # noqa: E402
from agent.models.tokenizers import open_codec  # noqa: E402
from agent.models.weights import write_qwen  # noqa: E402

pytestmark = pytest.mark.torch

BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
MERGES = ["t h", "i n"]
FIRST = len(BYTES) + len(MERGES)
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"]
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
WIDTH, HIDDEN = 32, 64


def quantised(path: Path) -> None:
    """Write a Qwen2 of one layer, with random weights, as the converters of llama.cpp would."""
    tokens = [*BYTES, "th", "in", *CONTROL, "[PAD263]"]
    file = gguf.GGUFWriter(path, "qwen2")
    file.add_context_length(128)
    file.add_embedding_length(WIDTH)
    file.add_block_count(1)
    file.add_feed_forward_length(HIDDEN)
    file.add_head_count(4)
    file.add_head_count_kv(2)
    file.add_layer_norm_rms_eps(1e-6)
    file.add_rope_freq_base(1e6)
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("qwen2")
    file.add_token_list(tokens)
    file.add_token_types([1] * FIRST + [3] * 3 + [4] * 2 + [5])
    file.add_token_merges(MERGES)
    file.add_eos_token_id(FIRST + 2)
    file.add_pad_token_id(FIRST)
    file.add_chat_template(TEMPLATE)
    for name, shape in shapes(len(tokens)).items():
        file.add_tensor(name, drawn(shape))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    layer: dict[str, tuple[int, ...]] = {
        "attn_norm.weight": (WIDTH,),
        "ffn_norm.weight": (WIDTH,),
        "attn_q.weight": (WIDTH, WIDTH),
        "attn_q.bias": (WIDTH,),
        "attn_k.weight": (WIDTH // 2, WIDTH),
        "attn_k.bias": (WIDTH // 2,),
        "attn_v.weight": (WIDTH // 2, WIDTH),
        "attn_v.bias": (WIDTH // 2,),
        "attn_output.weight": (WIDTH, WIDTH),
        "ffn_gate.weight": (HIDDEN, WIDTH),
        "ffn_up.weight": (HIDDEN, WIDTH),
        "ffn_down.weight": (WIDTH, HIDDEN),
    }
    ends = {
        "token_embd.weight": (vocabulary, WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (vocabulary, WIDTH),
    }
    return {**ends, **{f"blk.0.{name}": shape for name, shape in layer.items()}}


def drawn(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the quantised model in two packages and prepare it."""
    quantised(tmp_path / "whole.gguf")
    whole = (tmp_path / "whole.gguf").read_bytes()
    middle = len(whole) // 2
    for n, piece in enumerate((whole[:middle], whole[middle:]), start=1):
        data = tmp_path / "site" / f"inforce_toy_part{n}" / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").touch()
        (data / f"part{n:02}.bin").write_bytes(piece)
        info = tmp_path / "site" / f"inforce_toy_part{n}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: inforce-toy-part{n}\nVersion: 1.0\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    pieces = PieceSet(
        file="toy.gguf",
        prefix="inforce-toy-part",
        version="1.0",
        sizes=(middle, len(whole) - middle),
        sha256=hashlib.sha256(whole).hexdigest(),
    )
    folder = tmp_path / "model"
    folder.mkdir()
    write_qwen(folder, lambda *_: None, pieces)
    return folder


def test_a_model_in_pieces_becomes_plain_weights_with_its_own_words(prepared: Path) -> None:
    from transformers import AutoModelForCausalLM

    names = {path.name for path in prepared.iterdir()}
    assert "model.safetensors" in names
    assert "toy.gguf" not in names
    model = AutoModelForCausalLM.from_pretrained(prepared)
    assert model.dtype.itemsize == 2
    assert not hasattr(model.config, "quantization_config")
    expected = drawn((HIDDEN, WIDTH))
    up = model.model.layers[0].mlp.up_proj.weight.float().detach().numpy()
    assert np.allclose(up, expected, rtol=1e-2)


def test_control_words_are_one_token_in_markup_and_letters_in_a_statute(prepared: Path) -> None:
    codec = open_codec(str(prepared))
    assert codec.stop_ids == {FIRST, FIRST + 2}
    assert codec.markup("<tool_call><|im_end|>") == [FIRST + 3, FIRST + 2]
    assert max(codec.words("<tool_call><|im_end|>")) < FIRST
    assert codec.decode([FIRST + 3]) == "<tool_call>"
