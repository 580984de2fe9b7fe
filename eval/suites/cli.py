"""``inforce eval policy POLICY FILE``: questions of a file, put to a policy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from corpus.console import out, print_json, progress_bar
from corpus.errors import BadInputError
from eval.metrics import Score

if TYPE_CHECKING:
    from agent.policy import Policy


def put_questions(
    name: str,
    file: Path,
    split: str | None,
    to: Path | None,
    limit: int | None,
    at_once: int,
    turns: int,
    temperature: float,
    seed: int,
    json: bool,
) -> None:
    """Put the questions of a file to a policy and print what came of it.

    Raises:
        BadInputError: there are no such questions, or ``to`` holds another evaluation.
    """
    from agent.library import Library
    from agent.models.sampling import Sampling
    from agent.policies.registry import PolicyChoice, open_policy
    from corpus.questions import read_questions
    from corpus.settings import Settings
    from eval.suites.policy import Evaluation, answer_all, draw, policy_scores
    from rl.rollouts.rollout import Limits

    questions = draw((q for q in read_questions(file) if split in (None, q.split)), limit, seed)
    if not questions:
        raise BadInputError(f"{file} has no questions{f' of split {split}' if split else ''}.")
    choice = PolicyChoice.load(name)
    sampling = Sampling(max_tokens=choice.max_tokens, temperature=temperature, seed=seed)
    with Library.open(Settings.load()) as library, progress_bar(name) as advance:
        policy = batched(open_policy(choice, library.works, sampling), at_once)
        limits = Limits(max_turns=turns, width=at_once)
        records = answer_all(
            Evaluation(library, policy, sampling, seed, limits),
            questions,
            to,
            lambda done: advance(done, len(questions), ""),
        )
    found = policy_scores(records)
    print_json(found.model_dump(mode="json")) if json else _show(found)


def batched(policy: Policy, at_once: int) -> Policy:
    """Return the policy; a model in this process continues its prompts in batches."""
    if at_once == 1 or not policy.name.startswith("local:"):
        return policy
    from agent.policies.language_model import ModelPolicy
    from agent.policies.local import LocalSampler
    from rl.rollouts.samplers.local import BatchedSampler

    if not isinstance(policy, ModelPolicy) or not isinstance(policy.sampler, LocalSampler):
        return policy
    return replace(policy, sampler=BatchedSampler(policy.sampler.model, at_once))


def _show(found: BaseModel) -> None:
    """Print scores, one a line, a heading for each group of them."""
    for field, value in found:
        if isinstance(value, BaseModel) and not isinstance(value, Score):
            out.print(f"[bold]{field}[/]")
            _show(value)
        elif isinstance(value, dict):
            for name, item in value.items():
                out.print(f"  {name.replace('_', ' '):<24} {item}")
        else:
            shown = "nothing to score" if value is None else value
            out.print(f"  {field.replace('_', ' '):<24} {shown}")
