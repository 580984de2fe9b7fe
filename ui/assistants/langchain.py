"""LangChain: the dated search as a retriever, and the dated tools as tools of an agent."""

from __future__ import annotations

from functools import partial
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import StructuredTool
from pydantic import ConfigDict, SkipValidation

from agent.library import Library
from agent.tool_results import SearchResult
from agent.tools.tool_schema import arguments_model
from agent.tools.toolbox import SCHEMAS, TOOLS
from corpus.errors import BadInputError
from corpus.model import Day
from ui.assistants.verbs import use_tool


class LawRetriever(BaseRetriever):
    """Retrieves provisions in force on ``as_at``, which has no default.

    A document holds the text; its metadata are the other fields of a
    :class:`~agent.tool_results.Passage`: version, interval, act, number.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: SkipValidation[Library]
    as_at: Day
    limit: int = 8
    jurisdictions: tuple[str, ...] = ()

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
    ) -> list[Document]:
        """Return the provisions found, best first."""
        arguments = {
            "query": query,
            "as_at": self.as_at.isoformat(),
            "limit": self.limit,
            "jurisdictions": self.jurisdictions,
        }
        found = use_tool(self.library, "search_statutes", arguments)
        assert isinstance(found, SearchResult)
        return [
            Document(
                id=hit.version_id,
                page_content=hit.text,
                metadata=hit.model_dump(mode="json", exclude={"text"}),
            )
            for hit in found.hits
        ]


def law_tools(library: Library) -> list[StructuredTool]:
    """Return the four dated tools for an agent; their results are JSON.

    Invalid arguments are a result of one sentence, so that the agent can correct itself.
    """
    return [_tool(library, schema["function"]) for schema in SCHEMAS]


def _tool(library: Library, schema: dict[str, Any]) -> StructuredTool:
    return StructuredTool(
        name=schema["name"],
        description=schema["description"],
        args_schema=arguments_model(TOOLS[schema["name"]]),
        func=partial(_used, library, schema["name"]),
    )


def _used(library: Library, name: str, **arguments: Any) -> str:
    try:
        return use_tool(library, name, arguments).model_dump_json()
    except BadInputError as error:
        return str(error)
