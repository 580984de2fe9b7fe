"""All that installed packages add: rewards, methods, tools and policies, and what is wrong."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

from agent.tools.installed import tool_of
from corpus.errors import BadInputError
from corpus.installed import METHODS, POLICIES, REWARDS, TOOLS, Installed, installed
from corpus.model import Frozen
from rl.objective.methods.settings import method_of
from rl.rewards.plugins import rewards_of


class InstalledPart(Frozen):
    """An entry of an installed package, as ``inforce plugins`` prints it.

    Attributes:
        kind: ``reward``, ``method``, ``tool`` or ``policy``.
        name: its name, as recipes and options write it.
        source: the package.
        about: first sentence of its description.
        problem: why it cannot be used; null if it can.
    """

    kind: str
    name: str
    source: str
    about: str = ""
    problem: str | None = None


def installed_parts() -> tuple[InstalledPart, ...]:
    """Return every entry of InForce's groups; one that is broken has a ``problem``."""
    kinds: dict[str, tuple[str, Callable[[Installed], str]]] = {
        REWARDS: ("reward", lambda one: "; ".join(r.measures for r in rewards_of(one))),
        METHODS: ("method", lambda one: _about(method_of(one))),
        TOOLS: ("tool", lambda one: _about(tool_of(one))),
        POLICIES: ("policy", lambda one: _about(one.load())),
    }
    return tuple(part for group, how in kinds.items() for part in _parts(group, *how))


def _parts(group: str, kind: str, described: Callable[[Installed], str]) -> Iterator[InstalledPart]:
    for one in installed(group):
        about, problem = "", None
        try:
            about = described(one)
        except BadInputError as fault:
            problem = str(fault)
        yield InstalledPart(
            kind=kind, name=one.name, source=one.source, about=about, problem=problem
        )


def _about(found: object) -> str:
    return " ".join((inspect.getdoc(found) or "").partition("\n\n")[0].split())
