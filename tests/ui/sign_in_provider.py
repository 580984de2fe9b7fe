"""A sign-in provider for tests: OpenID Connect with signed tokens, on a port of this machine.

Its sign-in page has one link for each of its people, who need no password.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "inforce", "client-secret-of-the-tests"
COOKIE_SECRET = "a-cookie-secret-for-the-tests-of-the-app"


@dataclass
class Provider:
    """People by e-mail address, each with the claims of their token."""

    people: Mapping[str, Mapping[str, Any]]
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    address: str = ""
    down: bool = False
    fault: str = ""
    """What goes wrong after a person was chosen: ``refused``, ``token``, ``gone``, ``keys``."""

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def page(self, asked: dict[str, str]) -> str:
        """The sign-in page: a link for each person."""
        links = [
            f'<p><a href="/chosen?{html.escape(urlencode({**asked, "person": person}))}">'
            f"{html.escape(person)}</a></p>"
            for person in self.people
        ]
        return f"<title>Sign in</title><h1>Who are you?</h1>{''.join(links)}"

    def chosen(self, asked: dict[str, str]) -> str:
        """The address of the app to return to, with a code."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        if self.fault == "refused":
            return f"{asked['redirect_uri']}?error=access_denied&state={asked['state']}"
        back = {"code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def keys(self) -> tuple[object, int]:
        """The keys that sign tokens, and the status."""
        if self.fault == "keys":
            return {"error": "server_error"}, 503
        return {"keys": [self.key.as_dict(private=False, alg="RS256")]}, 200

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[object, int]:
        """The answer to a code, and the status."""
        if self.fault == "token":
            return {"error": "server_error"}, 500
        found = self.token(form, authorization)
        return found or {"error": "invalid_grant"}, 200 if found else 400

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The signed token for a code, which is good once; ``None``: it is refused."""
        asked = self.codes.pop(form.get("code", ""), None)
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if asked is None or given != f"{CLIENT}:{SECRET}":
            return None
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(verifier).decode().rstrip("=") != asked.get("code_challenge"):
            return None
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": CLIENT,
            "sub": asked["person"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce", ""),
            "email": asked["person"],
            "email_verified": True,
            **self.people[asked["person"]],
        }
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        return {
            "access_token": secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "id_token": signed,
            "expires_in": 300,
        }


class _Sends(BaseHTTPRequestHandler):
    """Sends a body, and says nothing."""

    def _send_json(self, found: object, status: int = 200) -> None:
        self._send(json.dumps(found).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def provider(people: Mapping[str, Mapping[str, Any]]) -> Iterator[Provider]:
    """Serve a provider of these people."""
    made = Provider(people)

    class Handler(_Sends):
        def do_GET(self) -> None:
            path, asked = _parts(self.path)
            if made.down:
                self.send_error(503)
            elif path == "/authorize":
                self._send(made.page(asked).encode(), "text/html; charset=utf-8")
            elif path == "/chosen":
                self.send_response(302)
                self.send_header("Location", made.chosen(asked))
                self.end_headers()
            elif path == "/keys":
                self._send_json(*made.keys())
            else:
                self._send_json(made.discovery())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if made.fault != "gone":
                self._send_json(*made.exchange(form, self.headers.get("Authorization", "")))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def secrets_file(home: Path, provider_address: str, app_address: str) -> Path:
    """Write the secrets file of an app that signs in with a provider; return it."""
    file = home / ".streamlit" / "secrets.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f"""[auth]
redirect_uri = "{app_address}oauth2callback"
cookie_secret = "{COOKIE_SECRET}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "{provider_address}/.well-known/openid-configuration"
""",
        encoding="utf-8",
    )
    return file


def _parts(path: str) -> tuple[str, dict[str, str]]:
    found = urlsplit(path)
    return found.path, {name: values[0] for name, values in parse_qs(found.query).items()}
