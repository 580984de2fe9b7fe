"""The verbs that other programs call: the four dated tools, and ``ask``.

Every verb needs a date and stores nothing; :mod:`ui.assistants.own` keeps the answer of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from agent.graph.nodes import Context
from agent.graph.run import MAX_QUESTION, run
from agent.library import Library
from agent.policy import Policy, ToolRequest
from agent.request import AskRequest
from agent.tool_results import Refused, ToolResult
from agent.tools.statutes import Scope
from agent.tools.tool_schema import validated
from agent.tools.toolbox import SCHEMAS, TOOLS, run_tool
from agent.trace import Trace
from corpus.errors import BadInputError, SearchFailedError
from corpus.model import Day, Frozen


class Filters(Frozen):
    """Filters of every verb.

    Attributes:
        jurisdictions: search only in these jurisdictions; empty for all.
        extent: territory, where a text differs by territory.
        known_at: use only what had been published by this date; null for the latest knowledge.
    """

    jurisdictions: tuple[str, ...] = Field((), description="Codes of jurisdictions, such as uk.")
    extent: str | None = Field(None, description="Territory, where a text differs by territory.")
    known_at: Day | None = Field(
        None, description="Use only what had been published by this day, as YYYY-MM-DD."
    )


class AskArguments(Filters):
    """The arguments of ``ask``.

    Attributes:
        question: the question, in the language of the law asked about.
        as_at: the governing date.
        confirmed: whether ``as_at`` counts although the question names other dates.
    """

    question: str = Field(
        min_length=1,
        max_length=MAX_QUESTION,
        description="The question, in the language of the law asked about.",
    )
    as_at: Day = Field(description="The day whose law governs the case, as YYYY-MM-DD.")
    confirmed: bool = Field(
        False, description="Keep as_at although the question names other dates."
    )


ASK = "ask"
ASK_WORDS = (
    "Answer a question from the law in force on one day. Every sentence cites a version and quotes "
    "it word for word, and was verified; otherwise the result is an abstention with its reason."
)


@dataclass(frozen=True)
class Verb:
    """A verb as it is offered: ``parameters`` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]


def offered() -> tuple[Verb, ...]:
    """Return the verbs with their schemas; each requires ``as_at``."""
    tools = (schema["function"] for schema in SCHEMAS)
    filters = plain_schema(Filters.model_json_schema())["properties"]
    return (
        *(
            Verb(
                tool["name"],
                tool["description"],
                {**tool["parameters"], "properties": tool["parameters"]["properties"] | filters},
            )
            for tool in tools
        ),
        Verb(ASK, ASK_WORDS, plain_schema(AskArguments.model_json_schema())),
    )


def plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without titles and without the docstring of its model."""
    bare = {key: value for key, value in schema.items() if key not in {"title", "description"}}
    fields = schema["properties"].items()
    bare["properties"] = {
        name: {key: value for key, value in field.items() if key != "title"}
        for name, field in fields
    }
    return bare


def use_tool(library: Library, name: str, arguments: Mapping[str, Any]) -> ToolResult:
    """Return the result of one of the four tools; filters stand among its arguments.

    Raises:
        BadInputError: there is no such tool, or an argument is missing, unknown or invalid.
        SearchFailedError: the engine failed.
    """
    if name not in TOOLS:
        raise BadInputError(f"There is no verb '{name}'; there are {', '.join((*TOOLS, ASK))}.")
    own = {key: value for key, value in arguments.items() if key not in Filters.model_fields}
    given = {key: value for key, value in arguments.items() if key in Filters.model_fields}
    filters = validated(Filters, given, name)
    scope = Scope(library, filters.known_at, filters.extent, filters.jurisdictions)
    call = run_tool(scope, ToolRequest(id="1", name=name, arguments=own))
    if call.error is not None or call.result is None:
        raise SearchFailedError(f"{name} failed: {call.error}")
    if isinstance(call.result, Refused):
        raise BadInputError(call.result.problem)
    return call.result


def answer(library: Library, policy: Policy, asked: AskArguments) -> Trace:
    """Return the trace of a question with a given governing date; it is not stored.

    Raises:
        BadInputError: the question is empty, or a filter is unknown to the corpus.
    """
    request = AskRequest(
        question=asked.question,
        as_at=asked.as_at,
        known_at=asked.known_at,
        extent=asked.extent,
        jurisdictions=asked.jurisdictions,
        confirmed=asked.confirmed,
    )
    return run(Context(library, policy), request)
