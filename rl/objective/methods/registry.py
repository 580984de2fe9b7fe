"""Registry of training methods: finds the class that implements given settings. Needs torch."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, get_type_hints

from corpus.errors import BadInputError
from rl.objective import methods
from rl.objective.methods.settings import InstalledMethod, MethodSettings
from rl.objective.slots import Slot


def _slots_of(module: Any) -> dict[type[MethodSettings], type[Slot]]:
    defined = [value for value in vars(module).values() if isinstance(value, type)]
    return {
        get_type_hints(slot)["settings"]: slot
        for slot in defined
        if issubclass(slot, Slot) and slot.__module__ == module.__name__
    }


def _files() -> list[Any]:
    names = [found.name for found in iter_modules(methods.__path__, f"{methods.__name__}.")]
    return [import_module(name) for name in names if name != __name__]


METHODS: dict[type[MethodSettings], type[Slot]] = {
    takes: slot for module in _files() for takes, slot in _slots_of(module).items()
}
"""The implementing class of every method, by the class of its settings."""


def method(settings: MethodSettings) -> Slot:
    """Return the method that these settings configure.

    Raises:
        BadInputError: the class of an installed method cannot be loaded, or fills no slot.
    """
    if isinstance(settings, InstalledMethod):
        return _implemented(settings)
    return METHODS[type(settings)](settings)


def _implemented(settings: InstalledMethod) -> Slot:
    module, _, name = settings.implementation.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as fault:
        words = f"The method '{settings.kind}' cannot be loaded: {fault}."
        raise BadInputError(words) from fault
    if not isinstance(found, type) or not issubclass(found, Slot):
        raise BadInputError(f"{settings.implementation} of '{settings.kind}' fills no slot.")
    return found(settings)
