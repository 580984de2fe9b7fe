"""Execute tool calls: validate arguments, run the tool, record the result.

Invalid arguments return :class:`~agent.tool_results.Refused`, so that a policy can correct itself;
a failed engine is an error of the call, never an empty result.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from agent.policy import ToolRequest
from agent.tool_results import Refused, ToolResult, version_ids
from agent.tools.installed import VARIABLE, Tool, chosen_tools
from agent.tools.statutes import (
    Scope,
    compare_versions,
    list_versions,
    read_provision,
    search_result,
    search_statutes,
    statute_query,
)
from agent.tools.tool_schema import arguments_model, tool_schema, validated
from agent.trace import ToolCall, Turn
from corpus.errors import BadInputError, InForceError

TOOLS: dict[str, Tool] = {
    tool.__name__: tool
    for tool in (search_statutes, read_provision, list_versions, compare_versions)
}
SEARCH = search_statutes.__name__
SCHEMAS: tuple[dict[str, Any], ...] = tuple(tool_schema(tool) for tool in TOOLS.values())


def tools_in_use() -> Mapping[str, Tool]:
    """Return the four tools and the installed ones that ``INFORCE_TOOLS`` names.

    Raises:
        BadInputError: one that it names is missing, or is no tool.
    """
    return {**chosen_tools(os.environ.get(VARIABLE, "")), **TOOLS}


def schemas_in_use() -> tuple[dict[str, Any], ...]:
    """Return the schemas of the tools in use, those of the four first; raises as they do."""
    added = [tool for name, tool in tools_in_use().items() if name not in TOOLS]
    return (*SCHEMAS, *(tool_schema(tool) for tool in added))


def run_tool(scope: Scope, request: ToolRequest) -> ToolCall:
    """Execute one call. Never raises for a failed engine: ``error`` says what failed."""
    clock = time.perf_counter()
    result: ToolResult | None = None
    error = None
    try:
        result = _called(scope, request)
    except BadInputError as problem:
        result = Refused(problem=str(problem))
    except InForceError as failure:
        error = str(failure)
    return ToolCall(
        id=request.id,
        name=request.name,
        arguments=request.arguments,
        result=result,
        error=error,
        milliseconds=(time.perf_counter() - clock) * 1000,
    )


def run_together(scope: Scope, requests: Sequence[ToolRequest]) -> tuple[ToolCall, ...]:
    """Execute the calls of one turn together; a failed call does not affect the others."""
    groups = grouped(requests)
    if not groups:
        return ()
    if len(groups) == 1:
        return run_group(scope, requests)
    with ThreadPoolExecutor(len(groups) - 1, thread_name_prefix="tool") as pool:
        others = [pool.submit(run_group, scope, group) for group in groups[1:]]
        first = run_group(scope, groups[0])
    return in_order(requests, [*first, *(call for each in others for call in each.result())])


def grouped(requests: Sequence[ToolRequest]) -> list[tuple[ToolRequest, ...]]:
    """Return the calls in groups to be executed together: all searches, each other alone."""
    searches = tuple(request for request in requests if request.name == SEARCH)
    others: list[tuple[ToolRequest, ...]]
    others = [(request,) for request in requests if request.name != SEARCH]
    return [searches, *others] if searches else others


def in_order(requests: Sequence[ToolRequest], calls: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
    """Return the results of :func:`grouped` calls in the order of the requests."""
    made = list(calls)
    searches = (call for call in made if call.name == SEARCH)
    others = (call for call in made if call.name != SEARCH)
    return tuple(next(searches if request.name == SEARCH else others) for request in requests)


def run_group(scope: Scope, group: Sequence[ToolRequest]) -> tuple[ToolCall, ...]:
    """Execute one group; several searches are one request to the index."""
    if len(group) > 1:
        try:
            return tuple(_searched(scope, group))
        except InForceError:
            pass  # of those that are at fault, each says so for itself
    return tuple(run_tool(scope, request) for request in group)


def _searched(scope: Scope, group: Sequence[ToolRequest]) -> Iterator[ToolCall]:
    clock = time.perf_counter()
    queries = [statute_query(scope, **_arguments(request)) for request in group]
    found = scope.library.index.search_many(queries)
    share = (time.perf_counter() - clock) * 1000 / len(group)
    for request, query, hits in zip(group, queries, found, strict=True):
        yield ToolCall(
            id=request.id,
            name=request.name,
            arguments=request.arguments,
            result=search_result(scope, query, hits),
            milliseconds=share,
        )


def returned_ids(turns: Iterable[Turn]) -> frozenset[str]:
    """Return every version id that a tool returned in these turns."""
    calls = (call for turn in turns for call in turn.calls)
    return frozenset(found for call in calls for found in version_ids(call.result))


def _called(scope: Scope, request: ToolRequest) -> ToolResult:
    arguments = _arguments(request)
    return tools_in_use()[request.name](scope, **arguments)


def _arguments(request: ToolRequest) -> dict[str, Any]:
    tools = tools_in_use()
    tool = tools.get(request.name)
    if tool is None:
        raise BadInputError(f"There is no tool '{request.name}'; there are {', '.join(tools)}.")
    return dict(validated(arguments_model(tool), request.arguments, request.name))
