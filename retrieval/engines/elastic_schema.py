"""Mapping, documents and metadata of an Elasticsearch index."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch, NotFoundError

from corpus.errors import BadInputError, IndexMissingError
from corpus.languages.tables import base_language
from corpus.model import Frozen
from corpus.record_clock import CorpusState
from retrieval.engines.index_schema import STORED, body, extents, place, stems_field
from retrieval.query import IndexedText
from retrieval.text.analysis import ANALYSIS_VERSION
from retrieval.text.analyzers import Analyzer
from retrieval.vectors.kept_vectors import NO_VECTORS, RowVectors

SCHEMA_VERSION = f"e4.{ANALYSIS_VERSION}"


class Meta(Frozen):
    """Metadata of an index, stored in its mapping. ``rows`` is set once it is complete.

    ``builder`` names the process that builds it: ``HOST:PROCESS``. ``vectors`` is the name under
    which its vectors are kept; ``words_only`` says why it has none where they were asked for.
    """

    alias: str
    schema_version: str
    chain: str
    corpus_hash: str
    recorded_at: datetime
    shards: int = 1
    rows: int | None = None
    builder: str | None = None
    vectors: str | None = None
    words_only: str | None = None


class LiveIndex(Frozen):
    """A physical index with its metadata, and the numbers of each of its vectors, if it has any."""

    name: str
    meta: Meta
    dimension: int | None = None

    @property
    def state(self) -> CorpusState:
        """Return the state of the corpus in the index."""
        return CorpusState(corpus_hash=self.meta.corpus_hash, recorded_at=self.meta.recorded_at)


def mapping(chain: Analyzer, meta: Meta, dimension: int | None = None) -> dict[str, Any]:
    """Return the mapping: terms, filters as ranges and keywords, dates beside them, the hit.

    ``dimension`` is that of the vectors, if there are any. They are of one byte a number and
    compared one by one with the question's (``flat``): exact, and without a graph.
    """
    keyword, day = {"type": "keyword"}, {"type": "date", "format": "yyyy-MM-dd"}
    days = {"type": "date_range", "format": "yyyy-MM-dd"}
    stems = {
        stems_field(language): {"type": "text", "analyzer": language, "index_options": "freqs"}
        for language in chain.stemmers
    }
    return {
        "dynamic": "strict",
        "_meta": said(meta),
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
            **({"vector": _vector(dimension)} if dimension else {}),
        },
    }


def _vector(dimension: int) -> dict[str, Any]:
    return {
        "type": "dense_vector",
        "dims": dimension,
        "element_type": "byte",
        "similarity": "cosine",
        "index_options": {"type": "flat"},
    }


def said(meta: Meta) -> dict[str, Any]:
    """Return the metadata of an index as stored in its mapping."""
    return {"inforce": meta.model_dump(mode="json")}


def analysis_settings(chain: Analyzer) -> dict[str, Any]:
    """Return the analysis settings of an analyzer; the plain one needs none."""
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


def document(row: IndexedText, chain: Analyzer, vectors: RowVectors = NO_VECTORS) -> dict[str, Any]:
    """Return the document of one row."""
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
    if vectors.kept is not None:
        sent["vector"] = np.frombuffer(vectors.kept.of(row), dtype=np.int8).tolist()
    return sent


def _range(start: object, end: object) -> dict[str, str]:
    bounds = {"gte": start, "lt": end}
    return {name: str(day) for name, day in bounds.items() if day is not None}


def live_indices(client: Elasticsearch, alias: str) -> list[str]:
    """Return the physical indices behind ``alias``: one, none, or by mistake several.

    Raises:
        BadInputError: the name belongs to an index, not to an alias.
    """
    try:
        return sorted(client.indices.get_alias(name=alias))
    except NotFoundError:
        if client.indices.exists(index=alias):
            raise BadInputError(
                f"'{alias}' is an index, not an alias; choose another name"
            ) from None
        return []


def live_index(client: Elasticsearch, alias: str) -> str | None:
    """Return the physical index behind ``alias``, or ``None``.

    Raises:
        BadInputError: as :func:`live_indices`.
        IndexMissingError: there are several.
    """
    names = live_indices(client, alias)
    _check_single(alias, names)
    return names[0] if names else None


def _check_single(alias: str, names: Collection[str]) -> None:
    if len(names) > 1:
        raise IndexMissingError(
            f"the alias '{alias}' stands for {len(names)} indices ({', '.join(sorted(names))}), "
            "which would be searched as one; 'inforce index build' leaves one of them"
        )


def read_live(client: Elasticsearch, alias: str) -> LiveIndex | None:
    """Return the live index behind ``alias`` (or of that name); ``None``: of another version.

    Raises:
        IndexMissingError: several indices are behind it.
    """
    found = client.indices.get_mapping(index=alias)
    _check_single(alias, found.body)
    name, held = next(iter(found.items()))
    said_there = held["mappings"].get("_meta", {}).get("inforce", {})
    if said_there.get("schema_version") != SCHEMA_VERSION:
        return None
    vector = held["mappings"].get("properties", {}).get("vector", {})
    return LiveIndex(name=name, meta=Meta.model_validate(said_there), dimension=vector.get("dims"))
