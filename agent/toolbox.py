"""How a call is carried out: checked arguments, one tool, an honest record of what came back.

Unusable arguments come back as :class:`~agent.results.Refused`, so that a policy may correct
itself; a failed engine is an error of the call, never an empty result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from agent.policy import ToolRequest
from agent.results import Refused
from agent.schema import arguments_model, tool_schema
from agent.tools import Scope, compare_versions, list_versions, read_provision, search_statutes
from agent.trace import ToolCall, Turn
from corpus.errors import BadInputError, InForceError
from corpus.model import Frozen

TOOLS: dict[str, Callable[..., Frozen]] = {
    tool.__name__: tool
    for tool in (search_statutes, read_provision, list_versions, compare_versions)
}
SCHEMAS: tuple[dict[str, Any], ...] = tuple(tool_schema(tool) for tool in TOOLS.values())


def run_tool(scope: Scope, request: ToolRequest) -> ToolCall:
    """Carry out one request. Never raises for a failed engine: ``error`` says what failed."""
    clock = time.perf_counter()
    result: Frozen | None = None
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
        result=None if result is None else result.model_dump(mode="json"),
        error=error,
        milliseconds=(time.perf_counter() - clock) * 1000,
    )


def returned_ids(turns: Iterable[Turn]) -> frozenset[str]:
    """Return every version id that a tool returned in these turns.

    Ids are read from the fields that tools fill, so an id that merely stands in the text of a
    provision does not count.
    """
    return frozenset(id_ for turn in turns for call in turn.calls for id_ in _ids(call.result))


def _called(scope: Scope, request: ToolRequest) -> Frozen:
    tool = TOOLS.get(request.name)
    if tool is None:
        raise BadInputError(f"There is no tool '{request.name}'; there are {', '.join(TOOLS)}.")
    try:
        arguments = arguments_model(tool).model_validate(request.arguments)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInputError(f"{request.name}, argument '{place}': {first['msg']}.") from None
    return tool(scope, **dict(arguments))


def _ids(result: Any) -> Iterator[str]:
    if isinstance(result, dict):
        for key, value in result.items():
            if key == "version_id":
                yield value
            elif key == "version_ids":
                yield from value
            else:
                yield from _ids(value)
    elif isinstance(result, list | tuple):
        for item in result:
            yield from _ids(item)
