"""The library and policy of a long-running server; opened again when the index was rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

from agent.library import Library
from agent.policies.registry import PolicyChoice, open_policy
from agent.policy import Policy
from agent.tool_results import ToolResult
from agent.tools.tool_schema import validated
from agent.trace import Trace
from corpus.settings import Settings
from ui.assistants.keys import Caller
from ui.assistants.own import OWN, keep, use_own
from ui.assistants.verbs import ASK, AskArguments, answer, use_tool

NOT_TOLD = {"turns", "settings"}
"""Fields of a trace that an assistant is not sent: how the answer was found."""


class Desk:
    """Opens the library on the first call. Thread-safe.

    A library that was replaced is not closed, since calls that began with it may still read it.
    """

    def __init__(self, settings: Settings, choice: PolicyChoice | None = None) -> None:
        self._settings = settings
        self._choice = choice or PolicyChoice.load()
        self._lock = Lock()
        self._opened: tuple[Library, Policy] | None = None

    @property
    def library(self) -> Library:
        """Return the library in its newest indexed state.

        Raises:
            StoreError: there is no store.
            IndexMissingError: there is no index, or it was built from another corpus.
        """
        return self._current()[0]

    @property
    def settings(self) -> Settings:
        """Return the settings of the installation."""
        return self._settings

    def ask(self, asked: AskArguments, caller: Caller) -> Trace:
        """Return the trace of a question; it is kept if a person asked with a key of theirs.

        Raises:
            BadInputError: the request is invalid.
            StoreError: there is no store.
            IndexMissingError: there is no index.
        """
        trace = answer(*self._current(), asked)
        keep(self._settings, caller, trace)
        return trace

    def tool(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Return the result of one of the four tools.

        Raises:
            BadInputError: there is no such tool, or an argument is invalid.
            InForceError: the library cannot be opened, or the engine failed.
        """
        return use_tool(self.library, name, arguments)

    def call(self, name: str, arguments: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """Return the result of a verb as JSON, for a program that calls verbs by name.

        Raises:
            BadInputError: there is no such verb, or an argument is invalid.
            InForceError: the library cannot be opened, or the engine failed.
        """
        if name == ASK:
            trace = self.ask(validated(AskArguments, arguments, name), caller)
            return trace.model_dump(mode="json", exclude=NOT_TOLD)
        if name in OWN and not caller.person.local:
            return use_own(self._settings, caller, name, arguments)
        return self.tool(name, arguments).model_dump(mode="json")

    def _current(self) -> tuple[Library, Policy]:
        with self._lock:
            if self._opened is None or self._opened[0].outdated:
                library = Library.open(self._settings)
                self._opened = library, open_policy(self._choice, library.works)
            return self._opened
