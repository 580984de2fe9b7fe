"""LangChain's retriever and tools find what was in force, and refuse a call without a date."""

from __future__ import annotations

import json
from datetime import date

import pytest
from pydantic import ValidationError

from agent.library import Library
from ui.assistants.langchain import LawRetriever, law_tools


def test_a_retriever_finds_what_was_in_force_on_its_day(library: Library) -> None:
    for day, interval in ((date(2006, 4, 4), "2006-04-05"), (date(2006, 4, 5), "2013-05-19")):
        found = LawRetriever(library=library, as_at=day, jurisdictions=("fr",)).invoke(
            "âge mariage"
        )
        ages = [doc for doc in found if doc.metadata["label"] == "art. 144"]
        assert [doc.metadata["valid_to"] for doc in ages] == [interval]
        assert ages[0].id == ages[0].metadata["version_id"]
        assert "text" not in ages[0].metadata


def test_a_retriever_has_no_date_of_its_own(library: Library) -> None:
    with pytest.raises(ValidationError, match="as_at"):
        LawRetriever(library=library)  # type: ignore[call-arg]


def test_the_tools_are_those_of_the_agent_and_need_a_date(library: Library) -> None:
    tools = {tool.name: tool for tool in law_tools(library)}
    assert set(tools) == {
        "search_statutes",
        "read_provision",
        "list_versions",
        "compare_versions",
    }
    read = tools["read_provision"]
    said = read.invoke({"reference": "art. 144 Code civil", "as_at": "2006-04-04"})
    assert "quinze ans" in json.loads(said)["passage"]["text"]
    assert "give one day" in read.invoke({"reference": "art. 144 Code civil", "as_at": "today"})
    with pytest.raises(ValidationError, match="as_at"):
        read.invoke({"reference": "art. 144 Code civil"})
