"""Dated questions as people ask them, with the versions that answer them.

Two files, written by hand before anything was measured on them (``README.md`` says how):
``demo.jsonl`` over the demonstration corpus, ``real.jsonl`` over real legislation. The text of real
legislation is not in the repository, so a gold answer is named by its version, a digest of the
version's text, and the place in it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import ValidationError, model_validator

from agent.request import AskRequest
from corpus.errors import BadInputError, Place
from corpus.model import Frozen, Version
from corpus.questions import Decline, Family, Question
from corpus.questions.question import Span
from corpus.store import Store
from corpus.validation import source_error

Corpus = Literal["demo", "real"]
Half = Literal[
    "development",
    "held_out",
    "held_out_2",
    "held_out_3",
    "held_out_4",
    "held_out_5",
    "held_out_6",
    "held_out_7",
]
CORPORA: tuple[Corpus, Corpus] = ("demo", "real")
HALVES: tuple[Half, ...] = get_args(Half)
"""What a question is for. Each held-out part was written when the one before had been looked at."""
LARGE = 12
"""Questions of one work from which it is divided by provision, not given to one half whole."""

_UNHELD = frozenset({Decline.NOT_FOUND, Decline.NO_DATE})


class Gold(Frozen):
    """A version that answers a question.

    ``start`` and ``end`` are the characters of its text that an answer must quote, ``says`` what
    stands there: for the demonstration corpus its words, for real legislation ours. ``text_digest``
    is :func:`text_digest` of the whole text, so that the place is known to be the one meant.
    """

    work_id: str
    provision_id: str
    label: str
    version_id: str
    text_digest: str
    start: int
    end: int
    says: str


class Filled(Frozen):
    """What the asker fills in beside the question; what is left out must follow from its words."""

    as_at: date | None = None
    jurisdiction: str | None = None
    extent: str | None = None


class AskedQuestion(Frozen):
    """A question in the words of a layperson or of a lawyer.

    ``as_at`` is the day whose law answers it; ``None`` where the right reply is to ask for it. Each
    of ``gold`` answers it alone. Where none does, ``decline`` says why and ``about`` names the
    provision that would, on another day.
    """

    id: str
    corpus: Corpus
    half: Half
    language: str
    style: Literal["lay", "statute"]
    kind: str
    text: str
    filled: Filled
    as_at: date | None = None
    gold: tuple[Gold, ...] = ()
    decline: Decline | None = None
    about: str | None = None

    @model_validator(mode="after")
    def _has_one_outcome(self) -> Self:
        if bool(self.gold) == (self.decline is not None):
            raise ValueError("exactly one of gold and decline must be set")
        if (self.as_at is None) != (self.decline is Decline.NO_DATE):
            raise ValueError("as_at is left out exactly where a day must be asked for")
        if (self.about is None) != (self.decline in (None, Decline.NOT_FOUND)):
            raise ValueError("about is set exactly where a provision answers on another day")
        return self

    @property
    def work_id(self) -> str | None:
        """The work asked about; ``None`` where the corpus holds nothing on the matter."""
        if self.gold:
            return self.gold[0].work_id
        return None if self.about is None else self.about.partition("#")[0]

    @property
    def provision_id(self) -> str | None:
        """The provision asked about, or ``None``."""
        return self.gold[0].provision_id if self.gold else self.about

    def request(self) -> AskRequest:
        """Return the question with what the asker fills in, and nothing else."""
        given = self.filled.jurisdiction
        return AskRequest(
            question=self.text,
            as_at=self.filled.as_at,
            extent=self.filled.extent,
            jurisdictions=(given,) if given else (),
        )

    def questions(self, store: Store) -> tuple[Question, ...]:
        """Return the question as training and evaluation know it, once for each gold version.

        Raises:
            BadInputError: the store does not hold the text that a gold answer was taken from.
        """
        if self.decline is not None:
            return (self._question(decline=self.decline, why=self.kind, provision_id=self.about),)
        return tuple(self._answered(gold, _held(store, self.id, gold)) for gold in self.gold)

    def _answered(self, gold: Gold, version: Version) -> Question:
        words = version.text[gold.start : gold.end]
        return self._question(
            provision_id=gold.provision_id,
            label=gold.label,
            gold_version=gold.version_id,
            gold_span=Span(start=gold.start, end=gold.end, text=words, lead="", tail=""),
        )

    def _question(self, **outcome: object) -> Question:
        return Question.model_validate(
            {
                "id": self.id,
                "family": Family.WRITTEN,
                "language": self.language,
                "text": self.text,
                "as_at": self.as_at,
                "extent": self.filled.extent,
                "jurisdiction": self.work_id.partition("/")[0] if self.work_id else None,
                "work_id": self.work_id,
                "split": "selection" if self.half == "development" else "test",
                **outcome,
            }
        )


def read_asked(corpus: Corpus, half: Half | None = None) -> list[AskedQuestion]:
    """Return the questions over a corpus, of one half or of all, in the order of the file.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: a line is not a question; names line and field.
    """
    path = Path(__file__).with_name(f"{corpus}.jsonl")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as fault:
        raise BadInputError(f"Cannot read questions from {path}: {fault.strerror}.") from fault
    asked = [_read(line, path, number) for number, line in enumerate(lines, 1)]
    return [one for one in asked if half in (None, one.half)]


def problems(asked: Iterable[AskedQuestion], store: Store) -> Iterator[str]:
    """Yield a sentence for each gold answer or reason to decline that does not hold in a store."""
    for one in asked:
        for gold in one.gold:
            yield from _gold_problems(one, gold, store)
        if one.decline is not None and one.decline not in _UNHELD and one.as_at and one.about:
            found = store.resolve(one.about, one.as_at, extent=one.filled.extent)
            status = "in force" if isinstance(found, Version) else getattr(found, "status", None)
            if status != one.decline.value and one.kind != "not_applicable":
                yield f"{one.id}: {one.about} is {status} on {one.as_at}, not {one.decline.value}."


def divide(asked: Sequence[AskedQuestion]) -> dict[str, Half]:
    """Return the half of each question, by its id; later held-out parts are not divided.

    Questions about one work go to one half; a work of :data:`LARGE` or more is divided by
    provision. In the order of a hash of its name, each group goes to the half that then differs
    less from the other in the number of questions of each language and style.
    """
    sizes = Counter(one.work_id for one in asked)
    groups: dict[str, list[AskedQuestion]] = defaultdict(list)
    for one in asked:
        whole = one.work_id if sizes[one.work_id] < LARGE else one.provision_id
        groups[whole or one.id].append(one)
    ahead: Counter[tuple[str, str]] = Counter()
    halves: dict[str, Half] = {}
    for name in sorted(groups, key=_hashed):
        strata = Counter[tuple[str, str]]((one.language, one.style) for one in groups[name])
        sign = 1 if _difference(ahead, strata, 1) <= _difference(ahead, strata, -1) else -1
        ahead.update({stratum: sign * count for stratum, count in strata.items()})
        halves |= {one.id: HALVES[0] if sign == 1 else HALVES[1] for one in groups[name]}
    return halves


def text_digest(text: str) -> str:
    """Return 16 hexadecimal digits that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _difference(
    ahead: Counter[tuple[str, str]], strata: Counter[tuple[str, str]], sign: int
) -> int:
    total = sum(ahead.values()) + sign * sum(strata.values())
    return total**2 + sum((ahead[key] + sign * count) ** 2 for key, count in strata.items())


def _hashed(name: str) -> str:
    return text_digest(f"halves\n{name}")


def _held(store: Store, asked: str, gold: Gold) -> Version:
    version = store.version(gold.version_id)
    if version is None or text_digest(version.text) != gold.text_digest:
        raise BadInputError(f"{asked}: the store does not hold {gold.version_id} as it was read.")
    return version


def _gold_problems(one: AskedQuestion, gold: Gold, store: Store) -> Iterator[str]:
    day = one.as_at
    found = store.resolve(gold.provision_id, day, extent=one.filled.extent) if day else None
    if not isinstance(found, Version) or found.id != gold.version_id:
        yield f"{one.id}: {gold.version_id} is not the one text in force on {day}."
    elif text_digest(found.text) != gold.text_digest:
        yield f"{one.id}: the text of {gold.version_id} is not the one that was read."
    elif not found.text[gold.start : gold.end].strip():
        yield f"{one.id}: nothing stands at {gold.start} to {gold.end} of {gold.version_id}."


def _read(line: str, path: Path, number: int) -> AskedQuestion:
    try:
        return AskedQuestion.model_validate_json(line)
    except ValidationError as fault:
        raise source_error(Place(str(path), number), fault, "a question") from fault
