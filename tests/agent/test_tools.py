from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agent.library import Library
from agent.policy import ToolRequest
from agent.tool_results import Comparison, ProvisionReading, SearchResult, VersionList
from agent.tools.statutes import EXCERPT, Scope, _excerpt
from agent.tools.toolbox import SCHEMAS, TOOLS, returned_ids, run_tool
from agent.trace import Turn
from corpus.store import Store
from retrieval.query import Hit

SPEED = "uk/widgets-1990#speed"


def called(library: Library, name: str, scope: Scope | None = None, **arguments: Any) -> Any:
    request = ToolRequest(id="1", name=name, arguments=arguments)
    call = run_tool(scope or Scope(library), request)
    assert call.error is None
    return call.result


def read(library: Library, reference: str, as_at: str, **scope: Any) -> ProvisionReading:
    bound = Scope(library, **scope)
    result = called(library, "read_provision", bound, reference=reference, as_at=as_at)
    return ProvisionReading.model_validate(result)


def test_every_schema_demands_a_date_and_hides_the_library() -> None:
    for schema in SCHEMAS:
        function = schema["function"]
        parameters = function["parameters"]
        assert "as_at" in parameters["required"]
        assert "scope" not in parameters["properties"]
        assert parameters["additionalProperties"] is False
        assert function["description"].endswith(".")
        assert all(field["description"] for field in parameters["properties"].values())
    assert [s["function"]["name"] for s in SCHEMAS] == list(TOOLS)


def test_search_finds_only_what_is_in_force(library: Library) -> None:
    def found(as_at: str) -> list[str]:
        result = called(
            library, "search_statutes", query="register of every widget sold", as_at=as_at
        )
        hits = SearchResult.model_validate(result).hits
        return [hit.version_id for hit in hits if "#register" in hit.version_id]

    assert found("1999-12-31") == ["uk/widgets-1990#register@1990-01-01"]
    assert found("2000-01-01") == ["uk/widgets-1990#register@2000-01-01"]
    assert found("2010-06-01") == []


@pytest.mark.parametrize(
    ("reference", "as_at", "status"),
    [
        ("s 1 Widgets Act 1990", "2005-01-01", "in_force"),
        ("s 1 Widgets Act 1990", "2010-06-01", "repealed"),
        ("uk/widgets-1990#register", "2010-06-01", "repealed"),
        ("uk/widgets-1990#register@1990-01-01", "2010-05-31", "in_force"),
        ("s 4 WA 1990", "2026-01-01", "not_yet_in_force"),
        ("s 6 WA 1990", "2026-01-01", "not_yet_in_force"),
        ("s 1 Harbour Levy Act 2001", "2010-01-01", "coverage_gap"),
        ("s 5 Widgets Act 1990", "2016-01-01", "ambiguous"),
        ("s 99 Widgets Act 1990", "2016-01-01", "not_found"),
        ("uk/widgets-1990#nothing", "2016-01-01", "not_found"),
        ("complete nonsense", "2016-01-01", "not_found"),
    ],
)
def test_reading_answers_with_a_state_and_words(
    library: Library, reference: str, as_at: str, status: str
) -> None:
    reading = read(library, reference, as_at)
    assert reading.status == status
    assert reading.explanation
    assert (reading.passage is not None) == (status == "in_force")


def test_a_number_is_read_on_its_day(library: Library) -> None:
    before, after = (
        read(library, f"s {n} WA 1990", d) for n, d in ((2, "2004-12-31"), (3, "2005-01-01"))
    )
    assert before.passage is not None
    assert after.passage is not None
    assert before.passage.version_id == after.passage.version_id
    assert (before.passage.label, after.passage.label) == ("s 2", "s 3")


def test_a_citation_is_read_without_reading_every_work_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Store] = []
    works = Store.works
    monkeypatch.setattr(Store, "works", lambda store: reads.append(store) or works(store))
    for day in ("1999-12-31", "2000-01-01", "2005-01-01"):
        read(library, "s 1 Widgets Act 1990", day)
    assert len(reads) <= 1


def test_the_askers_filters_bind_every_tool(library: Library) -> None:
    scottish = read(library, SPEED, "2016-01-01", extent="S")
    assert scottish.passage is not None
    assert "30" in scottish.passage.text
    export = "uk/widgets-1990#export"
    believed = read(library, export, "2012-06-01", known_at=date(2013, 4, 30))
    assert believed.passage is not None
    assert "blue" in believed.passage.text


def test_versions_are_listed_with_their_end(library: Library) -> None:
    result = called(library, "list_versions", reference="s 1 WA 1990", as_at="2005-01-01")
    versions = VersionList.model_validate(result).versions
    assert [v.ended for v in versions] == ["superseded", "repealed"]
    assert versions[0].interval == "from 1990-01-01 to 1999-12-31"


def test_versions_show_one_state_of_knowledge(library: Library) -> None:
    reference = "uk/widgets-1990#export"
    now = called(library, "list_versions", reference=reference, as_at="2012-06-01")
    assert len(now.versions) == 2
    then = called(
        library,
        "list_versions",
        Scope(library, known_at=date(2013, 4, 30)),
        reference=reference,
        as_at="2012-06-01",
    )
    assert len(then.versions) == 1


def test_two_days_are_compared_word_by_word(library: Library) -> None:
    def compared(other: str) -> Comparison:
        result = called(
            library, "compare_versions", reference="s 1 WA 1990", as_at="2005-01-01", other=other
        )
        return Comparison.model_validate(result)

    assert "[-five-]{+seven+}" in compared("1995-01-01").redline
    assert compared("1995-01-01").changed
    assert compared("2006-01-01").changed is False
    gone = compared("2015-01-01")
    assert gone.changed is None
    assert "repealed" in gone.explanation


def test_what_a_tool_returned_is_known_by_field_and_not_by_text(library: Library) -> None:
    request = ToolRequest(
        id="1", name="search_statutes", arguments={"query": "speed road", "as_at": "2010-01-01"}
    )
    call = run_tool(Scope(library), request)
    assert isinstance(call.result, SearchResult)
    written = 'see uk/other#x@2031-01-01 {"version_id": "uk/o#y@2031-01-01"}'
    hits = tuple(hit.model_copy(update={"text": written}) for hit in call.result.hits)
    planted = call.result.model_copy(update={"hits": hits})
    ids = returned_ids([Turn(index=0, calls=(call.model_copy(update={"result": planted}),))])
    assert f"{SPEED}@1990-01-01" in ids
    assert not any("2031" in id_ for id_ in ids)


def test_a_long_provision_is_excerpted_where_it_matches() -> None:
    text = "word " * 20_000 + "needle " + "word " * 20_000
    hit = Hit(
        version_id="uk/a#b@2000-01-01",
        provision_id="uk/a#b",
        work_id="uk/a",
        work_title="A",
        jurisdiction="uk",
        language="en",
        label="s 1",
        heading=None,
        text=text,
        valid_from=date(2000, 1, 1),
        valid_to=None,
        score=1.0,
        matched=frozenset({"needle"}),
    )
    assert len(_excerpt(hit)) == EXCERPT
    assert "needle" in _excerpt(hit)
