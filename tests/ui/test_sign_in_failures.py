"""A sign-in that fails leads to the app with a word of it, one that succeeds without."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.people.sign_in_failures import SignInFailures


def app(cookie: str | None = None, *, begins: bool = True) -> TestClient:
    """An app that answers as Streamlit does below ``/law``."""

    def callback(_: Request) -> Response:
        response = RedirectResponse("/law/", status_code=302)
        if cookie is not None:
            response.set_cookie("_streamlit_user", cookie)
        response.delete_cookie("_streamlit_user_tokens")
        return response

    def login(_: Request) -> Response:
        if begins:
            return RedirectResponse("https://provider.example/authorize", status_code=302)
        return Response("Authentication error", status_code=400)

    routes = [Route("/law/oauth2callback", callback), Route("/law/auth/login", login)]
    inner = Starlette(routes=[*routes, Route("/law/missing", lambda _: Response(status_code=400))])
    return TestClient(SignInFailures(inner), follow_redirects=False)


@pytest.mark.parametrize(
    ("cookie", "query", "leads"),
    [
        ("signed", "?state=s&code=c", "/law/"),
        (None, "?state=s&code=c", "/law/?sign_in=failed"),
        ("", "?state=s&code=c", "/law/?sign_in=failed"),
        (None, "?state=s&error=access_denied", "/law/?sign_in=refused"),
    ],
)
def test_where_a_callback_leads(cookie: str | None, query: str, leads: str) -> None:
    found = app(cookie).get(f"/law/oauth2callback{query}")
    assert found.headers["location"] == leads


def test_a_sign_in_that_cannot_begin_leads_back_to_the_app() -> None:
    found = app(begins=False).get("/law/auth/login")
    assert (found.status_code, found.headers["location"]) == (302, "/law/?sign_in=failed")
    found = app().get("/law/auth/login")
    assert found.headers["location"] == "https://provider.example/authorize"


def test_another_request_that_fails_is_left_alone() -> None:
    found = app().get("/law/missing")
    assert (found.status_code, "location" in found.headers) == (400, False)
