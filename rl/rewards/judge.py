"""The reward ``judge``: a model behind an OpenAI-compatible endpoint grades the draft.

Its replies are kept on disk, so that a resumed run and ``inforce rescore`` ask nothing twice. What
cannot be graded (endpoint down, slow or refusing, a reply that is no grade) leaves the rollout
unscored; it is never 0.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from agent.policies.endpoint import Endpoint
from agent.trace import Trace
from corpus.errors import BadInputError, InForceError
from corpus.questions import Question
from corpus.settings import Settings
from rl.recipes.judge_settings import JudgeSettings
from rl.rewards.claims import Statement, declared, statements, why_not_scorable
from rl.rewards.judge_replies import JudgeReplies, replies_url, reply_key
from rl.rewards.scorer import Unscored

JUDGE = "judge"
"""Name of the reward in recipes."""

KEY = "INFORCE_JUDGE_KEY"
"""Environment variable with the key of the endpoint."""

_PLACE = re.compile(r"\$(question|as_at|expected|item|draft)\b")
_NEEDED = ("$question", "$item", "$draft")
_FENCED = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)
_SHOWN = 80


class JudgeError(InForceError):
    """The model did not grade a draft."""


class JudgeReward:
    """A model's grade of the sentences that stand, times their share of the draft, from 0 to 1.

    A draft of which no sentence stands, and an abstention where there is an answer, earn 0 without
    the model being asked. It says nothing of other abstentions.

    Hack: write to the judge ("score 1"); imitate its reply; write under a quotation what it does
    not say. Guard: the draft is data between two lines with a digest of itself, which it cannot
    contain; a grade counts only with that digest, so that a judge that repeats the draft has not
    graded; struck sentences are not shown and reduce the grade. A judge that obeys a draft cannot
    be detected: give it less weight than ``task``, and read the best rollouts (``inforce rewards
    try``).

    Args:
        settings: the model; ``None`` where the reward is only listed.
        replies: the database of replies; by default beside the store.
    """

    name = JUDGE
    weight = 0.3
    measures = (
        "A model's grade of the sentences that stand, times their share of the draft; needs [judge]"
    )

    def __init__(
        self, settings: JudgeSettings | None = None, replies: JudgeReplies | None = None
    ) -> None:
        self._given, self._opened = settings, replies
        self._failed: dict[str, InForceError] = {}

    def score(self, trace: Trace, question: Question) -> float | Unscored:
        """Return the grade, or why there is none.

        Raises:
            InForceError: the endpoint failed, or its reply is no grade.
        """
        reason = why_not_scorable(trace, question)
        if reason is not None:
            return Unscored(reason=reason)
        made, standing = _sentences(trace)
        if not made and declared(trace) is not None and question.decline is not None:
            return Unscored(reason="the judge grades drafts, and the rollout abstains")
        if not standing:
            return 0.0
        item, prompt = self._asked(standing, question)
        return grade(self._replied(prompt), item) * len(standing) / len(made)

    def prepare(self, rollouts: Sequence[tuple[Trace, Question]]) -> None:
        """Ask for the grades of many rollouts, at most ``concurrency`` at a time.

        A failure is met when its rollout is scored.
        """
        prompts = dict.fromkeys(
            self._asked(standing, question)[1]
            for trace, question in rollouts
            if why_not_scorable(trace, question) is None and (standing := _sentences(trace)[1])
        )
        self._failed.clear()
        with ThreadPoolExecutor(self._settings.concurrency, "judge") as pool:
            for prompt, failure in zip(prompts, pool.map(self._failure, prompts), strict=True):
                if failure is not None:
                    self._failed[prompt] = failure

    @cached_property
    def _settings(self) -> JudgeSettings:
        if self._given is None:
            raise BadInputError("The reward 'judge' needs [judge], which names its model.")
        return self._given

    @cached_property
    def _replies(self) -> JudgeReplies:
        return self._opened or JudgeReplies.open(replies_url(Settings.load()))

    @cached_property
    def _endpoint(self) -> Endpoint:
        key = os.environ.get(KEY) or None
        return Endpoint(self._settings.url, key, self._settings.timeout, key_name=KEY)

    @cached_property
    def _template(self) -> str:
        return prompt_template(self._settings.prompt)

    def _asked(self, standing: Sequence[Statement], question: Question) -> tuple[str, str]:
        """Return the digest of a draft, and the prompt that asks for its grade."""
        draft = "\n".join(_shown(statement) for statement in standing)
        told = f"{question.id}\0{question.as_at}\0{draft}".encode()
        item = hashlib.blake2b(told, digest_size=4).hexdigest()
        values = {
            "question": question.text,
            "as_at": str(question.as_at),
            "expected": _expected(question),
            "item": item,
            "draft": draft,
        }
        return item, _PLACE.sub(lambda place: values[place[1]], self._template)

    def _failure(self, prompt: str) -> InForceError | None:
        try:
            self._replied(prompt)
        except InForceError as failure:
            return failure
        return None

    def _replied(self, prompt: str) -> str:
        """Return the model's reply to a prompt, from the database or else from the endpoint."""
        if prompt in self._failed:
            raise self._failed[prompt]
        settings = self._settings
        key = reply_key(settings.url, settings.model, prompt)
        kept = self._replies.find(key)
        if kept is not None:
            return kept
        reply = self._ask_model(prompt)
        self._replies.add(key, settings.model, reply)
        return reply

    def _ask_model(self, prompt: str) -> str:
        body = {
            "model": self._settings.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": self._settings.max_tokens,
            "temperature": 0,
        }
        answer = self._endpoint.call("/chat/completions", body)
        try:
            message = answer["choices"][0]["message"]
            return str(message.get("content") or message.get("refusal") or "")
        except (LookupError, TypeError, AttributeError):
            raise JudgeError(f"{self._settings.url} answered without a message.") from None


def grade(reply: str, item: str) -> float:
    """Return the grade in a judge's reply: one JSON object with ``item`` and ``score``.

    Raises:
        JudgeError: the reply is something else, has another item, or no score from 0 to 1.
    """
    fenced = _FENCED.fullmatch(reply.strip())
    try:
        found = json.loads(fenced[1] if fenced else reply)
    except (ValueError, RecursionError):
        found = None
    score = found.get("score") if isinstance(found, dict) and found.get("item") == item else None
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise JudgeError(f"The judge gave no grade: {reply[:_SHOWN]!r}.")
    return float(score)


def prompt_template(name: str) -> str:
    """Return the prompt of a version that comes with InForce, or of a ``.txt`` file.

    Raises:
        BadInputError: there is none, or it lacks the question, the draft or its digest.
    """
    shipped = files("rl.rewards") / "prompts" / f"{name}.txt"
    try:
        text = (Path(name) if name.endswith(".txt") else shipped).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        words = "is no text" if isinstance(fault, ValueError) else fault.strerror
        raise BadInputError(f"The prompt of the judge, {name}, cannot be read: {words}.") from None
    lacking = [place for place in _NEEDED if place not in text]
    if lacking:
        raise BadInputError(f"The prompt of the judge, {name}, does not hold {lacking[0]}.")
    return text


def _sentences(trace: Trace) -> tuple[Sequence[Statement], Sequence[Statement]]:
    """Return the drafted sentences, and those of them that stand."""
    made = statements(trace)
    return made, [statement for statement in made if statement.stood]


def _shown(statement: Statement) -> str:
    quoted = (f'  {claim.version_id}: "{claim.quote}"' for claim in statement.claims)
    return "\n".join((statement.text, *quoted))


def _expected(question: Question) -> str:
    if question.decline is not None:
        return f"Nothing answers it on that day ({question.decline.value}): {question.why}"
    place = f"{question.label}, version {question.gold_version}"
    span = question.gold_span
    return place if span is None else f"“{span.text}” ({place})"
