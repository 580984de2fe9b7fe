"""Read recipes from TOML and check them, before anything is opened. Needs no torch."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rl.objective.methods.settings import SETTINGS, SLOTS, kinds_of
from rl.recipes.budget import batch_budget
from rl.recipes.compatibility import check_composition
from rl.recipes.former_names import FORMER
from rl.recipes.recipe import Recipe, RecipeError


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe, by the name of one that comes with InForce, or from a file.

    Args:
        name: such as ``tiny-grpo``, or a path ending in ``.toml``.
        overrides: settings to change, each ``table.field=value``; the value is TOML, or else a
            plain string.

    Raises:
        RecipeError: there is no such recipe, or a setting is unknown, invalid or incompatible.
    """
    table = _table(name)
    for override in overrides:
        _set(table, override)
    _place_files(table, Path())
    return read_recipe(table, f"{name.removesuffix('.toml')}.toml")


def _table(name: str) -> dict[str, Any]:
    """Read a recipe's table, merged over the recipe that it ``extends``."""
    path = _find(name)
    table = read_toml(path, name)
    named = {"name": path.stem, **table}
    _place_files(named, path.parent)
    parent = named.pop("extends", None)
    if parent == name:
        raise RecipeError(f"The recipe {name} extends itself.")
    return named if parent is None else _over(_table(parent), named)


def read_toml(path: Path, name: str) -> dict[str, Any]:
    """Read the file of the recipe ``name``.

    Raises:
        RecipeError: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise RecipeError(f"The recipe {name} cannot be read: {fault.strerror}.") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise RecipeError(f"{path.name} is not TOML: {fault}.") from fault


def _place_files(table: Mapping[str, Any], folder: Path) -> None:
    """Make paths of reward files and prompts absolute; those in a recipe are relative to it."""
    judge = table.get("judge")
    if isinstance(judge, dict) and str(judge.get("prompt", "")).endswith(".txt"):
        judge["prompt"] = str((folder / Path(judge["prompt"]).expanduser()).resolve())
    rewards = table.get("rewards")
    if not isinstance(rewards, dict):
        return
    named = rewards.get("plugins")
    if isinstance(named, list) and all(isinstance(one, str) for one in named):
        rewards["plugins"] = [str((folder / Path(one).expanduser()).resolve()) for one in named]


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``below`` updated with ``above``; nested tables are merged, other values replaced."""
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        if (
            isinstance(below[key], dict)
            and isinstance(above[key], dict)
            and "kind" not in above[key]
        ):
            merged[key] = _over(below[key], above[key])
    return merged


def read_recipe(table: Mapping[str, Any], source: str) -> Recipe:
    """Validate a table and return the recipe.

    Raises:
        RecipeError: a field is unknown, of the wrong type, or contradicts another.
    """
    try:
        recipe = Recipe.model_validate(table)
    except ValidationError as fault:
        raise RecipeError(f"{source}, {_problem(fault)}") from fault
    batch_budget(recipe.train)
    check_composition(recipe)
    return recipe


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with InForce."""
    folder = Path(str(files("rl"))) / "recipes"
    return sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.toml"))


def _find(name: str) -> Path:
    if name.endswith(".toml"):
        return Path(name).expanduser()
    if name in recipe_names():
        return Path(str(files("rl"))) / "recipes" / f"{name}.toml"
    near = difflib.get_close_matches(name, recipe_names(), 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(recipe_names())}."
    raise RecipeError(f"There is no recipe '{name}': {hint} A file's name ends in .toml.")


def _set(table: dict[str, Any], override: str) -> None:
    """Set one ``table.field=value`` override in a table."""
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise RecipeError(f"--set {override}: write it as table.field=value.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *above, last = key.split(".")
    for part in above:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {override}: '{part}' is no table.")
    table[last] = value


def _problem(fault: ValidationError) -> str:
    """Return the first validation error as one sentence with the setting's name."""
    first = fault.errors(include_url=False)[0]
    location, kind = _without_kind(first["loc"])
    field = f"field '{'.'.join(map(str, location))}'" + (f" of {kind}" if kind else "")
    if first["type"] != "extra_forbidden":
        return f"{field}: {first['msg'].removeprefix('Value error, ')}"
    present = FORMER.get(".".join(map(str, location)))
    if present is not None:
        return f"{field} is now called '{present}'."
    known = list(SETTINGS[kind].model_fields) if kind else _fields(location[:-1])
    return f"{field}: there is no such setting{_hint(str(location[-1]), known)}"


def _hint(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"; did you mean '{near[0]}'?" if near else "."


def _without_kind(location: tuple[int | str, ...]) -> tuple[tuple[int | str, ...], str]:
    """Return the keys that lead to a setting, and the method whose setting it is, or ``""``.

    Where several methods fit, pydantic puts the name of the one read between slot and setting.
    """
    match location:
        case ("objective", str(slot), *rest) if slot in SLOTS and rest:
            fitting = kinds_of(slot)
            at = len(location) - len(rest) + isinstance(rest[0], int)
            if location[at:] and location[at] in fitting:
                return (*location[:at], *location[at + 1 :]), str(location[at])
            return location, fitting[0] if len(fitting) == 1 else ""
    return location, ""


def _fields(location: tuple[int | str, ...]) -> list[str]:
    """Return the names of the settings in the table at a location."""
    table: Any = Recipe
    for part in location:
        found = table.model_fields[part].annotation if part in table.model_fields else None
        options = [found, *getattr(found, "__args__", ())]
        table = next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)
        if table is None:
            return []
    return list(table.model_fields)
