"""An index in Elasticsearch: its mapping, its documents, and what it says of itself."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from corpus.errors import BadInputError
from corpus.languages.tables import base_language
from corpus.model import Frozen
from retrieval.engines.index_schema import STORED, body, extents, place, stems_field
from retrieval.query import IndexedText
from retrieval.text.analysis import ANALYSIS_VERSION
from retrieval.text.analyzers import Analyzer

SCHEMA_VERSION = f"e2.{ANALYSIS_VERSION}"


class Meta(Frozen):
    """What an index says of itself, kept in its mapping. ``rows`` is set once it is complete."""

    alias: str
    schema_version: str
    chain: str
    corpus_hash: str
    shards: int = 1
    rows: int | None = None


class LiveIndex(Frozen):
    """A physical index and what it says of itself."""

    name: str
    meta: Meta


def mapping(chain: Analyzer, meta: Meta) -> dict[str, Any]:
    """Return the mapping: terms, filters as ranges and keywords, dates beside them, the hit."""
    keyword, day = {"type": "keyword"}, {"type": "date", "format": "yyyy-MM-dd"}
    days = {"type": "date_range", "format": "yyyy-MM-dd"}
    stems = {
        stems_field(language): {"type": "text", "analyzer": language, "index_options": "freqs"}
        for language in chain.stemmers
    }
    return {
        "dynamic": "strict",
        "_meta": {"inforce": meta.model_dump()},
        "_source": {"includes": ["hit"]},
        "properties": {
            "body": {"type": "text", "analyzer": "whitespace"},
            **stems,
            "in_force": days,
            "known": days,
            "latest": {"type": "boolean"},
            "row_from": day,
            "row_to": day,
            "jurisdiction": keyword,
            "work": keyword,
            "kind": keyword,
            "language": keyword,
            "extent": keyword,
            "provision": keyword,
            "place": {"type": "long"},
            "hit": {"type": "object", "enabled": False},
        },
    }


def analysis_settings(chain: Analyzer) -> dict[str, Any]:
    """Return the analysers of a chain; the plain chain needs none of its own."""
    return {
        "analyzer": {
            language: {"type": "custom", "tokenizer": "whitespace", "filter": [f"stem_{language}"]}
            for language in chain.stemmers
        },
        "filter": {
            f"stem_{language}": {"type": "stemmer", "language": name}
            for language, name in chain.stemmers.items()
        },
    }


def document(row: IndexedText, chain: Analyzer) -> dict[str, Any]:
    """Return what is sent for one row."""
    terms = body(row)
    sent = {
        "body": terms,
        "in_force": _range(row.row_from, row.row_to),
        "known": _range(row.known_from, row.known_to),
        "latest": row.known_to is None,
        "row_from": str(row.row_from),
        "jurisdiction": row.jurisdiction,
        "work": row.work_id,
        "kind": row.kind,
        "language": row.language,
        "extent": extents(row.extent),
        "provision": row.provision_id,
        "place": place(row),
        "hit": row.model_dump(mode="json", include=set(STORED)),
    }
    if row.row_to is not None:
        sent["row_to"] = str(row.row_to)
    if (language := base_language(row.language)) in chain.stemmers:
        sent[stems_field(language)] = terms
    return sent


def _range(start: object, end: object) -> dict[str, str]:
    bounds = {"gte": start, "lt": end}
    return {name: str(day) for name, day in bounds.items() if day is not None}


def live_index(client: Elasticsearch, alias: str) -> str | None:
    """Return the physical index behind ``alias``, or ``None``.

    Raises:
        BadInputError: the name is that of an index, not of an alias.
    """
    try:
        names = list(client.indices.get_alias(name=alias))
    except NotFoundError:
        if client.indices.exists(index=alias):
            raise BadInputError(
                f"'{alias}' is an index, not an alias; choose another name"
            ) from None
        return None
    return str(names[0])


def physical_indices(client: Elasticsearch, alias: str) -> list[str]:
    """Return the indices that were built for ``alias``, live or not."""
    found = client.indices.get_mapping(index=f"{alias}-*", allow_no_indices=True)
    return [
        name
        for name, held in found.items()
        if held["mappings"].get("_meta", {}).get("inforce", {}).get("alias") == alias
    ]


def read_live(client: Elasticsearch, alias: str) -> LiveIndex | None:
    """Return what is behind ``alias`` (or under that name); ``None``: it is not one of ours."""
    name, held = next(iter(client.indices.get_mapping(index=alias).items()))
    said = held["mappings"].get("_meta", {}).get("inforce")
    return LiveIndex(name=name, meta=Meta.model_validate(said)) if said else None
