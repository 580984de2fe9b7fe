"""The methods that a recipe can name. One file each, one line each in ``MODULES``.

A method's ``kind`` names it in a recipe, alone (``clip = "nsr"``) or with its settings
(``clip = {kind = "nsr", p = 0.2}``). ``docs/methods.md`` explains them all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Never, Union

from pydantic import BeforeValidator, Field

from rl.slots import (
    AdditiveSlot,
    AdvantageSlot,
    ChannelSlot,
    ClipSlot,
    PostSlot,
    RegulariserSlot,
    Slot,
    WeightSlot,
)

MODULES = ("stock",)


def _slots_of(name: str) -> dict[str, type[Slot]]:
    module = import_module(f"rl.methods.{name}")
    defined = [value for value in vars(module).values() if isinstance(value, type)]
    return {
        slot.model_fields["kind"].default: slot
        for slot in defined
        if issubclass(slot, Slot) and slot.__module__ == module.__name__
    }


METHODS: dict[str, type[Slot]] = {
    kind: slot for name in MODULES for kind, slot in _slots_of(name).items()
}


def _spelled_out(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


def _any(slot: type[Slot]) -> Any:
    members = tuple(method for method in METHODS.values() if issubclass(method, slot))
    if not members:
        return Never
    choice: Any = Union[members]  # noqa: UP007
    if len(members) > 1:
        choice = Annotated[choice, Field(discriminator="kind")]
    return Annotated[choice, BeforeValidator(_spelled_out)]


if TYPE_CHECKING:
    AnyChannel = ChannelSlot
    AnyAdvantage = AdvantageSlot
    AnyPost = PostSlot
    AnyWeight = WeightSlot
    AnyAdditive = AdditiveSlot
    AnyClip = ClipSlot
    AnyRegulariser = RegulariserSlot
else:
    AnyChannel = _any(ChannelSlot)
    AnyAdvantage = _any(AdvantageSlot)
    AnyPost = _any(PostSlot)
    AnyWeight = _any(WeightSlot)
    AnyAdditive = _any(AdditiveSlot)
    AnyClip = _any(ClipSlot)
    AnyRegulariser = _any(RegulariserSlot)
