"""Outcomes of questions in the words of users: ``inforce eval answers``.

Each question of :mod:`eval.questions.asked` has one :class:`AnswerOutcome`. Shares come with 95 %
intervals from resampled provisions, per language and style: the questions about one provision are
drawn together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policy import Policy
from agent.request import AskRequest
from agent.trace import AbstentionReason, Answer, Trace
from corpus.errors import BadInputError
from corpus.model import Citation, Frozen
from corpus.questions import Posed, Question
from corpus.store import Store
from eval.metrics import Score
from eval.questions.asked import AskedQuestion
from eval.suites.means import share
from eval.suites.policy import Advance, Evaluation, answer_all
from rl.rewards import is_right
from rl.rewards.claims import statements
from rl.rewards.scored_trace import ScoredTrace
from rl.rewards.stated_answer import contradicts, denies, holds_figure

_ASKS_BACK = frozenset({AbstentionReason.NO_DATE, AbstentionReason.AMBIGUOUS})


class AnswerOutcome(StrEnum):
    """The outcome of a question."""

    RIGHT = "right"
    """A gold version is cited and the words that answer are quoted."""
    BESIDE = "beside the point"
    """The cited text was in force and does not answer the question."""
    WRONG = "wrong"
    """Law that was not in force is cited, or another version of the provision that answers, or a
    figure is stated that the law does not give; or a provision is quoted as the law although the
    right reply was to decline."""
    CLOSEST = "closest"
    """No answer, but provisions that come close, said to be unconfirmed."""
    ASKED_BACK = "asked back"
    """A day or another fact was asked for though the question could be answered."""
    DECLINED = "declined"
    """No answer, and no answer exists."""
    MISSED = "missed"
    """No answer and no closest provisions, although an answer exists."""


@dataclass(frozen=True)
class Judged:
    """A question with its outcome.

    ``offered`` are the versions of the closest provisions, ``probability`` is that of the best
    quotation, shipped or not, and ``best_answers`` tells whether that quotation does answer.
    """

    asked: AskedQuestion
    outcome: AnswerOutcome
    offered: tuple[str, ...] = ()
    probability: float | None = None
    best_answers: bool = False

    @property
    def offers_gold(self) -> bool:
        """Tell whether a version that answers is among what was offered."""
        return any(gold.version_id in self.offered for gold in self.asked.gold)


class AnswerScores(Frozen):
    """Shares of a group of questions; ``None`` where there is nothing to share.

    Attributes:
        questions: number of questions.
        outcomes: how many questions came to each outcome.
        right: share of the answerable questions that were answered right.
        answered: share of all questions that were answered.
        beside: share of the answers that are beside the point.
        wrong: share of the answers that are wrong.
        gold_offered: share of the closest provisions offered that hold a version that answers.
        declined: share of the questions without an answer that were declined.
    """

    questions: int
    outcomes: dict[AnswerOutcome, int]
    right: Score | None
    answered: Score | None
    beside: Score | None
    wrong: Score | None
    gold_offered: Score | None
    declined: Score | None


class AnswerReport(Frozen):
    """Scores of the questions of one half, for all of them and for each group.

    Attributes:
        policy: name of the policy.
        corpus_hash: digest of the corpus.
        void: runs with an infrastructure failure, which are left out.
        groups: the scores by the name of the group.
    """

    policy: str
    corpus_hash: str
    void: int
    groups: dict[str, AnswerScores]


def answer_all_asked(
    library: Library,
    policy: Policy,
    asked: Sequence[AskedQuestion],
    folder: Path | None = None,
    advance: Advance = lambda _: None,
) -> list[ScoredTrace]:
    """Return every question's trace, in order; each is put with what its asker fills in alone.

    Args:
        library: where the policy looks.
        policy: who decides.
        asked: the questions.
        folder: where the journal is kept, as in :func:`eval.suites.policy.answer_all`.
        advance: told how many questions are done.

    Raises:
        BadInputError: as :func:`eval.suites.policy.answer_all`; or the library does not hold a text
            that a gold answer was taken from.
    """
    by_id = {one.id: one for one in asked}
    questions = [one.questions(library.store)[0] for one in asked]

    def asking(question: Posed) -> AskRequest:
        return by_id[question.id].request()

    evaluation = Evaluation(library, policy, Sampling(), asking=asking)
    return answer_all(evaluation, questions, folder, advance)


def judge(
    asked: Sequence[AskedQuestion], records: Sequence[ScoredTrace], store: Store
) -> list[Judged]:
    """Return the outcome of each question whose run was not void, in order.

    Raises:
        BadInputError: the store does not hold a text that a gold answer was taken from.
    """
    pairs = zip(asked, records, strict=True)
    return [
        _judged(one, record.trace, one.questions(store))
        for one, record in pairs
        if record.trace is not None and record.void is None
    ]


def answer_report(judged: Sequence[Judged], records: Sequence[ScoredTrace]) -> AnswerReport:
    """Count what became of the questions, each of which has a record.

    Raises:
        BadInputError: every run is void.
    """
    first = next((one.trace for one in records if one.trace is not None), None)
    if not judged or first is None:
        raise BadInputError(f"None of {len(records)} questions was answered.")
    return AnswerReport(
        policy=first.policy,
        corpus_hash=first.corpus_hash,
        void=len(records) - len(judged),
        groups={name: answer_scores(group) for name, group in _groups(judged).items()},
    )


def answer_scores(judged: Sequence[Judged]) -> AnswerScores:
    """Return the shares of one group."""
    shipped = {AnswerOutcome.RIGHT, AnswerOutcome.BESIDE, AnswerOutcome.WRONG}
    answered = [one for one in judged if one.outcome in shipped]
    answerable = [one for one in judged if one.asked.decline is None]
    unanswerable = [one for one in judged if one.asked.decline is not None]
    offered = [one for one in answerable if one.outcome is AnswerOutcome.CLOSEST]
    counted = Counter(one.outcome for one in judged)
    return AnswerScores(
        questions=len(judged),
        outcomes={outcome: counted[outcome] for outcome in AnswerOutcome},
        right=_share(answerable, lambda one: one.outcome is AnswerOutcome.RIGHT),
        answered=_share(judged, lambda one: one.outcome in shipped),
        beside=_share(answered, lambda one: one.outcome is AnswerOutcome.BESIDE),
        wrong=_share(answered, lambda one: one.outcome is AnswerOutcome.WRONG),
        gold_offered=_share(offered, lambda one: one.offers_gold),
        declined=_share(unanswerable, lambda one: one.outcome is AnswerOutcome.DECLINED),
    )


def _judged(asked: AskedQuestion, trace: Trace, questions: Sequence[Question]) -> Judged:
    if trace.answer is not None:
        outcome = _of_answer(asked, trace, trace.answer, questions)
        return Judged(
            asked,
            outcome,
            probability=trace.probability,
            best_answers=outcome is AnswerOutcome.RIGHT,
        )
    return Judged(
        asked,
        _of_no_answer(asked, trace),
        offered=tuple(one.citation.version_id for one in trace.closest),
        probability=trace.probability,
        best_answers=any(
            _quotes(question, one.citation) for one in trace.closest[:1] for question in questions
        ),
    )


def _of_no_answer(asked: AskedQuestion, trace: Trace) -> AnswerOutcome:
    if asked.decline is not None:
        return AnswerOutcome.DECLINED
    if trace.abstention is not None and trace.abstention.reason in _ASKS_BACK:
        return AnswerOutcome.ASKED_BACK
    return AnswerOutcome.CLOSEST if trace.closest else AnswerOutcome.MISSED


def _quotes(question: Question, cited: Citation) -> bool:
    span = question.gold_span
    return span is not None and (
        cited.version_id == question.gold_version and holds_figure(cited.quote, span)
    )


def _of_answer(
    asked: AskedQuestion, trace: Trace, answer: Answer, questions: Sequence[Question]
) -> AnswerOutcome:
    cited, day = answer.citations, asked.as_at
    accepted = {gold.version_id for gold in asked.gold}
    about = {asked.about, *(gold.provision_id for gold in asked.gold)}
    current = [one.version_id for one in cited if day and day in one.valid]
    if day and len(current) < len(cited):
        return AnswerOutcome.WRONG
    if any(one.provision_id in about and one.version_id not in accepted for one in cited):
        return AnswerOutcome.WRONG
    if not accepted & set(current):
        return AnswerOutcome.BESIDE
    shipped = tuple(one for one in statements(trace) if one.stood)
    if any(is_right(question, shipped, None) for question in questions):
        return AnswerOutcome.RIGHT
    quotes = [one.quote for one in cited if one.version_id in accepted]
    if any(_misstates(statement.text, quotes, q) for statement in shipped for q in questions):
        return AnswerOutcome.WRONG
    return AnswerOutcome.BESIDE


def _misstates(text: str, quotes: Sequence[str], question: Question) -> bool:
    """Return whether a sentence denies the words that answer, or gives another figure."""
    span = question.gold_span
    if span is None or span.text not in " ".join(quotes):
        return False
    denied = denies(text, quotes, question.language)
    return denied or contradicts(text, quotes, question, span)


def _share(group: Iterable[Judged], holds: Callable[[Judged], bool]) -> Score | None:
    provisions: dict[str, list[float]] = defaultdict(list)
    for one in group:
        provisions[one.asked.provision_id or one.asked.id].append(float(holds(one)))
    return share(list(provisions.values()))


def _groups(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    groups: dict[str, list[Judged]] = {"all": list(judged)}
    for key in (_style, _language, _both):
        found: dict[str, list[Judged]] = defaultdict(list)
        for one in judged:
            found[key(one)].append(one)
        groups |= dict(sorted(found.items()))
    return groups


def _style(one: Judged) -> str:
    return one.asked.style


def _language(one: Judged) -> str:
    return one.asked.language


def _both(one: Judged) -> str:
    return f"{one.asked.language} {one.asked.style}"
