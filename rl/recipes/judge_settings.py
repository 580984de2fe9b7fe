"""The table ``[judge]`` of a recipe: the model that grades rollouts. Needs no torch."""

from __future__ import annotations

from pydantic import Field

from corpus.model import Frozen


class JudgeSettings(Frozen):
    """The model that grades drafts for the reward ``judge`` (``docs/rewards.md``)."""

    url: str
    """Base URL of an OpenAI-compatible endpoint, up to and with ``/v1``; its key is
    ``INFORCE_JUDGE_KEY``."""
    model: str = Field(min_length=1)
    """Name of the model at the endpoint."""
    prompt: str = "judge-1"
    """Version of the prompt that comes with InForce, or the path of a ``.txt`` file with one of
    your own, relative to the recipe."""
    timeout: float = Field(default=60.0, gt=0.0)
    """Seconds that one grade may take; the rollout is then unscored."""
    concurrency: int = Field(default=8, ge=1)
    """Most requests to the endpoint at a time."""
    max_tokens: int = Field(default=256, ge=1)
    """Most tokens of one reply of the model."""
