"""An environment of verifiers: its models answer through our graph, our rewards score them."""

from __future__ import annotations

import hashlib
from asyncio import to_thread
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import verifiers.v1 as vf

from agent.graph.nodes import Context
from agent.graph.run import run
from agent.models.sampling import Sampling
from agent.policies.endpoint import Endpoint
from agent.policies.server import ChatPolicy, Served
from agent.trace import Trace
from corpus.questions import Question, Split
from eval.exports.export import Exported, gold
from rl.rewards import right
from rl.rollouts.rollout import asked_in_full, broken

LONGEST_TURN = 512
"""Most tokens of one message, where the trainer sets no limit."""

TRACE = "inforce"
"""Key of our trace in the ``info`` of theirs."""

opened = cache(Exported)
"""Returns the export of a folder, opened once in a process."""


class LawData(vf.TaskData):  # type: ignore[misc]
    """One question with its answer."""

    question: dict[str, Any]
    answer: str


class LawTask(vf.Task[LawData]):  # type: ignore[misc]
    """A question of the export in ``folder``, scored by its rewards."""

    folder: ClassVar[Path]

    @property
    def key(self) -> str:
        """Return the id of the question."""
        return str(self.data.id)

    @vf.reward(weight=1.0)  # type: ignore[untyped-decorator]
    async def law(self, trace: Any) -> float:
        """Return the weighted sum of the rewards."""
        exported, found, question = opened(self.folder), _trace(trace), self._question
        return exported.reward(exported.scored(found, question))

    @vf.metric  # type: ignore[untyped-decorator]
    async def channels(self, trace: Any) -> dict[str, float]:
        """Return every reward that there is, and whether the answer is right."""
        found = _trace(trace)
        scored = opened(self.folder).scored(found, self._question).rewards
        channels = {name: value for name, value in scored.items() if value is not None}
        return {**channels, "right": float(right(found, self._question))}

    @property
    def _question(self) -> Question:
        return Question.model_validate(self.data.question)


class LawConfig(vf.TasksetConfig):  # type: ignore[misc]
    """Which questions: of one split, by default those to train on."""

    split: Split = "train"


class LawTaskset(vf.Taskset[LawTask, LawConfig]):  # type: ignore[misc]
    """The questions of the export in ``folder``."""

    folder: ClassVar[Path]

    def load(self) -> Iterator[LawTask]:
        """Yield a task for each question of the split."""
        kind = type("LawTask", (LawTask,), {"folder": self.folder})
        exported = opened(self.folder)
        for one in exported.asked(self.config.split):
            prompt = [
                message.model_dump(include={"role", "content"}) for message in exported.prompt(one)
            ]
            data = LawData(
                id=one.id,
                name=one.id,
                prompt=prompt,
                question=one.model_dump(mode="json"),
                answer=gold(one),
            )
            yield kind(data, self.config.task)


class LawHarness(vf.Harness[vf.HarnessConfig]):  # type: ignore[misc]
    """Runs the graph in this process; its policy is the model at the endpoint."""

    APPENDS_SYSTEM_PROMPT = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    folder: ClassVar[Path]

    async def launch(
        self,
        ctx: Any,
        trace: Any,
        _runtime: Any,
        endpoint: str,
        secret: str,
        _mcp_urls: dict[str, str],
        data: LawData,
    ) -> Any:
        """Answer one question, and keep our trace in theirs.

        A failure of the engine or the endpoint ends the rollout with an error, not with a score.
        """
        exported, question = opened(self.folder), Question.model_validate(data.question)
        policy = ChatPolicy(Served(Endpoint(endpoint, secret), ctx.model), _sampling(ctx, trace))
        context = Context(exported.library, policy, max_turns=exported.settings.max_turns)
        found = await to_thread(run, context, asked_in_full(question))
        why = broken(found)
        if why is not None:
            return vf.ProgramResult(1, "", why)
        trace.info[TRACE] = found.model_dump(mode="json")
        return vf.ProgramResult(0, "", "")


class LawEnvConfig(vf.EnvConfig):  # type: ignore[misc]
    """One model, in this process."""

    agent: vf.AgentConfig = vf.AgentConfig(runtime=vf.SubprocessConfig())


class LawEnv(vf.Env[LawEnvConfig]):  # type: ignore[misc]
    """One model answers each question once."""

    async def run(self, task: Any, agents: Any) -> None:
        """Let the model answer."""
        await agents.agent.run(task)


def _sampling(ctx: Any, trace: Any) -> Sampling:
    """Return the sampling of one rollout: the trainer's, and a seed of its own.

    Rollouts of one question would otherwise be equal at an endpoint that obeys seeds.
    """
    asked = ctx.sampling
    return Sampling(
        temperature=1.0 if asked.temperature is None else asked.temperature,
        max_tokens=asked.max_tokens or LONGEST_TURN,
        seed=int.from_bytes(hashlib.blake2b(trace.id.encode(), digest_size=4).digest(), "big"),
    )


def _trace(theirs: Any) -> Trace:
    return Trace.model_validate(theirs.info[TRACE])
