"""Open the tokenizer of a model. Needs ``transformers``, but not torch."""

from __future__ import annotations

from agent.models.catalogue import ModelError, open_location
from agent.models.codec import TokenizerCodec


def open_codec(model: str) -> TokenizerCodec:
    """Open the tokenizer of a model by name, folder or hub id.

    Raises:
        ModelError: there is no such model, it is not prepared, or ``transformers`` is missing.
    """
    location = open_location(model)
    try:
        from transformers import AutoTokenizer, GenerationConfig
    except ImportError as missing:
        raise ModelError(
            f"{missing.name} is not installed: pip install 'inforce[train]'."
        ) from missing
    try:
        tokenizer = AutoTokenizer.from_pretrained(location)
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(
            f"The tokenizer of {model} cannot be opened: {first_line(error)}"
        ) from error
    if not hasattr(tokenizer, "backend_tokenizer"):
        raise ModelError(f"The tokenizer of {model} has no fast form; InForce needs one.")
    try:
        ends = GenerationConfig.from_pretrained(location).eos_token_id
    except OSError:
        ends = None
    more = [ends] if isinstance(ends, int) else ends or []
    return TokenizerCodec(tokenizer, more)


def first_line(error: Exception) -> str:
    """Return the first line of an exception's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
