"""A question with a known answer, and files of questions. Data only; scoring is in ``rl``."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import ValidationError, model_validator

from corpus.errors import BadInputError, Place
from corpus.model import Frozen, Work
from corpus.questions.figure_changes import between
from corpus.validation import source_error


class Family(StrEnum):
    """What a question tests."""

    VALUE_AT_DATE = "value_at_date"
    TEXT_AT_DATE = "text_at_date"
    WHICH_VERSION = "which_version"
    PAIRED_DATES = "paired_dates"
    UNAMENDED_CONTROL = "unamended_control"
    FIRST_LAST_DAY = "first_last_day"
    NOT_YET_IN_FORCE = "not_yet_in_force"
    REPEALED = "repealed"
    MISSING = "missing"
    WRITTEN = "written"
    """Written and answered by hand."""
    CASE_FACTS = "case_facts"
    DISTRACTOR = "distractor"
    TWO_HOP = "two_hop"
    COMMENCED_BY_REFERENCE = "commenced_by_reference"


HARDER_FAMILIES = (
    Family.CASE_FACTS,
    Family.DISTRACTOR,
    Family.TWO_HOP,
    Family.COMMENCED_BY_REFERENCE,
)
"""Families that take more than reading one cited provision on one named day. They are made only
where they are named."""

MADE_FAMILIES = tuple(
    family for family in Family if family not in (Family.WRITTEN, *HARDER_FAMILIES)
)
"""The families that are made from version histories by default."""


def families_named(names: Iterable[str]) -> tuple[Family, ...]:
    """Return the families of these names.

    Raises:
        BadInputError: there is no such family.
    """
    try:
        return tuple(Family(name) for name in names)
    except ValueError:
        raise BadInputError(f"--family is one of {', '.join(Family)}.") from None


class Decline(StrEnum):
    """Why a question should be declined; the values are those of an agent's abstention."""

    NO_DATE = "no_date"
    NOT_YET_IN_FORCE = "not_yet_in_force"
    REPEALED = "repealed"
    COVERAGE_GAP = "coverage_gap"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"


Split = Literal["train", "selection", "test"]


class Span(Frozen):
    """Position of the answer in the gold version: characters ``[start, end)`` and their text.

    For a figure or phrase, ``lead`` and ``tail`` are the words around it, which the question
    quotes; both are empty if it quotes none. ``lead`` is ``None`` if the whole text is asked for.
    """

    start: int
    end: int
    text: str
    lead: str | None = None
    tail: str = ""

    def read(self, text: str) -> str | None:
        """Return the text of another version at this place, ``None`` if the place is gone."""
        if self.lead is None:
            return text
        if not self.lead and not self.tail:
            return self.text if self.text in text else None
        return between(text, self.lead, self.tail)


class Posed(Frozen):
    """A question as it is put, without its answer: what a policy and a chooser of labels may see.

    ``as_at`` is the date in the question, ``None`` if there is none. ``known_at`` asks for the
    state of knowledge of a date, ``extent`` for the law of a territory. If ``day_stated`` is false,
    the words give days of a case instead, from which the rules find ``as_at``; the question is then
    asked without it.
    """

    id: str
    language: str
    text: str
    as_at: date | None = None
    known_at: date | None = None
    extent: str | None = None
    jurisdiction: str | None = None
    day_stated: bool = True

    @classmethod
    def of(cls, question: Posed) -> Posed:
        """Leave the answer out of a question, if it has one."""
        return Posed(**{name: getattr(question, name) for name in Posed.model_fields})

    def with_answer(self) -> Question:
        """Return this as a question with its gold answer.

        Raises:
            ValueError: it is only posed: its answer is unknown here.
        """
        raise ValueError(f"question {self.id} is posed without its answer")


class Question(Posed):
    """A question about one provision on one date, with its gold answer or the reason to decline.

    The answer is
    ``gold_version`` and, if words are asked for, ``gold_span``. ``why`` explains the answer, or why
    there is none. Questions of one ``pair`` differ only in their date (and in the number, if the
    provision was renumbered between the two dates). ``provision_id`` is ``None`` if no provision of
    the corpus answers the question.
    """

    family: Family
    work_id: str | None = None
    provision_id: str | None = None
    label: str | None = None
    gold_version: str | None = None
    gold_span: Span | None = None
    decline: Decline | None = None
    why: str | None = None
    pair: str | None = None
    split: Split

    @model_validator(mode="after")
    def _has_one_outcome(self) -> Self:
        if (self.gold_version is None) == (self.decline is None):
            raise ValueError("exactly one of gold_version and decline must be set")
        if self.decline is not None and self.why is None:
            raise ValueError("a question to be declined says why")
        about = (self.as_at, self.jurisdiction, self.work_id, self.provision_id, self.label)
        if self.gold_version is not None and None in about:
            raise ValueError("an answerable question names its day and its provision")
        return self

    def with_answer(self) -> Question:
        """Return the question itself."""
        return self


class Tally(Frozen):
    """Number of questions by attribute; ``works`` counts distinct works.

    Attributes:
        total: number of questions.
        works: number of distinct works.
        by_family: number of questions by family.
        by_language: number of questions by language.
        by_jurisdiction: number of questions by jurisdiction.
        by_split: number of questions by split.
        by_decline: number of questions by reason to decline.
    """

    total: int
    works: int
    by_family: dict[str, int]
    by_language: dict[str, int]
    by_jurisdiction: dict[str, int]
    by_split: dict[str, int]
    by_decline: dict[str, int]


def split_of(work: Work) -> Split:
    """Return the split of a work: 70 % train, 10 % selection, 20 % test, by stable hash.

    The hash covers jurisdiction and title, so that one act from two sources is in one split.
    """
    name = f"{work.jurisdiction}\n{' '.join(work.title.casefold().split())}"
    share = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) / 2**64
    return "train" if share < 0.7 else "selection" if share < 0.8 else "test"


def write_questions(questions: Iterable[Posed], path: Path) -> int:
    """Write questions as JSON lines, replacing the file atomically; return their number.

    Raises:
        BadInputError: the file cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    count = 0
    try:
        with part.open("w", encoding="utf-8") as file:
            for question in questions:
                file.write(question.model_dump_json(exclude_defaults=True) + "\n")
                count += 1
        part.replace(path)
    except OSError as fault:
        raise BadInputError(f"Cannot write questions to {path}: {fault.strerror}.") from fault
    finally:
        part.unlink(missing_ok=True)
    return count


def read_questions(path: Path) -> Iterator[Question]:
    """Yield the questions of a file, one JSON object per line.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: a line is not a question; names line and field.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield _question(line, str(path), number)
    except (OSError, UnicodeDecodeError) as fault:
        raise BadInputError(f"Cannot read questions from {path}: {fault}.") from fault


def tally(questions: Iterable[Question]) -> Tally:
    """Return the number of questions by family, language, jurisdiction, split and reason."""
    counts = [Counter[str]() for _ in range(5)]
    works = set()
    for question in questions:
        works |= {question.work_id} - {None}
        place = question.jurisdiction or "none"
        keys = (question.family, question.language, place, question.split)
        for counter, key in zip(counts, (*keys, question.decline or "answered"), strict=True):
            counter[str(key)] += 1
    family, language, jurisdiction, split, decline = (dict(sorted(c.items())) for c in counts)
    return Tally(
        total=sum(family.values()),
        works=len(works),
        by_family=family,
        by_language=language,
        by_jurisdiction=jurisdiction,
        by_split=split,
        by_decline=decline,
    )


def _question(line: str, file: str, number: int) -> Question:
    try:
        return Question.model_validate_json(line)
    except ValidationError as fault:
        raise source_error(Place(file, number), fault, "a question") from fault
