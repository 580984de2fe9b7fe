"""What is wrong with a cluster is said in one sentence that names the cause."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from corpus.errors import BadInputError, InForceError
from retrieval.engines.elastic_client import reason
from retrieval.index import open_index
from retrieval.index_url import parse_index_url

ELASTIC = {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}


@contextmanager
def answering(status: int, body: bytes, headers: dict[str, str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_HEAD = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"elastic+http://127.0.0.1:{server.server_port}/law"
    finally:
        server.shutdown()
        server.server_close()


def error(kind: str, words: str, **more: Any) -> bytes:
    cause = {"type": kind, "reason": words}
    return json.dumps({"error": {"root_cause": [cause], **cause, **more}}).encode()


def hash_of(url: str) -> str:
    return open_index(url).corpus_hash


BLOCK = "index [law] blocked by: [FORBIDDEN/13/cluster read-only / allow delete (api)];"
FLOOD = "index [law] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];"
MEDIA = "Accept version must be either version 7 or 6, but found 8"


@pytest.mark.parametrize(
    ("status", "body", "headers", "words"),
    [
        (403, error("cluster_block_exception", BLOCK), ELASTIC, "lifts the block"),
        (429, error("cluster_block_exception", FLOOD), ELASTIC, "flood-stage watermark"),
        (503, error("cluster_block_exception", "no master"), ELASTIC, "no master"),
        (400, error("media_type_header_exception", MEDIA), ELASTIC, "either version 7 or 6"),
        (200, b"<html>log in</html>", {"Content-Type": "text/html"}, "not Elasticsearch"),
        (200, b"{}", {"Content-Type": "application/json"}, "not Elasticsearch"),
        (
            200,
            b'{"version":{"distribution":"opensearch"}}',
            {"Content-Type": "application/json"},
            "OpenSearch",
        ),
        (403, error("security_exception", "action is unauthorized"), ELASTIC, "let this key"),
        (401, error("security_exception", "missing authentication credentials"), ELASTIC, "a key"),
        (500, error("other", "out of memory"), ELASTIC, "out of memory"),
    ],
)
def test_a_cluster_that_refuses_is_one_sentence_with_its_cause(
    status: int, body: bytes, headers: dict[str, str], words: str
) -> None:
    with answering(status, body, headers) as url, pytest.raises(InForceError) as said:
        hash_of(url)
    assert words in str(said.value)
    assert "\n" not in str(said.value)
    if "block" in str(body):
        assert "key" not in str(said.value)


def test_the_innermost_cause_is_shown() -> None:
    inner = {"type": "b", "reason": "the inner one"}
    outer = {"type": "a", "reason": "the outer one", "caused_by": inner}
    assert reason({"error": outer}) == "the inner one"
    assert reason("  plain\n words ") == "plain words"
    assert reason({}) == "no reason given"


@pytest.mark.parametrize("password", ["pa/ss", "a/b@c", "s/"])
def test_a_password_that_must_be_escaped_is_said_and_not_shown(password: str) -> None:
    with pytest.raises(BadInputError, match="%2F") as said:
        parse_index_url(f"elastic+http://u:{password}@host:9200/law")
    assert password not in str(said.value)


def test_an_escaped_password_is_read() -> None:
    assert parse_index_url("elastic+http://u:pa%2Fs%40s@h:9200/law").user == ("u", "pa/s@s")
