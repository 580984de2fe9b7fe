"""What an annotator is shown, what they decide, and the label that follows. Data alone.

What would bias a decision (how many rollouts gave an answer, who chose the item, any score) is in
:class:`Origin`, apart from :class:`Shown`, and is given out only after the decision.
"""

from __future__ import annotations

import hashlib
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from agent.trace import AbstentionReason
from corpus.model import Frozen
from corpus.questions import Decline

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Names of the candidates of an item, in the order shown."""


class Cited(Frozen):
    """A version that a candidate cites, and the words it quotes from it."""

    version_id: str
    quote: str


class Candidate(Frozen):
    """One distinct answer of the rollouts: text with citations, or an abstention and its reason."""

    letter: str = Field(pattern="^[A-Z]$")
    text: str
    citations: tuple[Cited, ...] = ()
    abstains: AbstentionReason | None = None


class Shown(Frozen):
    """All that an annotator sees of an item before deciding.

    ``ground`` says why ``as_at`` governs. ``candidates`` stand in an order drawn from the item's
    id, so that it tells nothing of their frequency.
    """

    question: str
    as_at: date | None
    ground: str = ""
    language: str = ""
    jurisdiction: str | None = None
    candidates: tuple[Candidate, ...] = ()

    @model_validator(mode="after")
    def _letters_are_in_order(self) -> Shown:
        found = "".join(candidate.letter for candidate in self.candidates)
        if found != LETTERS[: len(found)]:
            raise ValueError("candidates are named A, B, C, ... in the order shown")
        return self


class Origin(Frozen):
    """Where an item comes from; shown after the decision alone.

    ``traces`` are the ids of the rollouts behind each candidate, by letter. ``chooser`` names the
    policy that chose the question and ``score`` the number it chose by.
    """

    run: str
    round: int = Field(ge=0)
    question_id: str
    traces: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    chooser: str
    score: float | None = None


class ChosenCandidate(Frozen):
    """The candidate of that letter is right."""

    kind: Literal["candidate"] = "candidate"
    letter: str = Field(pattern="^[A-Z]$")


class ChosenVersion(Frozen):
    """No candidate is right; the answer is characters ``[start, end)`` of a version.

    Offsets count Unicode code points. ``quote`` is the text between them; both are stored, and
    compared when the decision is saved.
    """

    kind: Literal["version"] = "version"
    version_id: str
    quote: str = Field(min_length=1)
    start: int = Field(ge=0)
    end: int = Field(ge=1)


class ChosenDecline(Frozen):
    """The right answer is to abstain, for that reason."""

    kind: Literal["decline"] = "decline"
    reason: Decline


class Unsure(Frozen):
    """The annotator cannot tell: the law is unclear to them."""

    kind: Literal["unsure"] = "unsure"


class Faulty(Frozen):
    """The question cannot be answered as it is put."""

    kind: Literal["faulty"] = "faulty"


class Skipped(Frozen):
    """Passed over, with a reason; the item goes to somebody else."""

    kind: Literal["skipped"] = "skipped"
    reason: str = Field(min_length=1, max_length=500)


Choice = Annotated[
    ChosenCandidate | ChosenVersion | ChosenDecline | Unsure | Faulty | Skipped,
    Field(discriminator="kind"),
]


class Confidence(StrEnum):
    """How sure the annotator is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Decision(Frozen):
    """What one person decided of one item.

    ``seconds`` is the time that the item was open before them.
    """

    choice: Choice
    confidence: Confidence = Confidence.MEDIUM
    note: str = Field(default="", max_length=4000)
    flagged: bool = False
    seconds: float = Field(default=0.0, ge=0.0)

    @property
    def key(self) -> str:
        """What two decisions must share to agree; the marked span is not compared."""
        match self.choice:
            case ChosenCandidate(letter=letter):
                return f"candidate {letter}"
            case ChosenVersion(version_id=version):
                return f"version {version}"
            case ChosenDecline(reason=reason):
                return f"decline {reason.value}"
            case _:
                return self.choice.kind


class Role(StrEnum):
    """What a person may do in a project."""

    ANNOTATOR = "annotator"
    ADJUDICATOR = "adjudicator"
    OWNER = "owner"


class Project(Frozen):
    """Settings of a labelling project.

    Attributes:
        name: unique; letters, digits, ``-``, ``_`` and ``.``.
        corpus_hash: the corpus whose texts the items show.
        run: the training run that the items come from.
        overlap: people who decide each item of the overlapping share.
        overlap_share: share of the items that ``overlap`` people decide; one person the others.
        lease_seconds: how long an item is kept for a person who does nothing.
        budget: labels that may be asked for; ``None`` without a limit.
    """

    name: str = Field(pattern=r"^[\w.-]{1,80}$")
    corpus_hash: str
    run: str
    overlap: int = Field(default=2, ge=1)
    overlap_share: float = Field(default=0.2, ge=0.0, le=1.0)
    lease_seconds: float = Field(default=900.0, gt=0.0)
    budget: int | None = Field(default=None, ge=1)

    def wanted(self, item_id: str) -> int:
        """Return how many people decide an item: a share of all, drawn by a hash of its id."""
        if self.overlap == 1:
            return 1
        drawn = hashlib.blake2b(f"{self.name}\n{item_id}".encode(), digest_size=8).digest()
        share = int.from_bytes(drawn) / 2**64
        return self.overlap if share < self.overlap_share else 1


class Item(Frozen):
    """One question to be labelled.

    ``gold`` is the known decision of an item that is mixed in to measure annotators; everybody gets
    it, nobody is told, and it is no label.
    """

    id: str
    shown: Shown
    origin: Origin
    gold: Choice | None = None

    @model_validator(mode="after")
    def _origin_names_the_candidates(self) -> Item:
        letters = {candidate.letter for candidate in self.shown.candidates}
        if unknown := set(self.origin.traces) - letters:
            raise ValueError(f"origin.traces names candidates not shown: {sorted(unknown)}")
        return self


class LabelStatus(StrEnum):
    """How far the labelling of an item is."""

    UNSEEN = "unseen"
    OPEN = "open"
    DISAGREED = "disagreed"
    AGREED = "agreed"
    ADJUDICATED = "adjudicated"


class Label(Frozen):
    """The label of an item, or how far it is.

    ``choice`` is set when ``status`` is ``agreed`` or ``adjudicated``. ``people`` are the
    pseudonyms of those who decided it so. ``guidelines`` is the newest version that one of them had
    before them. ``kinds`` are the kinds of the decisions that stand, skips included, in the order
    of the log: they tell a skipped item from one that nobody has seen, and an annotator who
    is unsure from two who differ.
    """

    project: str
    item: str
    question_id: str
    status: LabelStatus
    kinds: tuple[str, ...] = ()
    choice: Choice | None = None
    people: tuple[str, ...] = ()
    guidelines: int | None = None
    corpus_hash: str
    traces: dict[str, tuple[str, ...]] = Field(default_factory=dict)
