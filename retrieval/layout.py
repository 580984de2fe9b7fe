"""What every engine stores of a row, in the same form, so that they answer the same."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Literal, get_args

from retrieval.analysis import normalise
from retrieval.query import Facets, Hit, IndexedText

STORED = frozenset(Hit.model_fields.keys() & IndexedText.model_fields.keys())
"""The fields of a row that a hit gives back."""

EVERYWHERE = "*"
"""The territory of a text without one."""


def body(row: IndexedText) -> str:
    """Return the searchable form of a row: names, label, heading and text as one field.

    One field rather than several weighted ones: a short heading with a boost of its own outranks
    the text that answers, and one field costs one lookup per term. A weight is a repetition. These
    weights were chosen on the train split of the questions made from the demonstration corpus.
    """
    heading = row.heading or ""
    names = (row.work_title, *row.aliases)
    parts = (*names, row.label, row.label, row.label, heading, heading, row.text)
    return " ".join(normalise(part, row.language) for part in parts if part)


def extents(extent: str | None) -> list[str]:
    """Return the territories of a row; a text without one applies everywhere."""
    return extent.split("+") if extent else [EVERYWHERE]


def number(name: str) -> int:
    """Return a 63-bit number for an id: the same on every machine, to order equal scores by."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 1


def stems_field(language: str) -> str:
    """Return the field that holds the stemmed terms of a language."""
    return f"stems_{language}"


Status = Literal["in_force", "not_yet_in_force", "no_longer_in_force"]
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
    """Read what :data:`FACET_COUNTS` counted."""
    counts = {
        name: {
            bucket["key"]: int(bucket["provisions"]["value"])
            for bucket in counted.get(name, {}).get("buckets", ())
        }
        for name in FACETS
    }
    return Facets(**counts, statuses={str(s): round(n) for s, n in statuses.items()})
