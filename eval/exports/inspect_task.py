"""A task of inspect_ai: its models answer through our graph, our rewards score them."""

from __future__ import annotations

from asyncio import to_thread
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from agent.models.rendering import Message
from agent.policy import PolicyError
from agent.trace import Trace
from corpus.questions import Question
from eval.exports.export import Exported, gold
from rl.rewards import right
from rl.rollouts.rollout import broken

_ROLES: Any = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}
_QUESTION, _TRACE = "question", "trace"


def law_task(folder: Path, split: Any = "test") -> Task:
    """Return the task of an exported folder: one sample for each question of a split.

    Raises:
        BadInputError: the folder is no export, the library holds another corpus, or there is no
            question of the split.
        InForceError: there is no library.
    """
    exported = Exported(folder)
    samples = [_sample(exported, one) for one in exported.asked(split)]
    return Task(
        dataset=MemoryDataset(samples, name="inforce_law"),
        solver=_through_the_graph(exported),
        scorer=_by_rewards(exported),
    )


def _sample(exported: Exported, question: Question) -> Sample:
    return Sample(
        id=question.id,
        input=[_chat(one) for one in exported.prompt(question)],
        target=gold(question),
        metadata={_QUESTION: question.model_dump(mode="json")},
    )


def _chat(message: Message) -> ChatMessage:
    return _ROLES[message.role](content=message.content)


@solver  # type: ignore[untyped-decorator]
def _through_the_graph(exported: Exported) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        """Answer one question; a failure of the engine is an error of the sample, not a score."""
        question = Question.model_validate(state.metadata[_QUESTION])
        replies: list[str] = []
        while True:
            state = await generate(state)
            replies.append(state.output.completion)
            step = await to_thread(exported.step, question, replies)
            if isinstance(step, Trace):
                why = broken(step)
                if why is not None:
                    raise PolicyError(why)
                state.metadata[_TRACE] = step.model_dump(mode="json")
                return state
            state.messages.extend(_chat(one) for one in step)

    return solve


@scorer(metrics={"*": [mean(), stderr()]})  # type: ignore[untyped-decorator]
def _by_rewards(exported: Exported) -> Scorer:
    async def score(state: TaskState, _target: Target) -> Score:
        question = Question.model_validate(state.metadata[_QUESTION])
        trace = Trace.model_validate(state.metadata[_TRACE])
        found = exported.scored(trace, question)
        rewards = {name: value for name, value in found.rewards.items() if value is not None}
        value: Any = {"right": float(right(trace, question)), **rewards}
        why = "; ".join(f"{name}: {reason}" for name, reason in found.unscored.items())
        return Score(value=value, explanation=why or found.outcome.name.lower())

    return score
