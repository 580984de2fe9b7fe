"""The HTTP API: its schema holds, every dated route refuses a missing date, keys are checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
pytest.importorskip("schemathesis", reason="schemathesis is not installed")

import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance
from typer.testing import CliRunner

from agent.people_keys import key_digest
from agent.trace import Trace
from agent.trace_store import TraceStore, traces_url
from corpus.errors import BadInputError, SearchFailedError
from corpus.settings import Settings
from inforce import app as command
from ui.assistants.api import api_app
from ui.assistants.desk import Desk
from ui.assistants.keys import REFUSED, Keys, add_key, read_keys
from ui.demo import load_demo

QUESTION = "À partir de quel âge peut-on contracter mariage ?"
ROUTES = {
    "/v1/search": {"query": "âge mariage"},
    "/v1/provision": {"reference": "art. 144 Code civil"},
    "/v1/versions": {"reference": "art. 144 Code civil"},
    "/v1/comparison": {"reference": "art. 144 Code civil", "other": "2006-04-05"},
}
DAY = {"as_at": "2006-04-04"}


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(api_app(Desk(settings), Keys())) as found:
        yield found


def test_every_dated_route_is_tested_here(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    dated = {path for path in paths if not path.startswith("/v1/own/")}
    assert dated == {*ROUTES, "/v1/ask", "/health"}


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_refuses_a_missing_date(client: TestClient, route: str) -> None:
    refused = client.get(route, params=ROUTES[route])
    assert (refused.status_code, refused.json()) == (422, {"detail": "as_at: Field required."})
    answered = client.get(route, params={**ROUTES[route], **DAY})
    assert answered.status_code == 200
    assert answered.json()["as_at"] == "2006-04-04"


def test_a_question_refuses_a_missing_date_and_is_answered_with_one(client: TestClient) -> None:
    refused = client.post("/v1/ask", json={"question": QUESTION})
    assert (refused.status_code, refused.json()) == (422, {"detail": "as_at: Field required."})
    told = client.post("/v1/ask", json={"question": QUESTION, **DAY})
    trace = Trace.model_validate(told.json())
    assert trace.answer is not None
    assert trace.answer.citations[0].label == "art. 144"


def test_nothing_that_is_asked_is_stored(client: TestClient, settings: Settings) -> None:
    name = client.post("/v1/ask", json={"question": QUESTION, **DAY}).json()["id"]
    with TraceStore.open(traces_url(settings)) as store, pytest.raises(BadInputError):
        store.load(name)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"as_at": "2006-02-30"}, "as_at: "),
        ({"as_at": "today"}, "as_at: "),
        ({**DAY, "limit": "0"}, "limit: "),
        ({**DAY, "query": ""}, "query: "),
        ({**DAY, "nonsense": "1"}, "nonsense: "),
        ({**DAY, "query": "x" * 20_001}, "query: "),
    ],
)
def test_a_parameter_that_is_wrong_is_named(
    client: TestClient, parameters: dict[str, str], said: str
) -> None:
    refused = client.get("/v1/search", params={**ROUTES["/v1/search"], **parameters})
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith(said)


def test_a_filter_that_the_corpus_does_not_know_is_said(client: TestClient) -> None:
    asked = {**ROUTES["/v1/search"], **DAY, "jurisdictions": "atlantis"}
    refused = client.get("/v1/search", params=asked)
    assert refused.status_code == 400
    assert "atlantis" in refused.json()["detail"]


def test_a_missing_library_is_said_and_found_once_it_is_there(tmp_path: Path) -> None:
    found = Settings.under(tmp_path)
    with TestClient(api_app(Desk(found), Keys())) as client:
        missing = client.get("/v1/search", params={**ROUTES["/v1/search"], **DAY})
        assert (missing.status_code, client.get("/health").status_code) == (503, 503)
        assert "there is no store" in missing.json()["detail"]
        load_demo(found)
        assert client.get("/health").json()["status"] == "ok"


def test_a_failed_engine_is_no_empty_result(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise SearchFailedError("the engine is down")

    monkeypatch.setattr("ui.assistants.desk.use_tool", failing)
    failed = client.get("/v1/search", params={**ROUTES["/v1/search"], **DAY})
    assert (failed.status_code, failed.json()) == (502, {"detail": "the engine is down"})


def test_metrics_count_requests_and_hold_no_question(settings: Settings) -> None:
    with TestClient(api_app(Desk(settings), Keys())) as client:
        client.post("/v1/ask", json={"question": QUESTION, **DAY})
        client.get("/v1/search")
        client.get("/secret-of-a-client")
        said = client.get("/metrics").text
    assert 'inforce_requests_total{route="/v1/ask",status="200"} 1.0' in said
    assert 'inforce_requests_total{route="/v1/search",status="422"} 1.0' in said
    assert "mariage" not in said
    assert "secret-of-a-client" not in said


# -- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [*ROUTES, "/metrics"])
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic secret", "secret", "Bearer "])
def test_a_route_refuses_a_wrong_key(settings: Settings, route: str, header: str | None) -> None:
    keys = Keys(digests={"smith": key_digest("secret")})
    with TestClient(api_app(Desk(settings), keys)) as client:
        headers = {"Authorization": header} if header else {}
        refused = client.get(route, params={**ROUTES.get(route, {}), **DAY}, headers=headers)
        assert (refused.status_code, refused.json()) == (401, {"detail": REFUSED})
        right = {"Authorization": "Bearer secret"}
        let_in = client.get(route, params={**ROUTES.get(route, {}), **DAY}, headers=right)
        assert let_in.status_code == 200


def test_a_key_file_holds_digests_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    key = add_key(file, "smith")
    other = add_key(file, "jones")
    assert key not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    keys = read_keys(file, "0.0.0.0")
    assert keys.caller(f"Bearer {key}").key == "smith"
    assert keys.caller(f"bearer {other}").key == "jones"
    with pytest.raises(BadInputError, match="a key of smith already"):
        add_key(file, "smith")


@pytest.mark.parametrize(
    ("written", "said"),
    [(None, "cannot be read"), ("", "has no key"), ("smith secret\n", "keys:1")],
)
def test_a_key_file_that_is_wrong_is_one_sentence(
    tmp_path: Path, written: str | None, said: str
) -> None:
    file = tmp_path / "keys"
    if written is not None:
        file.write_text(written)
    with pytest.raises(BadInputError, match=said):
        read_keys(file, "0.0.0.0")


@pytest.mark.parametrize("verb", [("api",), ("mcp", "--http")])
def test_other_machines_are_let_in_with_keys_alone(verb: tuple[str, ...]) -> None:
    done = CliRunner().invoke(command, [*verb, "--host", "0.0.0.0"])
    assert isinstance(done.exception, BadInputError)
    assert "--keys" in str(done.exception)


# -- the schema ----------------------------------------------------------------------------------

DATED = [("GET", route) for route in ROUTES] + [("POST", "/v1/ask")]


@pytest.fixture(scope="module")
def schema(settings: Settings) -> Any:
    keys = Keys(digests={"smith": key_digest("secret")})
    return schemathesis.openapi.from_asgi("/openapi.json", api_app(Desk(settings), keys))


@pytest.mark.parametrize(("method", "route"), DATED)
def test_what_the_schema_allows_is_answered_as_it_says(
    schema: Any, method: str, route: str
) -> None:
    """Requests drawn from the schema, valid and invalid, get the documented answers.

    Which jurisdictions and territories there are depends on the corpus: others are refused.
    """
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    strategies = [schema[route][method].as_strategy(generation_mode=mode) for mode in modes]

    @given(case=st.one_of(strategies))
    @hypothesis_settings(max_examples=25, suppress_health_check=list(HealthCheck))
    def answered(case: Any) -> None:
        case.call_and_validate(
            headers={"Authorization": "Bearer secret"}, excluded_checks=[positive_data_acceptance]
        )

    answered()
