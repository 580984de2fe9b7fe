"""One question answered by a model in another program, message by message.

Another program samples the model's messages. :func:`next_step` plays those written so far through
the graph of the application (same date, tools, verifier and limits) and returns either the messages
that the model reads next, or the trace of the finished run. It keeps nothing between calls: tools
answer the same again, in milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.graph.nodes import Context
from agent.graph.run import run
from agent.library import Library
from agent.models.parsing import parse
from agent.models.rendering import Message, conversation
from agent.policies.server import RESULT_CHARACTERS
from agent.policy import Act, PolicyState
from agent.trace import Trace
from corpus.questions import Posed
from rl.rollouts.rollout import asked_in_full


class _Waiting(Exception):  # noqa: N818 - ends the run until there is another message
    """The model has not written its next message."""

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__("the model has not written its next message")
        self.messages = tuple(messages)


@dataclass(frozen=True)
class _Written:
    """A policy whose moves another program sampled."""

    replies: Sequence[str]
    name: str = "external"

    def act(self, state: PolicyState) -> Act:
        """Return the move of the next message."""
        done = len(state.turns)
        if done < len(self.replies):
            return parse(self.replies[done])
        raise _Waiting(conversation(state, "system", lambda text: len(text) <= RESULT_CHARACTERS))


def next_step(
    library: Library, question: Posed, replies: Sequence[str], max_turns: int
) -> tuple[Message, ...] | Trace:
    """Return what follows the model's messages: those it reads next, or the trace.

    Args:
        library: the corpus and its index.
        question: the question, with its day.
        replies: the text of each message that the model wrote, oldest first.
        max_turns: most messages of the model.

    Returns:
        Without replies the whole prompt, afterwards only what is new since the last one.
    """
    context = Context(library, _Written(replies), max_turns=max_turns)
    try:
        return run(context, asked_in_full(question))
    except _Waiting as waiting:
        written = (n for n, one in enumerate(waiting.messages) if one.role == "assistant")
        last = max(written, default=-1) if replies else -1
        return waiting.messages[last + 1 :]
