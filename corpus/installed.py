"""What installed packages add to InForce: the entries of its entry-point groups.

A package names them in its ``pyproject.toml``, such as ``[project.entry-points."inforce.tools"]``.
Nothing is imported before :meth:`Installed.load`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from corpus.errors import BadInputError

REWARDS = "inforce.rewards"
METHODS = "inforce.methods"
TOOLS = "inforce.tools"
POLICIES = "inforce.policies"


@dataclass(frozen=True)
class Installed:
    """An entry of a group: its name, and the package that it comes from."""

    name: str
    source: str
    entry: EntryPoint

    def load(self) -> object:
        """Import what the entry names.

        Raises:
            BadInputError: it cannot be imported.
        """
        try:
            return self.entry.load()
        except Exception as fault:
            raise self.refused(f"cannot be loaded: {type(fault).__name__}: {fault}") from fault

    def refused(self, words: str) -> BadInputError:
        """Return the error that the entry ``words``, such as "is no function"."""
        kind = self.entry.group.removeprefix("inforce.")
        return BadInputError(f"{self.name} of {self.source} ({kind}, {self.entry.value}) {words}.")


def installed(group: str) -> tuple[Installed, ...]:
    """Return the entries of a group, by name."""
    found = (
        Installed(entry.name, entry.dist.name if entry.dist else entry.module, entry)
        for entry in entry_points(group=group)
    )
    return tuple(sorted(found, key=lambda one: (one.name, one.source)))


def find_installed(group: str, name: str) -> Installed | None:
    """Return the entry of a name; ``None`` if there is none.

    Raises:
        BadInputError: two packages offer it.
    """
    found = [one for one in installed(group) if one.name == name]
    if len(found) > 1:
        raise found[1].refused(f"has the name of one of {found[0].source}")
    return found[0] if found else None
