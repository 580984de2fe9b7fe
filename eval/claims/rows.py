"""What is claimed of each method, and the arms that test it: read from ``recipes/*.toml``."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from corpus.errors import BadInputError
from corpus.model import Frozen
from rl.config import read_toml
from rl.lab_runs import Trial

Metric = Literal["accuracy", "abstention", "retained"]


class Row(Frozen):
    """One comparison.

    ``controls`` compete on the selection works; the best of them (or the one that ended as far
    from the start as the method, where ``matched``) is what the method is held against on the test
    works. ``references`` are run and shown, nothing more.
    """

    method: str
    claimed: str
    published: str
    metric: Metric
    arms: tuple[Trial, ...] = Field(min_length=1)
    controls: tuple[Trial, ...] = Field(min_length=1)
    references: tuple[Trial, ...] = ()
    matched: bool = False

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Return every arm."""
        return (*self.arms, *self.controls, *self.references)


def methods() -> tuple[str, ...]:
    """Return the methods of which something is claimed."""
    return tuple(sorted(path.stem for path in _home().glob("*.toml")))


def rows_of(method: str | None = None) -> tuple[Row, ...]:
    """Return the rows of a method, of a recipe file of one's own (``*.toml``), or all.

    Raises:
        BadInputError: no claim is about it, or the file says something that cannot be.
    """
    if method is None:
        return tuple(row for one in methods() for row in rows_of(one))
    if method.endswith(".toml"):
        return _read(Path(method).expanduser())
    if method not in methods():
        known = ", ".join(methods())
        raise BadInputError(f"No claim is tested about '{method}': there are {known}.")
    return _read(_home() / f"{method}.toml")


def _home() -> Path:
    return Path(str(files("eval.claims"))) / "recipes"


def _read(path: Path) -> tuple[Row, ...]:
    table = read_toml(path, str(path))
    if not isinstance(table.get("rows"), list) or len(table) > 1:
        raise BadInputError(f"{path.name}: a recipe of claims is a list of [[rows]], nothing else.")
    return tuple(_row(path, number, one) for number, one in enumerate(table["rows"], 1))


def _row(path: Path, number: int, table: Any) -> Row:
    try:
        return Row.model_validate({"method": path.stem, **table})
    except (ValidationError, TypeError) as fault:
        first = fault.errors(include_url=False)[0] if isinstance(fault, ValidationError) else None
        where = ".".join(map(str, first["loc"])) if first else "rows"
        why = first["msg"] if first else "it is no table"
        raise BadInputError(f"{path.name}, row {number}, field '{where}': {why}.") from fault
