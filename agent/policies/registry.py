"""Policy registry: opens a policy by name, for the command line, the app and evaluation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError

from agent.answering.remembering import RememberingEncoder
from agent.models.catalogue import ModelError, find_model
from agent.models.sampling import Sampling
from agent.policies.choosing import ByScore
from agent.policies.control.learnt import read_controller
from agent.policies.controllers import controlled
from agent.policies.extractive import ExtractivePolicy
from agent.policy import Policy
from corpus.errors import BadInputError
from corpus.installed import POLICIES, Installed, find_installed
from corpus.model import Frozen, Work
from corpus.settings import Settings
from retrieval.index_build import vectors_file
from retrieval.vectors.encoder import Encoder
from retrieval.vectors.encoder_choice import default_encoder
from retrieval.vectors.stored_first import StoredFirst

EXTRACTIVE = "extractive"
EXTRACTIVE_WORDS = "extractive-words"
"""The extractive policy without an encoder, as traces of earlier versions were made."""

_PREFIX = "INFORCE_POLICY"
_CONTROLLER = "INFORCE_CONTROLLER"


class PolicyChoice(Frozen):
    """Which policy answers, and how it is reached. Each field is an environment variable:
    ``INFORCE_POLICY``, ``INFORCE_POLICY_<FIELD>`` and ``INFORCE_CONTROLLER``."""

    policy: str = "extractive"
    """``extractive``; a policy of an installed package; a model in this process (name, folder or
    hub id), with ``+FOLDER`` for a LoRA adapter; or the URL of an OpenAI-compatible endpoint up to
    ``/v1``, with ``#MODEL`` where it serves several."""
    key: SecretStr | None = None
    """Key of the endpoint, sent as a bearer token and never shown."""
    timeout: float = Field(default=120.0, gt=0, le=86_400)
    """Seconds that one completion of the endpoint may take."""
    tokenizer: str | None = None
    """Name, folder or hub id of the served model: token ids are exchanged with vLLM, not text."""
    max_tokens: int = Field(default=512, ge=1)
    """Most tokens that a model generates in one turn."""
    controller: Path | None = None
    """Folder of a controller that ``inforce control train`` made, which steers the model."""

    @classmethod
    def load(cls, policy: str | None = None, controller: Path | None = None) -> Self:
        """Return the choice from the environment; ``policy`` and ``controller`` override it.

        Raises:
            BadInputError: a variable is invalid.
        """
        names = {field: f"{_PREFIX}_{field.upper()}" for field in cls.model_fields}
        names |= {"policy": _PREFIX, "controller": _CONTROLLER}
        given: dict[str, Any] = {
            field: os.environ[name] for field, name in names.items() if os.environ.get(name)
        }
        said = {"policy": policy, "controller": controller}
        given |= {field: value for field, value in said.items() if value is not None}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            name = names[str(problem["loc"][0])]
            raise BadInputError(f"{name}: {problem['msg']}.") from None


def open_policy(
    choice: PolicyChoice, works: Sequence[Work], sampling: Sampling | None = None
) -> Policy:
    """Return the chosen policy, under its controller if one is chosen.

    An endpoint is first called at the policy's first turn.

    Args:
        choice: the choice.
        works: works of the library, for the extractive policy.
        sampling: sampling parameters; by default greedy, ``choice.max_tokens`` tokens.

    Raises:
        ModelError: the model is unknown, unprepared or damaged, or its packages are missing.
        PolicyError: the endpoint's address is invalid.
        BadInputError: the controller is missing, damaged or of other features or strategies, or the
            policy reads no instructions.
    """
    if choice.controller is None:
        return _bare(choice, works, sampling)
    if choice.policy in {EXTRACTIVE, EXTRACTIVE_WORDS}:
        raise BadInputError(
            f"A controller speaks to a model; the policy '{choice.policy}' reads no words: choose a"
            f" --policy, or unset {_CONTROLLER}."
        )
    controller = read_controller(choice.controller)
    return controlled(_bare(choice, works, sampling), controller)


def _bare(choice: PolicyChoice, works: Sequence[Work], sampling: Sampling | None) -> Policy:
    if choice.policy == EXTRACTIVE_WORDS:
        return ExtractivePolicy(works)
    if choice.policy == EXTRACTIVE:
        return extractive_policy(works, default_encoder())
    drawn = sampling or Sampling(max_tokens=choice.max_tokens)
    if "://" in choice.policy:
        return _served(choice, drawn)
    added = find_installed(POLICIES, choice.policy)
    if added is not None:
        return policy_of(added, works, drawn)
    model, _, adapter = choice.policy.partition("+")
    _check(model)
    from agent.policies.local import local_policy

    return local_policy(model, adapter=Path(adapter) if adapter else None, sampling=drawn)


def policy_of(one: Installed, works: Sequence[Work], sampling: Sampling) -> Policy:
    """Return the policy of an installed package: what its function of these arguments returns.

    Raises:
        BadInputError: the entry cannot be loaded, or returns no policy.
    """
    opened = one.load()
    if not callable(opened):
        raise one.refused("is no function of works and sampling")
    policy = opened(works, sampling)
    if not callable(getattr(policy, "act", None)) or not hasattr(policy, "name"):
        raise one.refused(f"returned {type(policy).__name__}, which is no policy")
    return policy  # type: ignore[no-any-return]


def extractive_policy(works: Sequence[Work], encoder: Encoder | None) -> ExtractivePolicy:
    """Return the extractive policy that scores quotations with an encoder; ``None``: by words."""
    if encoder is None:
        return ExtractivePolicy(works)
    stored = StoredFirst(encoder, vectors_file(Settings.load().index_url))
    return ExtractivePolicy(works, ByScore(RememberingEncoder(stored)))


def _check(model: str) -> None:
    """Check that a model exists, before torch is loaded."""
    try:
        find_model(model)
    except ModelError as error:
        words = f"{error} Without a model the policy is '{EXTRACTIVE}'; a server is a URL."
        raise ModelError(words) from None


def _served(choice: PolicyChoice, sampling: Sampling) -> Policy:
    from agent.policies.endpoint import Endpoint
    from agent.policies.server import Served, server_policy

    url, _, model = choice.policy.partition("#")
    key = choice.key.get_secret_value() if choice.key else None
    served = Served(Endpoint(url, key, choice.timeout), model or None)
    return server_policy(served, tokenizer=choice.tokenizer, sampling=sampling)
