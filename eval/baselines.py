"""Baselines without a model: the oracle (upper bound) and the newest text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

from corpus.model import Frozen, ProvisionHistory, Version
from corpus.questions import Decline, Question
from corpus.store import Store
from eval.metrics import Score, bootstrap, wilson
from rl.rewards import Claim, Statement, is_right


class Reply(Frozen):
    """A baseline's reply: a version with its text, or a reason to decline."""

    version_id: str | None = None
    text: str | None = None
    decline: str | None = None


Baseline = Callable[[Store, Question], Reply]


def oracle(store: Store, question: Question) -> Reply:
    """Answer with the version in force on the question's date: the upper bound."""
    if question.as_at is None:
        return Reply(decline=Decline.NO_DATE)
    if question.provision_id is None:
        return Reply(decline=Decline.NOT_FOUND)
    found = store.resolve(question.provision_id, question.as_at, question.known_at)
    if isinstance(found, Version):
        return quoting(found, question)
    return Reply(decline=found.status if found is not None else "not_found")


def newest_text(store: Store, question: Question) -> Reply:
    """Answer with the newest version of the provision, whatever the date: search without dates."""
    history = store.history(question.provision_id) if question.provision_id else None
    newest = _newest(history) if history else None
    return quoting(newest, question) if newest else Reply(decline="not_found")


def is_right_reply(question: Question, reply: Reply) -> bool:
    """Return whether a reply is right, by :func:`rl.rewards.is_right`, as for an agent."""
    said: tuple[Statement, ...] = ()
    if reply.version_id is not None:
        words = reply.text or ""
        claim = Claim(version_id=reply.version_id, quote=words, passed=frozenset())
        said = (Statement(text=words, stood=True, claims=(claim,)),)
    return is_right(question, said, reply.decline)


def score_by_family(
    store: Store, questions: Iterable[Question], baseline: Baseline
) -> dict[str, Score]:
    """Return the share of right replies per family, and over ``all``, with works resampled.

    A pair counts as one item, right only if both replies are right.

    Raises:
        ValueError: there are no questions.
    """
    units: dict[str, bool] = {}
    placed: dict[str, tuple[str, str]] = {}
    for question in questions:
        unit = question.pair or question.id
        units[unit] = units.get(unit, True) and is_right_reply(question, baseline(store, question))
        placed[unit] = (question.family, question.work_id or question.id)
    families, works = defaultdict(list), defaultdict(list)
    for unit, right in units.items():
        family, work = placed[unit]
        families[family].append(right)
        works[work].append(float(right))
    scores = {name: wilson(sum(rights), len(rights)) for name, rights in sorted(families.items())}
    return {**scores, "all": bootstrap(list(works.values()), seed=0)}


def quoting(version: Version, question: Question) -> Reply:
    """Return the reply that cites a version, with its words at the place asked about."""
    span = question.gold_span
    words = span.read(version.text) if span else version.text
    return Reply(version_id=version.id, text=words)


def _newest(history: ProvisionHistory) -> Version | None:
    dated = (v for v in history.versions if v.is_known() and v.valid_from is not None)
    return max(dated, key=lambda v: v.valid_from or date.min, default=None)
