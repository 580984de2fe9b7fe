"""Claim specs: the claim of a method and the arms that test it, one TOML file per method.

The arms of ``recipes/`` are run in the laboratory, those of ``agent/`` on the legal agent.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import Field, ValidationError

from corpus.errors import BadInputError
from corpus.model import Frozen
from rl.recipes.load import read_toml

Metric = Literal["accuracy", "abstention", "retained", "consistency"]
T = TypeVar("T", bound=Frozen)


class ClaimSpec(Frozen, Generic[T]):
    """One comparison of a method with controls.

    The best of the ``controls`` is chosen on the selection works (if ``matched``, the one that ends
    as far from the start as the method), and the method is compared with it on the test works.
    ``references`` are run and reported only.
    """

    method: str
    claimed: str
    published: str
    metric: Metric
    arms: tuple[T, ...] = Field(min_length=1)
    controls: tuple[T, ...] = Field(min_length=1)
    references: tuple[T, ...] = ()
    matched: bool = False

    @property
    def trials(self) -> tuple[T, ...]:
        """Return every arm."""
        return (*self.arms, *self.controls, *self.references)


def methods(folder: str) -> tuple[str, ...]:
    """Return the methods that have a claim spec."""
    return tuple(sorted(path.stem for path in _home(folder).glob("*.toml")))


def claim_specs_of(method: str | None, kind: type[T], folder: str) -> tuple[ClaimSpec[T], ...]:
    """Return the claim specs of a method, of a ``.toml`` file, or all.

    Args:
        method: a method's name, a path, or ``None`` for all.
        kind: class of the arms.
        folder: folder of the claim specs that come with InForce.

    Raises:
        BadInputError: there is no claim about the method, or the file is invalid.
    """
    if method is None:
        return tuple(row for one in methods(folder) for row in claim_specs_of(one, kind, folder))
    if method.endswith(".toml"):
        return _read(Path(method).expanduser(), kind)
    if method not in methods(folder):
        known = ", ".join(methods(folder))
        raise BadInputError(f"No claim is tested about '{method}': there are {known}.")
    return _read(_home(folder) / f"{method}.toml", kind)


def _home(folder: str) -> Path:
    return Path(str(files("eval.claims"))) / folder


def _read(path: Path, kind: type[T]) -> tuple[ClaimSpec[T], ...]:
    table = read_toml(path, str(path))
    if not isinstance(table.get("rows"), list) or len(table) > 1:
        raise BadInputError(f"{path.name}: a recipe of claims is a list of [[rows]], nothing else.")
    return tuple(_row(path, number, one, kind) for number, one in enumerate(table["rows"], 1))


def _row(path: Path, number: int, table: Any, kind: type[T]) -> ClaimSpec[T]:
    try:
        return ClaimSpec[kind].model_validate({"method": path.stem, **table})  # type: ignore[valid-type]
    except (ValidationError, TypeError) as fault:
        first = fault.errors(include_url=False)[0] if isinstance(fault, ValidationError) else None
        where = ".".join(map(str, first["loc"])) if first else "rows"
        why = first["msg"] if first else "it is no table"
        raise BadInputError(f"{path.name}, row {number}, field '{where}': {why}.") from fault
