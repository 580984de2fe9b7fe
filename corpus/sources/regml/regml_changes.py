"""Apply a RegML notice: the next text of a part from the previous one and a changeset.

A changeset names elements by their ``label`` and adds, modifies, moves or deletes them. Labels are
hierarchical (``1005-33-a-1`` is in ``1005-33-a``), which determines the place of an addition if the
change does not say it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from copy import deepcopy
from pathlib import Path

from lxml import etree

from corpus.errors import Place, SourceError
from corpus.sources.xml.xml_reading import local

EREGS = "{eregs}"
_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_ROMAN = re.compile(r"[ivxlc]+")


def apply_changes(part: etree._Element, changeset: etree._Element, path: Path) -> etree._Element:
    """Return a copy of a ``part`` with the changes of a notice applied in order.

    Raises:
        SourceError: a change names an element that the text does not have, or is of an unknown
            kind.
    """
    changes = list(changeset.iterchildren(f"{EREGS}change"))
    modified = {c.get("label") or "" for c in changes if c.get("operation") == "modified"}
    amended = _Text(deepcopy(part), modified)
    for change in changes:
        try:
            amended.make(change)
        except KeyError as missing:
            place = Place(str(path), change.sourceline, "change")
            raise SourceError(place, f"needs {missing.args[0]}, which the text lacks") from None
        except ValueError as error:
            raise SourceError(Place(str(path), change.sourceline, "change"), str(error)) from None
    return amended.part


class _Text:
    """The text of a part during amendment, with its elements by label.

    ``modified`` holds the labels that the changeset modifies.
    """

    def __init__(self, part: etree._Element, modified: Set[str]) -> None:
        self.part = part
        self._modified = modified
        self._replaced: list[str] = []
        self._by_label: dict[str, etree._Element] = {}
        self._index([part])

    def make(self, change: etree._Element) -> None:
        """Apply one change; ``KeyError`` for a missing element, ``ValueError`` otherwise."""
        operation, label = change.get("operation"), change.get("label") or ""
        new = [deepcopy(child) for child in change]
        if operation == "deleted":
            self._delete(label)
        elif operation == "moved":
            self._insert(label, [self._by_label[label]], change)
        elif operation not in ("added", "modified"):
            raise ValueError(f"'{operation}' is no kind of change")
        elif len(new) > 1 and all((e.get("label") or "").startswith(f"{label}-") for e in new):
            for element in new:
                self._put(element.get("label") or "", [element], change)
        else:
            self._put(label, new, change)

    def _put(self, label: str, new: Sequence[etree._Element], change: etree._Element) -> None:
        """Replace the element with this label, or insert at the label's place if there is none."""
        old = self._by_label.get(label)
        subpath = change.get("subpath")
        if subpath:
            old = self._by_label[label].find(EREGS + subpath)
            if old is None:
                raise KeyError(f"<{subpath}> of {label}")
        if old is None:
            self._insert(label, new, change)
        else:
            for element in new:
                old.addprevious(element)
            self._keep_below(label, old, new)
            self._drop(old)
            self._replaced.append(label)
        self._index(new)
        if new and not subpath:
            self._by_label[label] = new[0]

    def _insert(
        self, label: str, elements: Sequence[etree._Element], change: etree._Element
    ) -> None:
        after, before = change.get("after"), change.get("before")
        if after in self._by_label:
            for element in reversed(elements):
                self._by_label[after].addnext(element)
        elif before in self._by_label:
            for element in elements:
                self._by_label[before].addprevious(element)
        else:
            _arrange(self._within(change.get("parent"), label), label, elements)

    def _within(self, named: str | None, label: str) -> etree._Element:
        """Return the element that a new one is appended to."""
        candidates = [named] if named is not None else _ancestors(label)
        parent = next((self._by_label[c] for c in candidates if c in self._by_label), None)
        if parent is None:
            raise KeyError(named or f"a parent of {label}")
        if local(parent) not in ("part", "subpart"):
            return parent
        content = parent.find(f"{EREGS}content")
        return parent if content is None else content

    def _keep_below(self, label: str, old: etree._Element, new: Sequence[etree._Element]) -> None:
        """Move the children of a replaced paragraph to its successor if only its opening changed.

        That is the case if the notice gives the paragraph without subparagraphs and modifies one of
        these in another change.
        """
        below = [child for child in old if child.get("label")]
        bare = len(new) == 1 and not any(child.get("label") for child in new[0])
        if bare and any(m.startswith(f"{label}-") and m in self._by_label for m in self._modified):
            new[0].extend(below)

    def _delete(self, label: str) -> None:
        """Remove the element with this label; it may be gone with a paragraph replaced before."""
        if label in self._by_label:
            self._drop(self._by_label[label])
        elif not any(label.startswith(f"{gone}-") for gone in self._replaced):
            raise KeyError(label)

    def _drop(self, element: etree._Element) -> None:
        """Remove an element, and the index entries of labels in it."""
        for gone in element.iter():
            label = gone.get("label")
            if label is not None and self._by_label.get(label) is gone:
                del self._by_label[label]
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)

    def _index(self, elements: Sequence[etree._Element]) -> None:
        for element in elements:
            self._by_label |= {e.get("label"): e for e in element.iter() if e.get("label")}


def _arrange(parent: etree._Element, label: str, elements: Sequence[etree._Element]) -> None:
    """Insert elements among the children of ``parent`` by label order, else at the end."""
    order = label_order(label)
    place = len(parent)
    for index, sibling in enumerate(parent):
        if (other := sibling.get("label")) is not None:
            if label_order(other) < order:
                place = index + 1
            elif place == len(parent):
                place = index
    for offset, element in enumerate(elements):
        parent.insert(place + offset, element)


def _ancestors(label: str) -> Iterator[str]:
    """Yield the enclosing labels: of ``9-b-Interp-2``, ``9-b-Interp`` and ``9-Interp``."""
    body, mark, tail = label.partition("-Interp")
    while tail:
        tail = tail.rpartition("-")[0]
        yield body + mark + tail
    while "-" in body:
        body = body.rpartition("-")[0]
        yield body + mark


def label_order(label: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts labels as printed: ``9`` before ``10``, ``iv`` before ``v``."""
    body, mark, tail = label.partition("-Interp")
    part, *levels = body.split("-")
    key = _natural(part)
    for depth, token in enumerate(levels):
        key += _level(token, roman=depth in (3, 6))  # 33-a-1-i-A-1-i
    if mark:
        key.append((-1, 0, ""))  # a paragraph's own comments come before those on its parts
    for depth, token in enumerate(tail.split("-")[1:]):
        key += _level(token, roman=depth == 1)  # 1-i-A
    return tuple(key)


def _level(token: str, *, roman: bool) -> list[tuple[int, int, str]]:
    if not roman or not _ROMAN.fullmatch(token):
        return _natural(token)
    values = [_VALUES[numeral] for numeral in token]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return [(0, sum(-one if one < following else one for one, following in pairs), "")]


def _natural(token: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|\D+", token)
    return [(0, int(part), "") if part.isdecimal() else (1, len(part), part) for part in parts]
