"""Citations of 13 systems with their right readings, and how a reading is judged."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from corpus.model import Frozen, Work
from corpus.provision_numbers import label_key
from retrieval.citations.resolution import ParsedCitation, find_citations
from retrieval.citations.whole import read_whole

_HERE = Path(__file__).parent
_NO_WORDS = frozenset("款项項目")

Verdict = Literal["right", "wrong", "declined"]


class Cite(Frozen):
    """One provision that a string cites: ``through`` ends a range, ``ff`` leaves it open."""

    work: str
    label: str
    parts: tuple[str, ...] = ()
    through: str | None = None

    @property
    def key(self) -> str:
        """The comparison key of label and parts."""
        return label_key(self.label) + "".join(_part_key(part) for part in self.parts).lower()


class Case(Frozen):
    """A string and its right reading; ``unread`` is what a declined reading must name."""

    system: str
    text: str
    reading: Literal["cited", "no such work", "declined"]
    unread: str | None = None
    cites: tuple[Cite, ...] = Field(default=())


def cases() -> list[Case]:
    """Return the strings of ``citations_200.jsonl``."""
    lines = (_HERE / "citations_200.jsonl").read_text(encoding="utf-8").splitlines()
    return [Case.model_validate_json(line) for line in lines]


def case_works() -> list[Work]:
    """Return the works that the strings cite: names only, no texts."""
    lines = (_HERE / "citations_works.jsonl").read_text(encoding="utf-8").splitlines()
    return [_work(json.loads(line)) for line in lines]


def judge(case: Case, works: Sequence[Work]) -> Verdict:
    """Judge the reading of a string: wrong is any answer that is not the right one."""
    found = find_citations(case.text, works)
    answered = [cited for cited in found if cited.unread is None]
    if case.reading == "cited":
        if not answered:
            return "declined"
        same = len(found) == len(answered) == len(case.cites) and all(
            _is_reading(*pair) for pair in zip(answered, case.cites, strict=True)
        )
        return "right" if same else "wrong"
    if answered:
        return "wrong"
    if case.reading == "no such work":
        return "right"
    unread = found[0].unread if found else read_whole(case.text, works, lambda *_: False).unread
    return "right" if unread == (case.unread or "").strip(" ,") else "declined"


def _is_reading(cited: ParsedCitation, right: Cite) -> bool:
    through = label_key(cited.through) if cited.through else None
    keys = {cited.label_key, *(cited.label_keys if not right.parts else ())}
    return (
        cited.work_ids == (right.work,)
        and right.key in keys
        and through == (label_key(right.through) if right.through else None)
    )


def _part_key(part: str) -> str:
    word, _, number = part.partition(" ")
    if word in _NO_WORDS:
        return f"第{number}{word}"
    return (
        re.sub(r"^\.(?=\D)", "", word) + label_key(number)
        if number
        else part.lstrip("." if not part[1:2].isdigit() else "")
    )


def _work(row: dict[str, object]) -> Work:
    place = str(row["id"]).split("/", maxsplit=1)[0]
    return Work.model_validate(
        {**row, "jurisdiction": place, "kind": "act", "source": "https://example.org"}
    )
