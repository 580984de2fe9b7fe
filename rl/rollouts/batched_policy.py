"""A policy whose model in this process samples several prompts at once."""

from __future__ import annotations

from dataclasses import replace

from agent.policies.controllers import AdjustedPolicy
from agent.policies.language_model import ModelPolicy
from agent.policy import Policy


def batched(policy: Policy, concurrency: int) -> Policy:
    """Return the policy; a model in this process gets a sampler that batches its prompts."""
    if isinstance(policy, AdjustedPolicy):
        return replace(policy, policy=batched(policy.policy, concurrency))
    if concurrency == 1 or not policy.name.startswith("local:"):
        return policy
    from agent.policies.local import LocalSampler
    from rl.rollouts.samplers.local import BatchedSampler

    if not isinstance(policy, ModelPolicy) or not isinstance(policy.sampler, LocalSampler):
        return policy
    return replace(policy, sampler=BatchedSampler(policy.sampler.model, concurrency))
