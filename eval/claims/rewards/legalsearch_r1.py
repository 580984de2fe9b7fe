"""The reward of LegalSearch-R1, for a claim: the final answer alone, behind a format gate.

Paper: "Can LLMs Time Travel?", arXiv 2605.25920; code AlexFanw/LegalSearch-R1,
``verl/utils/reward_score/deepresearch.py``. A reply that breaks the format earns 0; otherwise an
answer earns 1 if it equals the reference (a recited text: ROUGE-L of at least 0.95, with ``beta``
1.2; names: the same set). It has no term for dates, sources or quotations, and no verifier.

Here the format is that of the agent's moves, and what has to be equal is the figure that the reply
states, the set of versions that it names where a version is asked for, or the reason to decline.
Its reward by a language model for one of its tasks has no counterpart. Anyone can earn this reward
by guessing, so that it is no reward of a recipe (``docs/rewards.md``).
"""

from __future__ import annotations

from agent.trace import Trace
from corpus.questions import Question
from rl.rewards import claims, declared, drafted, scorable
from rl.rewards.channels import RIGHT
from rl.rewards.claims import readable
from rl.rewards.plugins import reward
from rl.rewards.stated_answer import recited


@reward()
def legalsearch_r1(trace: Trace, question: Question) -> float | None:
    """1 for a well-formed reply that equals the reference answer, whatever it cites; else 0."""
    if not scorable(trace, question):
        return None
    return float(readable(trace) and _equals(trace, question))


def _equals(trace: Trace, question: Question) -> bool:
    if question.decline is not None:
        return declared(trace) == question.decline.value
    draft, span = drafted(trace), question.gold_span
    if draft is None:
        return False
    if span is None:
        return {claim.version_id for claim in claims(trace)} == {question.gold_version}
    said = " ".join(sentence.text for sentence in draft.sentences)
    if span.lead is None:
        return recited([said], [said], span.text) >= RIGHT
    return _plain(said) == _plain(span.text)


def _plain(text: str) -> str:
    return " ".join(text.split())
