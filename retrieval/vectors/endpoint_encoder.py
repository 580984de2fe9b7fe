"""Encoder behind an OpenAI-compatible embeddings server: ``POST URL/embeddings``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import numpy as np

from corpus.errors import BadInputError, without_password
from retrieval.vectors.encoder import EncoderError, Vectors

_AT_ONCE = 64  # texts of one request
_MOST = 64 << 20  # bytes of an answer that are read


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects, since the key would be sent to the other host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse a redirect; it is reported as an error."""


class EndpointEncoder:
    """A model of an embeddings server. An :class:`retrieval.vectors.encoder.Encoder`.

    A model of the E5 family gets "query: " and "passage: " before each text.

    Args:
        url: the server's base URL up to and with ``/v1``, then ``#`` and the model's name.
        key: sent as bearer token; never shown.
        timeout: seconds for one request.

    Raises:
        BadInputError: the URL names no model, or contains a user or password.
    """

    def __init__(self, url: str, key: str | None = None, timeout: float = 30.0) -> None:
        self._url, _, self._model = url.partition("#")
        if not self._model:
            raise BadInputError(
                f"INFORCE_ENCODER: name the model behind the address, as {self._url}#MODEL"
            )
        if urlsplit(self._url).username:
            raise BadInputError(
                f"INFORCE_ENCODER: {without_password(self._url)} carries a user or password; "
                "put the key into INFORCE_ENCODER_KEY"
            )
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._timeout = timeout
        self._prefixed = "e5" in self._model.lower()
        self.identity = url

    def questions(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per question, ``(N, D)``."""
        return self._encoded("query", texts)

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per provision, ``(N, D)``."""
        return self._encoded("passage", texts)

    def _encoded(self, kind: str, texts: Sequence[str]) -> Vectors:
        prefix = f"{kind}: " if self._prefixed else ""
        sent = [prefix + text for text in texts]
        parts = [self._asked(sent[i : i + _AT_ONCE]) for i in range(0, len(sent), _AT_ONCE)]
        if len({part.shape[1] for part in parts}) != 1:
            raise EncoderError(f"the embeddings server {self._url} returned vectors of two lengths")
        vectors_N_D = np.concatenate(parts)
        lengths_N_1 = np.linalg.norm(vectors_N_D, axis=1, keepdims=True)
        return np.asarray(vectors_N_D / np.maximum(lengths_N_1, 1e-9), dtype=np.float32)

    def _asked(self, texts: Sequence[str]) -> Vectors:
        answer = self._post({"model": self._model, "input": texts, "encoding_format": "float"})
        try:
            found = sorted(answer["data"], key=lambda item: item["index"])
            with np.errstate(over="ignore"):  # too large a number becomes infinite: refused below
                vectors_N_D = np.array([item["embedding"] for item in found], dtype=np.float32)
        except (KeyError, TypeError, ValueError):
            raise EncoderError(
                f"the embeddings server {self._url} answered with something else than vectors"
            ) from None
        if vectors_N_D.ndim != 2 or len(vectors_N_D) != len(texts):
            raise EncoderError(
                f"the embeddings server {self._url} returned {len(vectors_N_D)} vectors for "
                f"{len(texts)} texts"
            )
        if [item["index"] for item in found] != list(range(len(texts))):
            raise EncoderError(
                f"the embeddings server {self._url} does not say which vector is of which text"
            )
        if not np.isfinite(vectors_N_D).all():
            raise EncoderError(f"the embeddings server {self._url} returned numbers that are none")
        if not vectors_N_D.any(axis=1).all():
            raise EncoderError(f"the embeddings server {self._url} returned a vector of zeros")
        return vectors_N_D

    def _post(self, body: dict[str, Any]) -> Any:
        request = Request(  # noqa: S310 - the scheme was checked when the setting was read
            f"{self._url.rstrip('/')}/embeddings", json.dumps(body).encode(), self._headers
        )
        try:
            with build_opener(_NoRedirects()).open(request, timeout=self._timeout) as answer:
                return json.loads(answer.read(_MOST))
        except HTTPError as error:
            raise EncoderError(
                f"the embeddings server {self._url} refused with status {error.code}"
            ) from error
        except (OSError, HTTPException) as error:
            why = getattr(error, "reason", None) or error
            raise EncoderError(
                f"the embeddings server {self._url} cannot be reached ({why})"
            ) from error
        except ValueError:
            raise EncoderError(
                f"the embeddings server {self._url} answered with something else than JSON"
            ) from None
