"""The HTTP API: the dated verbs as routes with an OpenAPI schema, health and metrics."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Path, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from agent.matters.records import Contents
from agent.tool_results import Comparison, ProvisionReading, SearchResult, VersionList
from agent.tools.statutes import LONGEST_REFERENCE
from agent.trace import Trace
from corpus.errors import InForceError
from corpus.model import Day, Frozen
from corpus.settings import Settings
from ui.assistants.desk import Desk
from ui.assistants.keys import Caller, Keys, refusal
from ui.assistants.metrics import CONTENT_TYPE, Measured, Metrics
from ui.assistants.own import (
    OWN,
    ById,
    Newest,
    OwnAnswers,
    OwnMatters,
    ReadAnswer,
    Which,
    list_answers,
    list_matters,
    read_answer,
    read_matter,
)
from ui.assistants.verbs import ASK_WORDS, AskArguments, Filters, offered

WORDS = {verb.name: verb.description for verb in offered()}


class Search(Filters):
    """The parameters of a search."""

    query: str = Field(min_length=1, max_length=20_000, description="Words of the provision.")
    as_at: Day = Field(description="The day whose law is wanted.")
    limit: int = Field(8, ge=1, le=20, description="How many provisions to return.")


class Reference(Filters):
    """The parameters of a route on one provision."""

    reference: str = Field(
        min_length=1,
        max_length=LONGEST_REFERENCE,
        description="A citation with its act, or a provision_id from an earlier result.",
    )
    as_at: Day = Field(description="The day whose law is wanted.")


class TwoDays(Reference):
    """The parameters of a comparison."""

    other: Day = Field(description="The day to compare with.")


class Problem(Frozen):
    """Why a request was not answered, in one sentence."""

    detail: str


class Health(Frozen):
    """The state of the server and of its library."""

    status: Literal["ok"]
    version: str
    corpus_hash: str
    works: int


BEARER = HTTPBearer(
    auto_error=False,
    description="A key made by 'inforce keys create', or by 'inforce api-key'.",
)
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request cannot be answered as it is."},
    401: {"model": Problem, "description": "A key is needed."},
    422: {"model": Problem, "description": "A parameter is missing or invalid."},
    502: {"model": Problem, "description": "The search engine or the model failed."},
    503: {"model": Problem, "description": "There is no library to ask."},
}


def api_app(desk: Desk, keys: Keys) -> FastAPI:
    """Return the API. Its schema is at ``/openapi.json``; there is no page that loads scripts."""
    app = FastAPI(
        title="InForce",
        version=version("inforce"),
        description="Legislation as it stood on a given day. Every route of /v1 but those of "
        "/v1/own needs a date.",
        docs_url=None,
        redoc_url=None,
    )
    metrics = Metrics()
    app.add_middleware(Measured, metrics=metrics)
    _handle_errors(app)
    needed = [Security(_key_check(keys))]
    _operations(app, desk, metrics, needed)
    _dated_routes(app, desk, needed)
    _own_routes(app, desk.settings, needed)
    return app


def _key_check(keys: Keys) -> Any:
    """Return a dependency that finds who calls, and puts them into the state of the request."""

    def check(
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> None:
        header = f"{given.scheme} {given.credentials}" if given else None
        request.state.caller = keys.caller(header)

    return check


def _operations(app: FastAPI, desk: Desk, metrics: Metrics, needed: list[Any]) -> None:
    """Add the routes for who runs the server; they concern no law, so they take no date."""

    @app.get("/health", responses={503: PROBLEMS[503]})
    def health() -> Health:
        """Whether the library can be asked."""
        library = desk.library
        return Health(
            status="ok",
            version=app.version,
            corpus_hash=library.corpus_hash,
            works=len(library.works),
        )

    @app.get("/metrics", dependencies=needed, include_in_schema=False)
    def counters() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)


def _dated_routes(app: FastAPI, desk: Desk, needed: list[Any]) -> None:
    """Add the verbs; each is run in a thread of the server's pool."""
    more: dict[str, Any] = {"dependencies": needed, "responses": PROBLEMS}

    def tool(name: str, asked: Filters) -> Any:
        return desk.tool(name, asked.model_dump(mode="json", exclude_unset=True))

    @app.get("/v1/search", description=WORDS["search_statutes"], **more)
    def search(asked: Annotated[Search, Query()]) -> SearchResult:
        found: SearchResult = tool("search_statutes", asked)
        return found

    @app.get("/v1/provision", description=WORDS["read_provision"], **more)
    def provision(asked: Annotated[Reference, Query()]) -> ProvisionReading:
        found: ProvisionReading = tool("read_provision", asked)
        return found

    @app.get("/v1/versions", description=WORDS["list_versions"], **more)
    def versions(asked: Annotated[Reference, Query()]) -> VersionList:
        found: VersionList = tool("list_versions", asked)
        return found

    @app.get("/v1/comparison", description=WORDS["compare_versions"], **more)
    def comparison(asked: Annotated[TwoDays, Query()]) -> Comparison:
        found: Comparison = tool("compare_versions", asked)
        return found

    @app.post("/v1/ask", description=ASK_WORDS, **more)
    def ask(asked: AskArguments, request: Request) -> Trace:
        return desk.ask(asked, request.state.caller)


def _own_routes(app: FastAPI, settings: Settings, needed: list[Any]) -> None:
    """Add what is kept of the person whose key is sent; it is no law, so it takes no date."""
    refused = {403: {"model": Problem, "description": "The key is not that of a person."}}
    more: dict[str, Any] = {"dependencies": needed, "responses": {**PROBLEMS, **refused}}

    @app.get("/v1/own/caller", **more)
    def caller(request: Request) -> Caller:
        """As whom a call is answered, and the name of its key."""
        found: Caller = request.state.caller
        return found

    @app.get("/v1/own/answers", description=OWN["list_answers"].description, **more)
    def answers(request: Request, asked: Annotated[Newest, Query()]) -> OwnAnswers:
        return list_answers(settings, request.state.caller, asked)

    @app.get("/v1/own/answers/{id}", description=OWN["read_answer"].description, **more)
    def answer(request: Request, asked: Annotated[ById, Path()]) -> ReadAnswer:
        return read_answer(settings, request.state.caller, asked)

    @app.get("/v1/own/matters", description=OWN["list_matters"].description, **more)
    def matters(request: Request, asked: Annotated[Which, Query()]) -> OwnMatters:
        return list_matters(settings, request.state.caller, asked)

    @app.get("/v1/own/matters/{id}", description=OWN["read_matter"].description, **more)
    def matter(request: Request, asked: Annotated[ById, Path()]) -> Contents:
        return read_matter(settings, request.state.caller, asked)


def _handle_errors(app: FastAPI) -> None:
    """Answer every error with a :class:`Problem` of one sentence."""

    @app.exception_handler(InForceError)
    def failed(_: Request, error: InForceError) -> JSONResponse:
        return refusal(error)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return JSONResponse({"detail": f"{place}: {first['msg']}."}, 422)
