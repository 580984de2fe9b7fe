"""The settings of every method, and which slot each fills. Needs no torch, so a dry run checks all.

A method's tensors are in the file of its name beside this one, which takes the settings declared
here. In a recipe ``kind`` tells them apart. A new method is declared here, named in the union of
its slot at the end, and written in a file of its own; ``docs/methods.md`` explains them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from corpus.model import Frozen


class MethodSettings(Frozen):
    """What a recipe says of one method. ``kind`` names it."""

    kind: str


# -- reward channels that tensors decide --


class ChannelSettings(MethodSettings):
    """What every such channel has."""

    weight: float = 0.5
    """How much the channel counts."""


class AgreementSettings(ChannelSettings):
    """How much of the group gave the same answer (RLIF)."""

    kind: Literal["agreement"] = "agreement"


class CertaintySettings(ChannelSettings):
    """How far the policy's next-token distributions are from uniform (RLIF)."""

    kind: Literal["certainty"] = "certainty"


class OverconfidenceSettings(ChannelSettings):
    """Minus the share of tokens of which the policy was all but sure (RLIF)."""

    kind: Literal["overconfidence"] = "overconfidence"
    above: float = Field(default=0.99, gt=0.0, lt=1.0)
    """Probability above which a token counts as too sure."""


# -- from rewards to advantages --


class GrpoSettings(MethodSettings):
    """Distance from the group's mean, in standard deviations."""

    kind: Literal["grpo"] = "grpo"
    scale: Literal["group", "batch", "none"] = "group"
    """Whose standard deviation divides; ``none`` is Dr. GRPO's choice (2503.20783)."""


class GdpoSettings(MethodSettings):
    """Every channel in its own standard deviations, then their sum whitened over the batch."""

    kind: Literal["gdpo"] = "gdpo"


class RlooSettings(MethodSettings):
    """Distance from the mean of the other rollouts."""

    kind: Literal["rloo"] = "rloo"
    whiten: bool = False
    """Also divide by the batch's standard deviation (TRL's ``normalize_advantages``)."""


class LampoSettings(MethodSettings):
    """The mean of weighted pairwise reward gaps."""

    kind: Literal["lampo"] = "lampo"
    mode: Literal["lampo", "lambdarank", "uniform"] = "lampo"
    """How the confidence weighs a pair: reported, by mis-ordered pairs, or not at all (RLOO)."""
    tau: float = Field(default=1.0, gt=0.0)
    """Temperature of the confidence."""
    scaled: bool = False
    """Divide by the group's standard deviation, as GRPO does."""


# -- advantages changed by the rollouts' outcomes --


class TiarSettings(MethodSettings):
    """Raise or lower the advantage of abstaining."""

    kind: Literal["tiar"] = "tiar"
    lam: float = 0.3
    """Most that abstaining gains or loses."""
    relative: bool = False
    """``lam`` is a multiple of the standard deviation of the batch's advantages."""
    confidence: Literal["labels", "agreement"] = "labels"
    """How often the group is right: by the labels, or by its largest cluster of equal answers."""


class FtisFilterSettings(MethodSettings):
    """Drop bad rollouts of others that the policy would hardly have written (F-TIS)."""

    kind: Literal["ftis_filter"] = "ftis_filter"
    limit: float = Field(default=50.0, ge=0.0)
    """In nats, of a whole rollout or per token."""
    per_token: bool = False
    """Divide the distance by the length of the rollout."""
    estimate: Literal["k3", "k1"] = "k3"
    """Estimator of the KL divergence between policy and sampler."""


# -- weights of tokens --


class TisSettings(MethodSettings):
    """How much likelier a token is under the policy than under its sampler, up to a cap (F-TIS)."""

    kind: Literal["tis"] = "tis"
    cap: float = Field(default=2.0, gt=0.0)
    """Greatest weight."""


class DeltaSettings(MethodSettings):
    """Weights of mean 1, greater for tokens typical of their own side."""

    kind: Literal["delta"] = "delta"
    low: float = Field(default=0.8, ge=0.0)
    """Least weight, before the mean is set to 1."""
    high: float = Field(default=1.2, gt=0.0)
    """Greatest weight, before the mean is set to 1."""
    refinements: int = Field(default=1, ge=0)
    """Rounds in which the centroids are refined."""
    shuffled: bool = False
    """Deal the weights to the tokens at random: the control that the method must beat."""


# -- advantages added to tokens --


class OpdSettings(MethodSettings):
    """Pull every token towards the teacher's opinion of it."""

    kind: Literal["opd"] = "opd"
    lam: float = Field(default=0.1, ge=0.0)
    """Weight of the teacher's opinion."""
    clip: float = Field(default=5.0, gt=0.0)
    """Greatest difference of log-probabilities, in nats."""
    teacher: str = "self"
    """A model name or path, ``http://host:port/v1`` with log-probabilities, or ``self``."""
    teacher_model: str | None = None
    """The name that the endpoint knows its model by."""
    shows_governing_text: bool = True
    """Whether the teacher's prompt begins with the provisions that answer the question."""

    @property
    def at_an_endpoint(self) -> bool:
        """Return whether the teacher is asked over HTTP."""
        return self.teacher.startswith(("http://", "https://"))

    @model_validator(mode="after")
    def _knows_more_than_the_student(self) -> Self:
        if self.teacher == "self" and not self.shows_governing_text:
            raise ValueError("a teacher that is the policy itself must be shown the governing text")
        if self.at_an_endpoint and not self.teacher_model:
            raise ValueError("a teacher behind an endpoint needs teacher_model, its name there")
        return self


class WpgSettings(MethodSettings):
    """Keep the policy near its reference, where a synonym is nearer than a stranger."""

    kind: Literal["wpg"] = "wpg"
    weight: float = Field(default=0.05, ge=0.0)
    """Weight of the transport potential."""
    epsilon: float = Field(default=0.2, gt=0.0)
    """Entropic smoothing, in units of the cost, which lies in [0, 2]."""
    iterations: int = Field(default=15, ge=1)
    """Of Sinkhorn's algorithm."""


class EntropySettings(MethodSettings):
    """Add to a token's advantage what it had of entropy, up to a bound."""

    kind: Literal["entropy"] = "entropy"
    alpha: float = Field(default=0.1, ge=0.0)
    """Advantage per nat of entropy."""
    kappa: float = Field(default=2.0, gt=1.0)
    """The bonus is at most the absolute advantage divided by this."""


# -- how far the ratio may go --


class PpoSettings(MethodSettings):
    """The clip with fixed bounds."""

    kind: Literal["ppo"] = "ppo"


_BY_DRAW = {"noise": {"delta"}, "bernoulli": {"p", "band"}}


class NsrSettings(MethodSettings):
    """A random bound per token; the settings of one ``draw`` exclude those of the other."""

    kind: Literal["nsr"] = "nsr"
    draw: Literal["noise", "bernoulli"] = "noise"
    """How a bound is drawn; naming ``p`` or ``band`` chooses ``bernoulli``."""
    delta: float = Field(default=0.3, gt=0.0, le=1.0)
    """Width of the noise below 1."""
    p: float = Field(default=0.2, ge=0.0, le=1.0)
    """Probability of the wide bound (``bernoulli``)."""
    band: float = Field(default=1.5, ge=1.0)
    """How much wider that bound is (``bernoulli``)."""

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
        """Leave out the other draw's settings, which would be refused when read again."""
        other = "noise" if self.draw == "bernoulli" else "bernoulli"
        return {key: value for key, value in dump(self).items() if key not in _BY_DRAW[other]}


# -- terms of the loss --


class KlCovSettings(MethodSettings):
    """Penalise the tokens whose likelihood and advantage rise together."""

    kind: Literal["kl_cov"] = "kl_cov"
    fraction: float = Field(default=0.002, ge=0.0, le=1.0)
    """Share of the valid tokens; 0 is off."""
    coefficient: float = Field(default=1.0, ge=0.0)
    """Weight of the penalty."""


def _read_method(slot: str, value: object) -> object:
    """Read a method given by its name alone or as a table; it must fit the slot."""
    table = {"kind": value} if isinstance(value, str) else value
    if isinstance(table, Mapping):
        _check_kind(str(table.get("kind", "")), slot)
    elif not isinstance(table, MethodSettings):
        raise ValueError(f"a method is a name or a table, such as '{kinds_of(slot)[0]}'.")
    return table


def _check_kind(kind: str, slot: str) -> None:
    fitting = kinds_of(slot)
    if kind in fitting:
        return
    if not kind:
        raise ValueError(f"a method needs its name: kind = one of {', '.join(fitting)}.")
    known = f"fills the slot {slot_of(kind)}" if kind in SETTINGS else "is no method"
    raise ValueError(f"'{kind}' {known}; here fit {', '.join(fitting)}.")


def _named(slot: str) -> BeforeValidator:
    return BeforeValidator(partial(_read_method, slot))


_KIND = Field(discriminator="kind")

Channel = Annotated[
    AgreementSettings | CertaintySettings | OverconfidenceSettings, _KIND, _named("channels")
]
Advantage = Annotated[
    GrpoSettings | GdpoSettings | RlooSettings | LampoSettings, _KIND, _named("advantage")
]
Post = Annotated[TiarSettings | FtisFilterSettings, _KIND, _named("post")]
Weight = Annotated[TisSettings | DeltaSettings, _KIND, _named("weights")]
Additive = Annotated[OpdSettings | WpgSettings | EntropySettings, _KIND, _named("additives")]
Clip = Annotated[PpoSettings | NsrSettings, _KIND, _named("clip")]
Regulariser = Annotated[KlCovSettings, _named("regularisers")]


def _members(slot: Any) -> tuple[type[MethodSettings], ...]:
    """Return the classes that an annotation allows."""
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
"""What may fill each slot, by the slot's name in a recipe and in their order of use."""

SETTINGS: dict[str, type[MethodSettings]] = {
    one.model_fields["kind"].default: one for fitting in SLOTS.values() for one in fitting
}
"""Every method's settings by kind."""


def kinds_of(slot: str) -> list[str]:
    """Return the methods that may fill a slot, sorted."""
    return sorted(kind for kind, one in SETTINGS.items() if one in SLOTS[slot])


def slot_of(kind: str) -> str:
    """Return the name of the slot that a method fills.

    Raises:
        KeyError: there is no such method.
    """
    return next(slot for slot, fitting in SLOTS.items() if SETTINGS[kind] in fitting)
