"""Rewards of your own: copy, rename and change. Used by ``inforce rewards new``."""

from agent.trace import Trace
from corpus.questions import Question
from rl.rewards import drafted, scorable
from rl.rewards.plugins import reward

MOST = 60
"""Words that a reply may have before its reward is reduced."""


@reward(weight=0.2)
def brevity(trace: Trace, question: Question) -> float | None:
    """1 for a reply of at most 60 words, less for a longer one; not applied to abstentions."""
    draft = drafted(trace)
    if draft is None or not scorable(trace, question):
        return None
    written = sum(len(sentence.text.split()) for sentence in draft.sentences)
    return min(1.0, MOST / max(written, 1))
