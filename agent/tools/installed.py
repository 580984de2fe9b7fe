"""Tools of installed packages, used where ``INFORCE_TOOLS`` names them.

A tool is a function like those of :mod:`agent.tools.statutes`: its first argument is the scope, one
argument is the day ``as_at``, its docstring describes every other one, and it returns one of the
kinds of :mod:`agent.tool_results`, so that it is shown, checked and scored as those of the four
tools are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any, get_args

from agent.tool_results import ToolResult
from agent.tools.tool_schema import tool_schema
from corpus.errors import BadInputError, InForceError
from corpus.installed import TOOLS, Installed, find_installed, installed

VARIABLE = "INFORCE_TOOLS"
"""Environment variable with the names of the tools in use, divided by commas."""

Tool = Callable[..., ToolResult]

_KINDS = get_args(get_args(ToolResult)[0])


@cache
def chosen_tools(named: str) -> Mapping[str, Tool]:
    """Return the installed tools in a list of names divided by commas.

    Raises:
        BadInputError: there is no such tool, or it is none.
    """
    found = {}
    for name in filter(None, (part.strip() for part in named.split(","))):
        one = find_installed(TOOLS, name)
        if one is None:
            there = ", ".join(each.name for each in installed(TOOLS)) or "none"
            raise BadInputError(f"{VARIABLE}: there is no installed tool '{name}'; there: {there}.")
        found[name] = tool_of(one)
    return found


def tool_of(one: Installed) -> Tool:
    """Return the tool of an entry.

    Raises:
        BadInputError: it cannot be loaded, takes no day, or is not described.
    """
    function = one.load()
    if not callable(function) or getattr(function, "__name__", None) != one.name:
        raise one.refused("is no function of that name")
    if "as_at" not in inspect.signature(function).parameters:
        raise one.refused("does not take the day: every tool has an argument as_at")
    try:
        tool_schema(function)
    except KeyError as missing:
        raise one.refused(f"does not describe its argument {missing} in its docstring") from None
    return _checked(one, function)


def _checked(one: Installed, function: Callable[..., Any]) -> Tool:
    @wraps(function)
    def tool(*scope: Any, **arguments: Any) -> ToolResult:
        try:
            result = function(*scope, **arguments)
        except InForceError:
            raise
        except Exception as fault:
            words = f"{one.name} of {one.source} failed: {type(fault).__name__}: {fault}."
            raise InstalledToolError(words) from fault
        if not isinstance(result, _KINDS):
            kind = type(result).__name__
            raise InstalledToolError(
                f"{one.name} of {one.source} returned {kind}, which is no tool result."
            )
        return result  # type: ignore[no-any-return]

    return tool


class InstalledToolError(InForceError):
    """The tool of another package failed; the call has an error, and the run goes on."""
