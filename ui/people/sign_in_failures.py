"""Tell the page that a sign-in did not succeed, which Streamlit only writes into its log.

Streamlit sends the browser back to the app without a sign-in where the provider refuses it, fails
or cannot be reached when the code is exchanged, and shows a page of two words where it fails
before. Both lead here to the app's own address with :data:`OUTCOME`, for which the page has a
sentence.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OUTCOME = "sign_in"
"""The parameter of the address that says how a sign-in went: ``failed`` or ``refused``."""

_CALLBACK = "oauth2callback"
_LOGIN = "auth/login"
_SIGNED_IN = "_streamlit_user"


class SignInFailures:
    """ASGI middleware that adds :data:`OUTCOME` to where a failed sign-in leads."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path.endswith(f"/{_CALLBACK}"):
            await self.app(scope, receive, _told(send, _outcome(scope)))
        elif path.endswith(f"/{_LOGIN}"):
            await self.app(scope, receive, _sent_back(send, path.removesuffix(_LOGIN)))
        else:
            await self.app(scope, receive, send)


def _outcome(scope: Scope) -> str:
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return "refused" if "error" in asked else "failed"


def _told(send: Send, outcome: str) -> Send:
    """Add the outcome to the address to which a callback leads, unless it signs somebody in."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "location" in headers and not _signs_in(headers):
                headers["location"] = f"{headers['location']}?{OUTCOME}={outcome}"
        await send(message)

    return sent


def _signs_in(headers: MutableHeaders) -> bool:
    """Return whether a response sets the cookie of a sign-in; one that is deleted is empty."""
    set_cookies = (cookie.partition("=") for cookie in headers.getlist("set-cookie"))
    return any(
        name == _SIGNED_IN and value.partition(";")[0].strip('"') for name, _, value in set_cookies
    )


def _sent_back(send: Send, home: str) -> Send:
    """Lead a sign-in that could not begin back to the app."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            message["status"] = 302
            MutableHeaders(scope=message)["location"] = f"{home}?{OUTCOME}=failed"
        await send(message)

    return sent
