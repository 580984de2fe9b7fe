"""Trivial policies, as a floor for every table: abstain always, the newest text, the first hit.

They call no model. What they get right shows how much of a score the questions give away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from agent.library import Library
from corpus.model import Frozen
from corpus.questions import Decline, Question
from eval.baselines import Reply, is_right_reply, newest_text, quoting
from eval.metrics import Score
from eval.suites.means import by_work, share
from retrieval.query import StatuteQuery

Trivial = Callable[[Library, Question], Reply]


class TrivialScores(Frozen):
    """Scores of one trivial policy; ``None`` where there was nothing to score.

    Attributes:
        right: share of all questions answered right. A question to be declined counts as wrong,
            since the policy does not look for the reason.
        right_when_answerable: share of the answerable questions answered right.
        reason_guessed: share of the questions to be declined whose reason the policy names, without
            having looked.
    """

    right: Score | None
    right_when_answerable: Score | None
    reason_guessed: Score | None


def always(reason: Decline) -> Trivial:
    """Return the policy that abstains from every question for one reason."""
    return lambda _library, _question: Reply(decline=reason)


def newest(library: Library, question: Question) -> Reply:
    """Answer with the newest text of the provision that the question cites, whatever the date."""
    return newest_text(library.store, question)


def first_hit(library: Library, question: Question) -> Reply:
    """Answer with the first provision that a search for the question finds on its date."""
    if question.as_at is None:
        return Reply(decline=Decline.NO_DATE)
    query = StatuteQuery(
        text=question.text, as_at=question.as_at, known_at=question.known_at, limit=1
    )
    found = library.index.search(query)
    version = library.store.version(found[0].version_id, question.known_at) if found else None
    return quoting(version, question) if version else Reply(decline=Decline.NOT_FOUND)


def trivial_policies(questions: Iterable[Question]) -> dict[str, Trivial]:
    """Return the trivial policies by name, with one that abstains for each reason asked about."""
    reasons = sorted({q.decline for q in questions if q.decline is not None})
    blind = {f"always {reason}": always(reason) for reason in reasons}
    return {**blind, "newest text": newest, "first hit": first_hit}


def trivial_scores(library: Library, questions: Sequence[Question]) -> dict[str, TrivialScores]:
    """Return the scores of every trivial policy on questions, by name, with works resampled."""
    return {
        name: _scores(library, questions, policy)
        for name, policy in trivial_policies(questions).items()
    }


def _scores(library: Library, questions: Sequence[Question], policy: Trivial) -> TrivialScores:
    correct = [(q, is_right_reply(q, policy(library, q))) for q in questions]
    answerable = [(q, good) for q, good in correct if q.decline is None]
    due = [(q, good) for q, good in correct if q.decline is not None]
    return TrivialScores(
        right=_share([(q, good and q.decline is None) for q, good in correct]),
        right_when_answerable=_share(answerable),
        reason_guessed=_share(due),
    )


def _share(judged: Iterable[tuple[Question, bool]]) -> Score | None:
    return share(by_work((question, [float(good)]) for question, good in judged))
