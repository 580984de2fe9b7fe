"""Connect to an Elasticsearch cluster: settings, client, and error messages."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from elastic_transport import ConnectionError as Unreachable
from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError
from pydantic import Field

from corpus.errors import BadInputError, IndexMissingError, InForceError, SearchFailedError
from corpus.model import Frozen
from corpus.settings import environment_fields
from retrieval.index_url import IndexUrl

READ_PRIVILEGES = "read and view_index_metadata"
WRITE_PRIVILEGES = "create_index, delete_index, write, monitor and manage"
logging.getLogger("elastic_transport").addHandler(logging.NullHandler())  # errors say it once

CONNECTIONS = 16  # to each node; more searches than that wait their turn


class ElasticSettings(Frozen):
    """Connection settings. Each field is an environment variable, ``INFORCE_ES_<FIELD>``."""

    api_key: str | None = None
    """API key of Elasticsearch, in its encoded form."""
    ca: Path | None = None
    """PEM file of the certificate authority of the cluster."""
    timeout: float = Field(default=10.0, gt=0)
    """Timeout of a search in seconds."""
    patience: float = Field(default=120.0, ge=0)
    """Seconds that a build waits for a cluster that does not respond."""
    shards: int = Field(default=1, ge=1, le=1024)
    """Number of shards of a new index."""

    @classmethod
    def load(cls) -> Self:
        """Return the settings from the environment.

        Raises:
            BadInputError: a variable is invalid.
        """
        try:
            settings = cls.model_validate(environment_fields(cls, "INFORCE_ES_"))
        except ValueError as error:
            raise BadInputError(f"INFORCE_ES_* settings: {error}") from None
        if settings.ca is not None and not settings.ca.is_file():
            raise BadInputError(f"INFORCE_ES_CA: there is no file {settings.ca}")
        return settings


def connect(url: IndexUrl, settings: ElasticSettings) -> Elasticsearch:
    """Return a client for the nodes of ``url``; no request is sent."""
    options: dict[str, Any] = {"api_key": settings.api_key} if settings.api_key else {}
    if url.user and not settings.api_key:
        options["basic_auth"] = url.user
    if settings.ca:
        options["ca_certs"] = str(settings.ca)
    return Elasticsearch(
        list(url.hosts),
        request_timeout=settings.timeout,
        connections_per_node=CONNECTIONS,
        max_retries=max(2, len(url.hosts)),
        retry_on_timeout=len(url.hosts) > 1,
        **options,
    )


@contextmanager
def answering(url: IndexUrl) -> Iterator[None]:
    """Turn the client's exceptions into messages about the index at ``url``."""
    try:
        yield
    except (ApiError, TransportError) as error:
        raise in_words(url, error) from error


def in_words(url: IndexUrl, error: ApiError | TransportError) -> InForceError:
    """Return the message for an exception, with a remedy if one is known."""
    nodes = ", ".join(url.hosts)
    if isinstance(error, UnsupportedProductError):
        return SearchFailedError(
            f"what answers at {nodes} is not Elasticsearch 8.19 or later (another product, such as "
            "OpenSearch, or the page of a proxy): check the address in INFORCE_INDEX"
        )
    if isinstance(error, ApiError):
        return refused(url, error.status_code, error.body)
    if isinstance(error, ConnectionTimeout):
        return SearchFailedError(f"Elasticsearch at {nodes} did not answer in time")
    if isinstance(error, TlsError):
        return SearchFailedError(
            f"Elasticsearch at {nodes} shows a certificate that is not trusted; "
            "name the one that signed it in INFORCE_ES_CA"
        )
    if isinstance(error, Unreachable):
        return SearchFailedError(f"Elasticsearch at {nodes} cannot be reached; is it running?")
    return SearchFailedError(f"Elasticsearch at {nodes} failed: {error}")


def refused(url: IndexUrl, status: int, body: object) -> InForceError:
    """Return the message for an error status and body."""
    node = f"Elasticsearch at {url.hosts[0]}"
    kinds = set(_kinds(body))
    if "cluster_block_exception" in kinds:
        return SearchFailedError(
            f"{node} is blocked for this ({reason(body)}); whoever runs the cluster lifts the"
            " block (a full disk sets one)"
        )
    if "media_type_header_exception" in kinds:
        return SearchFailedError(
            f"{node} speaks another version than this client, which needs 8.19 or later:"
            f" {reason(body)}"
        )
    if status == 404:
        return IndexMissingError(
            f"there is no search index at {url}; build it with 'inforce index build'"
        )
    if status == 401 and "missing authentication" in str(body):
        return SearchFailedError(f"{node} wants a key: set INFORCE_ES_API_KEY")
    sentences = {
        401: "does not accept the key or password given: check INFORCE_ES_API_KEY and the URL",
        403: f"does not let this key do that with '{url.place}': searching needs {READ_PRIVILEGES} "
        f"on '{url.place}*', building also {WRITE_PRIVILEGES}",
        429: "is overloaded; try again later",
        503: f"does not have all of '{url.place}' ready; try again later",
    }
    return SearchFailedError(
        f"{node} {sentences.get(status, f'failed with status {status}: {reason(body)}')}"
    )


def reason(body: Any) -> str:
    """Return the innermost reason in an error response."""
    found = [part["reason"] for part in _causes(body) if isinstance(part.get("reason"), str)]
    if found:
        return str(found[-1])
    told = body.get("error") if isinstance(body, dict) else body
    words = " ".join(told.split())[:200] if isinstance(told, str) else ""
    return words or "no reason given"


def _kinds(body: Any) -> Iterator[str]:
    return (str(part["type"]) for part in _causes(body) if "type" in part)


def _causes(body: Any) -> Iterator[dict[str, Any]]:
    """Yield the causes in an error response, outermost first."""
    while isinstance(body, dict):
        yield body
        causes = body.get("root_cause") or body.get("failed_shards")
        inner = body.get("error") or (causes[0] if causes else None) or body.get("caused_by")
        if inner is None and isinstance(body.get("reason"), dict):
            inner = body["reason"]
        body = inner
