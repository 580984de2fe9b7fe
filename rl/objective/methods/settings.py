"""Settings of every training method, and the slot that each fills. Needs no torch.

The tensor code of a method is in the file of its name beside this one. In a recipe, ``kind``
selects the method. To add one, declare its settings here, add the class to the union of its slot at
the end of this file, and write its code in a new file; ``docs/methods.md`` describes every method.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_serializer,
    model_validator,
)

from corpus.installed import METHODS, Installed, find_installed
from corpus.model import Frozen


class MethodSettings(Frozen):
    """Base of all method settings; ``kind`` is the method's name in a recipe."""

    kind: str


# -- reward channels computed from tensors --


class ChannelSettings(MethodSettings):
    """Base of the settings of reward channels computed from tensors."""

    weight: float = 0.5
    """Weight of the channel in the sum of rewards."""


class AgreementSettings(ChannelSettings):
    """Share of the group's parseable answers that equal the rollout's own (RLIF)."""

    kind: Literal["agreement"] = "agreement"


class CertaintySettings(ChannelSettings):
    """Mean KL divergence from uniform of the policy's next-token distributions (RLIF)."""

    kind: Literal["certainty"] = "certainty"


class OverconfidenceSettings(ChannelSettings):
    """Negative share of tokens with a probability above a threshold (RLIF)."""

    kind: Literal["overconfidence"] = "overconfidence"
    above: float = Field(default=0.99, gt=0.0, lt=1.0)
    """Probability above which a token counts as overconfident."""


# -- from rewards to advantages --


class GrpoSettings(MethodSettings):
    """Difference from the group's mean reward, in standard deviations."""

    kind: Literal["grpo"] = "grpo"
    scale: Literal["group", "batch", "none"] = "group"
    """Standard deviation to divide by; ``none`` is Dr. GRPO's choice (2503.20783)."""


class GdpoSettings(MethodSettings):
    """Each channel normalised within its group, then their weighted sum over the batch."""

    kind: Literal["gdpo"] = "gdpo"


class RlooSettings(MethodSettings):
    """Difference from the mean reward of the group's other rollouts."""

    kind: Literal["rloo"] = "rloo"
    whiten: bool = False
    """Also divide by the batch's standard deviation (TRL's ``normalize_advantages``)."""


class LampoSettings(MethodSettings):
    """Mean of confidence-weighted pairwise reward differences."""

    kind: Literal["lampo"] = "lampo"
    mode: Literal["lampo", "lambdarank", "uniform"] = "lampo"
    """Confidence weight of a pair: as reported, by mis-ordered pairs (LambdaRank), or 1 (RLOO)."""
    tau: float = Field(default=1.0, gt=0.0)
    """Temperature of the confidence weight."""
    scaled: bool = False
    """Divide by the group's standard deviation, as GRPO does."""


# -- advantages changed by the rollouts' outcomes --


class TiarSettings(MethodSettings):
    """Raises or lowers the advantage of abstaining, by how often the group was right."""

    kind: Literal["tiar"] = "tiar"
    lam: float = 0.3
    """Greatest change of the advantage."""
    relative: bool = False
    """Whether ``lam`` is a multiple of the standard deviation of the batch's advantages."""
    confidence: Literal["labels", "agreement"] = "labels"
    """How often the group is right: by the labels, or by its largest cluster of equal answers."""


class FtisFilterSettings(MethodSettings):
    """Sets the advantage of bad off-policy rollouts that are far from the policy to 0 (F-TIS)."""

    kind: Literal["ftis_filter"] = "ftis_filter"
    limit: float = Field(default=50.0, ge=0.0)
    """Greatest divergence from the policy that is kept, in nats, of a whole rollout or per token.
    """
    per_token: bool = False
    """Whether the divergence is divided by the length of the rollout."""
    estimate: Literal["k3", "k1"] = "k3"
    """Estimator of the KL divergence between policy and sampler."""


class SoftAdvSettings(MethodSettings):
    """Multiplies the advantage by how much the rollout's label is trusted (RLAVR)."""

    kind: Literal["soft_adv"] = "soft_adv"


# -- weights of tokens --


class TisSettings(MethodSettings):
    """Truncated importance weights: policy probability over sampler probability, capped (F-TIS)."""

    kind: Literal["tis"] = "tis"
    cap: float = Field(default=2.0, gt=0.0)
    """Largest weight."""


class DeltaSettings(MethodSettings):
    """Token weights of mean 1, larger for tokens typical of the good or of the bad rollouts."""

    kind: Literal["delta"] = "delta"
    low: float = Field(default=0.8, ge=0.0)
    """Smallest weight, before the mean is set to 1."""
    high: float = Field(default=1.2, gt=0.0)
    """Largest weight, before the mean is set to 1."""
    refinements: int = Field(default=1, ge=0)
    """Number of times the centroids are computed again."""
    shuffled: bool = False
    """Shuffle the weights over the tokens: the control experiment for the method."""


# -- advantages added to tokens --


class OpdSettings(MethodSettings):
    """On-policy distillation: adds the log-probability difference of teacher and policy."""

    kind: Literal["opd"] = "opd"
    lam: float = Field(default=0.1, ge=0.0)
    """Weight of the log-probability difference."""
    clip: float = Field(default=5.0, gt=0.0)
    """Bound on the absolute log-probability difference, in nats."""
    teacher: str = "self"
    """A model name or path, ``http://host:port/v1`` with log-probabilities, or ``self``."""
    teacher_model: str | None = None
    """Name under which the endpoint serves the model; required with a URL."""
    shows_governing_text: bool = True
    """Whether the teacher's prompt begins with the provisions that answer the question."""

    @property
    def at_an_endpoint(self) -> bool:
        """Return whether the teacher is reached over HTTP."""
        return self.teacher.startswith(("http://", "https://"))

    @model_validator(mode="after")
    def _knows_more_than_the_student(self) -> Self:
        if self.teacher == "self" and not self.shows_governing_text:
            raise ValueError("a teacher that is the policy itself must be shown the governing text")
        if self.at_an_endpoint and not self.teacher_model:
            raise ValueError("a teacher behind an endpoint needs teacher_model, its name there")
        return self


class WpgSettings(MethodSettings):
    """Regulariser towards the reference in optimal-transport distance between token embeddings."""

    kind: Literal["wpg"] = "wpg"
    weight: float = Field(default=0.05, ge=0.0)
    """Weight of the transport potential."""
    epsilon: float = Field(default=0.2, gt=0.0)
    """Entropic smoothing, in units of the token distance, which lies in [0, 2]."""
    iterations: int = Field(default=15, ge=1)
    """Iterations of Sinkhorn's algorithm."""


class EntropySettings(MethodSettings):
    """Entropy bonus on the advantage, bounded by a fraction of the advantage."""

    kind: Literal["entropy"] = "entropy"
    alpha: float = Field(default=0.1, ge=0.0)
    """Advantage per nat of entropy."""
    kappa: float = Field(default=2.0, gt=1.0)
    """The bonus is at most the absolute advantage divided by this."""


# -- clipping of the probability ratio --


class PpoSettings(MethodSettings):
    """The PPO clip with fixed bounds."""

    kind: Literal["ppo"] = "ppo"


_BY_DRAW = {"noise": {"delta"}, "bernoulli": {"p", "band"}}


class NsrSettings(MethodSettings):
    """PPO clip with a random bound per token; settings of the other ``draw`` are refused."""

    kind: Literal["nsr"] = "nsr"
    draw: Literal["noise", "bernoulli"] = "noise"
    """Distribution of the bound; a recipe that sets ``p`` or ``band`` gets ``bernoulli``."""
    delta: float = Field(default=0.3, gt=0.0, le=1.0)
    """Width of the noise below 1 (``noise``)."""
    p: float = Field(default=0.2, ge=0.0, le=1.0)
    """Probability of the wide bound (``bernoulli``)."""
    band: float = Field(default=1.5, ge=1.0)
    """Factor by which that bound is wider (``bernoulli``)."""

    @model_validator(mode="before")
    @classmethod
    def _draws_as_its_settings_say(cls, settings: Any) -> Any:
        if not isinstance(settings, dict):
            return settings
        drawn = settings.get(
            "draw", "bernoulli" if _BY_DRAW["bernoulli"] & settings.keys() else "noise"
        )
        other = "noise" if drawn == "bernoulli" else "bernoulli"
        idle = sorted(_BY_DRAW[other] & settings.keys())
        if idle:
            raise ValueError(f"{idle[0]} is a setting of draw = '{other}', not of '{drawn}'")
        return {**settings, "draw": drawn}

    @model_serializer(mode="wrap")
    def _without_what_is_idle(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the settings of the other draw, which would be refused on reading."""
        other = "noise" if self.draw == "bernoulli" else "bernoulli"
        return {key: value for key, value in dump(self).items() if key not in _BY_DRAW[other]}


# -- terms of the loss --


class KlCovSettings(MethodSettings):
    """Penalty on the tokens with the greatest covariance of log-probability and advantage."""

    kind: Literal["kl_cov"] = "kl_cov"
    fraction: float = Field(default=0.002, ge=0.0, le=1.0)
    """Share of the valid tokens that is penalised; 0 switches it off."""
    coefficient: float = Field(default=1.0, ge=0.0)
    """Weight of the penalty."""


class InstalledMethod(MethodSettings):
    """Base of the settings of a method of an installed package (``inforce.methods``).

    Attributes:
        slot: the slot that the method fills, as in a recipe, such as ``post``.
        implementation: the class with its computation, ``module:Class``; it may import torch.
    """

    slot: ClassVar[str]
    implementation: ClassVar[str]


def _read_method(slot: str, value: object, within: ValidatorFunctionWrapHandler) -> object:
    """Read a method name or table, and check that it fits the slot."""
    table = {"kind": value} if isinstance(value, str) else value
    if isinstance(table, InstalledMethod):
        return table
    if isinstance(table, Mapping):
        kind = str(table.get("kind", ""))
        added = None if kind in SETTINGS else find_installed(METHODS, kind)
        if added is not None:
            return _settings_for(slot, method_of(added)).model_validate(table)
        _check_kind(kind, slot)
    elif not isinstance(table, MethodSettings):
        raise ValueError(f"a method is a name or a table, such as '{kinds_of(slot)[0]}'.")
    return within(table)


def _settings_for(slot: str, found: type[InstalledMethod]) -> type[InstalledMethod]:
    if found.slot != slot:
        raise ValueError(f"'{found.__name__}' fills the slot {found.slot}, not {slot}.")
    return found


def method_of(one: Installed) -> type[InstalledMethod]:
    """Return the settings class of a method of an installed package.

    Raises:
        BadInputError: it cannot be loaded, or is no settings class of that name and a known slot.
    """
    found = one.load()
    if not isinstance(found, type) or not issubclass(found, InstalledMethod):
        raise one.refused("is no class of settings: derive it from InstalledMethod")
    if found.model_fields["kind"].default != one.name:
        raise one.refused("has another kind than its name")
    if getattr(found, "slot", None) not in SLOTS or not hasattr(found, "implementation"):
        raise one.refused(f"names no implementation, or no slot of {', '.join(SLOTS)}")
    return found


def _check_kind(kind: str, slot: str) -> None:
    fitting = kinds_of(slot)
    if kind in fitting:
        return
    if not kind:
        raise ValueError(f"a method needs its name: kind = one of {', '.join(fitting)}.")
    known = f"fills the slot {slot_of(kind)}" if kind in SETTINGS else "is no method"
    raise ValueError(f"'{kind}' {known}; here fit {', '.join(fitting)}.")


def _named(slot: str) -> WrapValidator:
    return WrapValidator(partial(_read_method, slot))


_KIND = Field(discriminator="kind")
_ANY: Any = SerializeAsAny()  # type: ignore[type-arg]

Channel = Annotated[
    AgreementSettings | CertaintySettings | OverconfidenceSettings, _KIND, _named("channels"), _ANY
]
Advantage = Annotated[
    GrpoSettings | GdpoSettings | RlooSettings | LampoSettings, _KIND, _named("advantage")
]
Post = Annotated[TiarSettings | FtisFilterSettings | SoftAdvSettings, _KIND, _named("post"), _ANY]
Weight = Annotated[TisSettings | DeltaSettings, _KIND, _named("weights"), _ANY]
Additive = Annotated[OpdSettings | WpgSettings | EntropySettings, _KIND, _named("additives"), _ANY]
Clip = Annotated[PpoSettings | NsrSettings, _KIND, _named("clip"), _ANY]
Regulariser = Annotated[KlCovSettings, _named("regularisers"), _ANY]


def _members(slot: Any) -> tuple[type[MethodSettings], ...]:
    """Return the classes of an annotated union."""
    allowed = get_args(slot)[0]
    return get_args(allowed) or (allowed,)


SLOTS: dict[str, tuple[type[MethodSettings], ...]] = {
    "channels": _members(Channel),
    "advantage": _members(Advantage),
    "post": _members(Post),
    "weights": _members(Weight),
    "additives": _members(Additive),
    "clip": _members(Clip),
    "regularisers": _members(Regulariser),
}
"""Methods that may fill each slot, by the slot's name in a recipe, in the order of application."""

SETTINGS: dict[str, type[MethodSettings]] = {
    one.model_fields["kind"].default: one for fitting in SLOTS.values() for one in fitting
}
"""The settings class of every method, by its kind."""


def kinds_of(slot: str) -> list[str]:
    """Return the names of the methods that may fill a slot, sorted."""
    return sorted(kind for kind, one in SETTINGS.items() if one in SLOTS[slot])


def slot_of(kind: str) -> str:
    """Return the name of the slot that a method fills.

    Raises:
        KeyError: there is no such method.
    """
    return next(slot for slot, fitting in SLOTS.items() if SETTINGS[kind] in fitting)
