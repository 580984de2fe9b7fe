"""The methods that a recipe can name. One file each, one line each in ``MODULES``.

A method's ``kind`` names it in a recipe, alone (``clip = "nsr"``) or with its settings
(``clip = {kind = "nsr", p = 0.2}``). ``docs/methods.md`` explains them all.
"""

from __future__ import annotations

from importlib import import_module

from rl.objective.slots import Slot

MODULES = (
    "stock",
    "nsr",
    "kl_cov",
    "rlif",
    "tiar",
    "lampo",
    "delta",
    "ftis",
    "opd",
    "wpg",
    "entropy",
)


def _slots_of(name: str) -> dict[str, type[Slot]]:
    module = import_module(f"rl.objective.methods.{name}")
    defined = [value for value in vars(module).values() if isinstance(value, type)]
    return {
        slot.model_fields["kind"].default: slot
        for slot in defined
        if issubclass(slot, Slot) and slot.__module__ == module.__name__
    }


METHODS: dict[str, type[Slot]] = {
    kind: slot for name in MODULES for kind, slot in _slots_of(name).items()
}
"""Every method's settings by kind: what a recipe's table is read as, and which slot it fills."""
