"""Texts of a part in order: what each document changed, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from lxml import etree

from corpus.errors import Place, SourceError
from corpus.sources import OnFault
from corpus.sources.regml.regml_changes import apply_changes
from corpus.sources.regml.regml_documents import EREGS, Document, Key, amended
from corpus.sources.regml.regml_text import Unit, units
from corpus.sources.xml.xml_reading import read_xml


@dataclass(frozen=True)
class Standing:
    """A provision after a document; ``unit`` is ``None`` if it was removed.

    The dates are those from which the text is in force and known: the latest of all documents that
    it is based on.
    """

    unit: Unit | None
    document: Document
    effective: date
    published: date | None


@dataclass
class Chain:
    """By provision its texts in order, and the dates of documents without a text."""

    changes: dict[str, list[Standing]] = field(default_factory=dict)
    after: dict[Key, dict[str, Standing]] = field(default_factory=dict)
    missing: list[Document] = field(default_factory=list)


def follow(documents: Sequence[Document], on_fault: OnFault) -> Chain:
    """Process the documents in order, comparing each with the text that it amends.

    A document whose text is unavailable goes to ``on_fault`` and to ``missing``.
    """
    chain, texts = Chain(), _Texts(documents)
    for previous, document in pairwise([None, *documents]):
        assert document is not None
        left = amended(document, documents) or previous
        before = chain.after[left.key] if left else {}
        try:
            printed = texts.units(document)
        except SourceError as fault:
            on_fault(fault)
            chain.missing.append(document)
            chain.after[document.key] = before
            continue
        chain.after[document.key] = _compare(before, printed, document, chain)
    return chain


def _compare(
    before: Mapping[str, Standing], printed: Mapping[str, Unit], document: Document, chain: Chain
) -> dict[str, Standing]:
    """Return the provisions after a document, and record those that it changed."""
    after = {}
    for key in {**before, **printed}:
        old, unit = before.get(key), printed.get(key)
        if old is not None and _same(old.unit, unit):
            after[key] = old
            continue
        days = (document.published, old.published if old else None)
        after[key] = Standing(
            unit=unit,
            document=document,
            effective=max(document.effective, old.effective) if old else document.effective,
            published=max((day for day in days if day is not None), default=None),
        )
        chain.changes.setdefault(key, []).append(after[key])
    return after


def _same(old: Unit | None, new: Unit | None) -> bool:
    """Return whether a document left a provision unchanged; two doubted texts count as equal."""
    return old == new or (old is not None and new is not None and bool(old.doubt and new.doubt))


class _Texts:
    """The texts of a part, read on demand; ``rebuilt`` holds those made from a notice."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self.rebuilt: dict[Key, etree._Element] = {}

    def units(self, document: Document) -> dict[str, Unit]:
        printed = units(self._part(document), document.file)
        for doubt in document.distrust:
            for key in doubt.units:
                if doubt.use == "nothing" and key in printed:
                    printed[key] = replace(printed[key], doubt=f"{doubt.reason} ({doubt.by})")
        return printed

    def _part(self, document: Document) -> etree._Element:
        if document.text is None:
            return self._rebuild(document)
        part = _only(read_xml(document.text), "part", document.text)
        labels = [
            key for doubt in document.distrust if doubt.use == "notice" for key in doubt.units
        ]
        made = _labelled(self._rebuild(document)) if labels else {}
        for key, printed in _labelled(part).items():
            if key in labels and key in made:
                printed.getparent().replace(printed, deepcopy(made[key]))
        return part

    def _rebuild(self, document: Document) -> etree._Element:
        if document.key in self.rebuilt:
            return self.rebuilt[document.key]
        if document.notice is None:
            raise SourceError(Place(str(document.file)), "has no notice to rebuild its text from")
        left = amended(document, self._documents)
        if left is None:
            raise SourceError(Place(str(document.notice)), "does not say which text it amends")
        changeset = _only(read_xml(document.notice), "changeset", document.notice)
        part = apply_changes(self._part(left), changeset, document.notice)
        self.rebuilt[document.key] = part
        return part


def _labelled(part: etree._Element) -> dict[str, etree._Element]:
    return {key: element for element in part.iter() if (key := element.get("label"))}


def _only(root: etree._Element, tag: str, path: Path) -> etree._Element:
    found: etree._Element | None = root.find(EREGS + tag)
    if found is None:
        raise SourceError(Place(str(path), root.sourceline), f"has no <{tag}>")
    return found
