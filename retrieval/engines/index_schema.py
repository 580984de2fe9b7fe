"""Index schema shared by all engines."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple, get_args

from retrieval.query import Facets, Hit, IndexedText, Status
from retrieval.text.analysis import normalise

STORED = frozenset(Hit.model_fields.keys() & IndexedText.model_fields.keys())
"""Fields of a row that are returned in a hit."""

EVERYWHERE = "*"
"""Territory of a text that applies everywhere."""


class Weights(NamedTuple):
    """Number of repetitions of each part of a row in its searchable field, beside the text."""

    names: int
    label: int
    heading: int


WEIGHTS = Weights(names=2, label=5, heading=2)
"""Chosen on questions of the train split: ``inforce bench weights``, docs/findings/retrieval.md."""


def body(row: IndexedText, weights: Weights = WEIGHTS) -> str:
    """Return the searchable text of a row: names, label, heading and text as one field.

    One field is used because a short heading with its own boost would outrank the text that
    answers, and one field costs one lookup per term. A weight is a repetition.
    """
    names = [normalise(name, row.language) for name in (row.work_title, *row.aliases)]
    parts = [
        *names * weights.names,
        *[normalise(row.label, row.language)] * weights.label,
        *[normalise(row.heading or "", row.language)] * weights.heading,
        normalise(row.text, row.language),
    ]
    return " ".join(filter(None, parts))


def extents(extent: str | None) -> list[str]:
    """Return the territories of a row; :data:`EVERYWHERE` for a text without one."""
    return extent.split("+") if extent else [EVERYWHERE]


def number(name: str, bits: int = 63) -> int:
    """Return a hash of an id as a number, the same on every machine."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> (64 - bits)


_KEY_BITS = 23


def place(row: IndexedText) -> int:
    """Return a 63-bit sort key for equal scores, by which rows of a provision are adjacent."""
    return number(row.provision_id, 63 - _KEY_BITS) << _KEY_BITS | number(row.key, _KEY_BITS)


def provision_of(place: int) -> int:
    """Return the part of :func:`place` that is equal for all rows of a provision."""
    return place >> _KEY_BITS


def stems_field(language: str) -> str:
    """Return the field that holds the stemmed terms of a language."""
    return f"stems_{language}"


STATUSES: tuple[Status, ...] = get_args(Status)
FACETS = {"jurisdictions": "jurisdiction", "works": "work", "kinds": "kind"}
"""Each facet with the field it counts."""

FACET_COUNTS = {
    name: {
        "terms": {"field": field, "size": 1000},
        "aggs": {"provisions": {"cardinality": {"field": "provision"}}},
    }
    for name, field in FACETS.items()
}
"""The aggregations of :class:`retrieval.query.Facets`; both engines read this form."""


def facets(counted: Mapping[str, Any], statuses: Mapping[Status, float]) -> Facets:
    """Return the facets from the results of :data:`FACET_COUNTS`."""
    counts = {
        name: {
            bucket["key"]: int(bucket["provisions"]["value"])
            for bucket in counted.get(name, {}).get("buckets", ())
        }
        for name in FACETS
    }
    return Facets(**counts, statuses={str(s): round(n) for s, n in statuses.items()})
