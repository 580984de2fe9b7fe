"""The list of mutations, and the tests that must catch each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).parent / "mutations.toml"


@dataclass(frozen=True)
class Mutation:
    """A replacement of text in one file, and what goes wrong by it."""

    what: str
    file: str
    old: str
    new: str

    def applied(self, text: str) -> str:
        """Return the text of the file with the mutation.

        Raises:
            ValueError: the replaced text does not occur exactly once.
        """
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times: {self.old}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Mutations:
    """All mutations, and the tests of each file or folder."""

    tests: Mapping[str, tuple[str, ...]]
    mutations: tuple[Mutation, ...]

    def tests_of(self, mutation: Mutation) -> tuple[str, ...]:
        """Return the tests of the mutation's file: those of the longest path that contains it."""
        paths = [path for path in self.tests if mutation.file.startswith(path)]
        return self.tests[max(paths, key=len)]


def read_mutations() -> Mutations:
    """Read ``mutations.toml``."""
    table = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return Mutations(
        tests={path: tuple(tests) for path, tests in table["tests"].items()},
        mutations=tuple(Mutation(**one) for one in table["mutation"]),
    )
