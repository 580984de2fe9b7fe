"""What the code imports is declared, with bounds."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("corpus", "retrieval", "agent", "rl", "eval", "ui")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
UNDECLARED = {
    "lancedb": "a contender of one benchmark, installed by hand",
    "pyarrow": "comes with lancedb",
    "pydantic_core": "pydantic pins it",
    "urllib3": "elastic-transport pins it",
}


def declared() -> dict[str, str]:
    needs = [*PROJECT["dependencies"]]
    for extra in PROJECT["optional-dependencies"].values():
        needs += extra
    names = (re.match(r"([\w.-]+)(?:\[\w+\])?(.*)", need) for need in needs)
    return {found[1].lower().replace("_", "-"): found[2] for found in names if found}


def imported() -> set[str]:
    names: set[str] = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.split(".")[0])
    return names - set(ROOMS) - set(sys.stdlib_module_names) - {"tests", "inforce", "eval"}


def test_every_package_that_is_imported_is_declared() -> None:
    owners = packages_distributions()
    known = declared()
    missing = {
        name
        for name in imported() - set(UNDECLARED)
        if not {name.replace("_", "-"), *(o.lower() for o in owners.get(name, ()))} & set(known)
    }
    assert missing == set()


def test_every_package_of_the_core_has_an_upper_bound() -> None:
    free = {"tzdata", "langsmith"}  # dated releases; zero versions whose bound langchain-core holds
    core = {re.match(r"[\w.-]+", need)[0] for need in PROJECT["dependencies"]}  # type: ignore[index]
    loose = {
        name for name in core - free if "<" not in declared()[name] and "==" not in declared()[name]
    }
    assert loose == set()
