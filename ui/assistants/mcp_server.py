"""An MCP server of the dated verbs, with the official SDK: over stdio or streamable HTTP."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import anyio
from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server

from corpus.errors import InForceError
from ui.assistants.desk import Desk
from ui.assistants.keys import Caller, anybody
from ui.assistants.own import own_verbs
from ui.assistants.verbs import ASK, Verb, offered

INSTRUCTIONS = (
    "Legislation as it stood on a given day. Every tool needs as_at, the day whose law governs the "
    "case: ask the user for it, never assume today. Cite a version only from a result, with its "
    "interval. A result that is empty or an abstention means that the library does not answer."
)


def mcp_server(desk: Desk) -> Server[dict[str, Any]]:
    """Return the server; an error is a result of one sentence, not a crash.

    Tools only read, but ``ask`` keeps the answer of a person who calls with a key of theirs.
    """

    async def listed(
        context: ServerRequestContext[Any, Any], _: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        keeps = not _caller(context).person.local
        verbs = (*offered(), *(own_verbs() if keeps else ()))
        return types.ListToolsResult(tools=[_tool(verb, keeps=keeps) for verb in verbs])

    async def called(
        context: ServerRequestContext[Any, Any], asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        given = asked.arguments or {}
        return await anyio.to_thread.run_sync(_called, desk, asked.name, given, _caller(context))

    return Server(
        "inforce",
        title="InForce",
        version=version("inforce"),
        instructions=INSTRUCTIONS,
        on_list_tools=listed,
        on_call_tool=called,
    )


async def serve_stdio(desk: Desk) -> None:
    """Serve on standard input and output until the input ends."""
    server = mcp_server(desk)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _caller(context: ServerRequestContext[Any, Any]) -> Caller:
    """Return who calls, as :class:`KeyNeeded` found over HTTP; else the local person."""
    state = context.request.scope.get("state", {}) if context.request is not None else {}
    caller: Caller = state.get("caller") or anybody()
    return caller


def _tool(verb: Verb, *, keeps: bool) -> types.Tool:
    return types.Tool(
        name=verb.name,
        description=verb.description,
        input_schema=verb.parameters,
        annotations=types.ToolAnnotations(
            read_only_hint=not (keeps and verb.name == ASK),
            destructive_hint=False,
            idempotent_hint=not (keeps and verb.name == ASK),
            open_world_hint=False,
        ),
    )


def _called(
    desk: Desk, name: str, arguments: dict[str, Any], caller: Caller
) -> types.CallToolResult:
    try:
        found = desk.call(name, arguments, caller)
    except InForceError as error:
        return _result(str(error), None)
    return _result(json.dumps(found, ensure_ascii=False), found)


def _result(text: str, found: dict[str, Any] | None) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=found,
        is_error=found is None,
    )
