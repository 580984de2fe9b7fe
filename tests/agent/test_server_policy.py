"""A server that misbehaves in every way, over real HTTP; and vLLM itself where there is one."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.models.sampling import Completion, Sampling
from agent.models.token_sequence import episode
from agent.policies.endpoint import Endpoint
from agent.policies.language_model import ModelPolicy
from agent.policies.server import ChatPolicy, Served, ServerSampler
from agent.policy import PolicyError
from agent.trace import StopReason, Trace
from tests.agent.test_rendering import ANSWER, READ, SEARCH, state
from tests.agent.toymodel import END, ToyCodec, spelt

DAY = date(1995, 6, 30)
KEY = "sk-very-secret"

Reply = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Lists one model; answers a post by the server's script."""

    server: Server

    def do_GET(self) -> None:
        if self.server.models is None:
            self.json({"message": "no list"}, 404)
        else:
            cards = [{"id": name, "max_model_len": 50_000} for name in self.server.models]
            self.json({"data": cards})

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(size))
        self.server.asked.append(
            {"path": self.path, "key": self.headers.get("Authorization"), **body}
        )
        number = min(len(self.server.asked), len(self.server.replies)) - 1
        self.server.replies[number](self, body)

    def json(self, value: object, status: int = 200) -> None:
        self.raw(json.dumps(value).encode(), status)

    def raw(self, data: bytes, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies = replies
        self.models: list[str] | None = ["judge"]
        self.asked: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving(*replies: Reply) -> Iterator[Server]:
    with Server(*replies) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def vllm_says(text: str, *, cut: bool = False, **changes: Any) -> Reply:
    """Answer as vLLM does when asked for token ids."""

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        ids = [*spelt(text), *([] if cut else [END])]
        choice = {
            "text": text,
            "token_ids": ids,
            "prompt_token_ids": body["prompt"],
            "logprobs": {"token_logprobs": [-0.125] * len(ids)},
            "finish_reason": "length" if cut else "stop",
            **changes,
        }
        handler.json({"choices": [choice]})

    return reply


def chat_says(text: object, finish: str = "stop") -> Reply:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return lambda handler, _: handler.json({"choices": [choice]})


def exact(server: Server, timeout: float = 20.0) -> ModelPolicy:
    sampler = ServerSampler(Served(Endpoint(server.url, KEY, timeout), "judge"))
    return ModelPolicy("server:judge", ToyCodec(), sampler, Sampling(max_tokens=400))


def chat(server: Server) -> ChatPolicy:
    return ChatPolicy(Served(Endpoint(server.url), "judge"))


def asked(library: Library, policy: Any) -> Trace:
    return ask(library, "How long is the register kept?", as_at=DAY, policy=policy)


def failure(library: Library, server: Server, timeout: float = 20.0) -> str:
    """Return the one sentence that a run ends with."""
    trace = asked(library, exact(server, timeout))
    assert trace.stop is StopReason.POLICY_ERROR
    assert trace.abstention is not None
    assert KEY not in trace.model_dump_json()
    assert "\n" not in trace.abstention.explanation
    return trace.abstention.explanation


def test_ids_go_out_and_ids_come_back(library: Library) -> None:
    with serving(vllm_says(SEARCH), vllm_says(READ), vllm_says(ANSWER)) as server:
        trace = asked(library, exact(server))
    assert trace.stop is StopReason.ANSWERED
    for turn, sent, said in zip(trace.turns, server.asked, (SEARCH, READ, ANSWER), strict=True):
        assert tuple(sent["prompt"]) == turn.prompt_ids
        assert turn.completion_ids == (*spelt(said), END)
        assert (sent["path"], sent["return_token_ids"]) == ("/v1/completions", True)
        assert (sent["stop_token_ids"], sent["key"]) == ([END], f"Bearer {KEY}")
    assert sum(episode(trace.turns).mask) == sum(len(turn.completion_ids) for turn in trace.turns)
    seeds = {sent["seed"] for sent in server.asked}
    assert len(seeds) == 3
    assert max(seeds) < 2**63


def test_a_completion_cut_by_the_budget_is_known_as_such() -> None:
    with serving(vllm_says(SEARCH[:30], cut=True)) as server:
        found = exact(server).sampler.sample((1, 2), Sampling(), frozenset({END}))
    assert found == Completion(ids=spelt(SEARCH[:30]), logprobs=(-0.125,) * 30, stop="length")


def test_any_other_endpoint_is_sent_messages(library: Library) -> None:
    with serving(chat_says(SEARCH), chat_says(READ), chat_says(ANSWER)) as server:
        trace = asked(library, chat(server))
    assert trace.stop is StopReason.ANSWERED
    assert trace.policy == "chat:judge"
    assert {turn.prompt_ids + turn.completion_ids for turn in trace.turns} == {()}
    roles = [message["role"] for message in server.asked[2]["messages"]]
    assert roles == ["system", *["user", "assistant"] * 6, "user"]
    said = [m["content"] for m in server.asked[2]["messages"] if m["role"] == "assistant"]
    assert said[-2:] == [SEARCH, READ]


@pytest.mark.parametrize("answer", [None, ""])
def test_a_message_without_text_is_no_move(library: Library, answer: str | None) -> None:
    with serving(chat_says(answer)) as server:
        trace = asked(library, chat(server))
    assert trace.stop is StopReason.TURN_BUDGET


def test_an_endpoint_that_is_down(library: Library) -> None:
    with serving(vllm_says(SEARCH)) as server:
        pass
    assert "cannot be reached: Connection refused" in failure(library, server)


def test_an_endpoint_that_is_silent(library: Library) -> None:
    with serving(lambda *_: time.sleep(2)) as server:
        assert "did not answer within 0.3 seconds" in failure(library, server, timeout=0.3)


def test_an_endpoint_that_drips_meets_the_deadline_too(library: Library) -> None:
    def drip(handler: Handler, _: object) -> None:
        handler.raw(b"{", length=10_000)
        for _ in range(100):
            time.sleep(0.05)
            handler.wfile.write(b" ")

    with serving(drip) as server:
        assert "did not answer within 0.5 seconds" in failure(library, server, timeout=0.5)


def _drip(handler: Handler, head: bytes, piece: bytes) -> None:
    handler.wfile.write(head)
    for _ in range(100):
        handler.wfile.write(piece)
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: yes\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (b"HTTP/1.1 401 No\r\nContent-Length: 9999\r\n\r\n{", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 20", b"0"),
    ],
)
def test_a_part_of_an_answer_that_drips_meets_the_deadline(
    library: Library, head: bytes, piece: bytes
) -> None:
    with serving(lambda handler, _: _drip(handler, head, piece)) as server:
        start = time.monotonic()
        assert "did not answer within 0.4 seconds" in failure(library, server, timeout=0.4)
        assert time.monotonic() - start < 3


@pytest.mark.parametrize("key", ["secret\n", "se cret\t", "schlüssel", "a\r\nHost: evil"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(PolicyError, match="INFORCE_POLICY_KEY") as refused:
        Endpoint("http://127.0.0.1:1/v1", key)
    assert key.strip() not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://höst/v1", "http://[::1/v1", "http://host:port/v1", "http://host:99999/v1"]
)
def test_an_address_that_cannot_be_is_said(url: str) -> None:
    with pytest.raises(PolicyError, match="is no address of an endpoint"):
        Endpoint(url)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (lambda h, _: h.raw(b'{"choices": [{"tex'), "no whole JSON"),
        (lambda h, _: h.raw(b'{"choices": [{"tex', length=500), "no whole JSON"),
        (lambda h, _: h.raw(b"<html>502 Bad Gateway</html>"), "no whole JSON: '<html>"),
        (lambda h, _: h.raw(b"[1, 2]"), "no object"),
        (lambda h, _: h.raw(b"[" * 100_000), "no whole JSON"),
        (lambda h, _: h.wfile.write(b"\x00\x01garbage\r\n\r\n"), "broke off"),
        (lambda h, _: h.connection.close(), "broke off"),
        (lambda h, _: h.json({"choices": []}), "without token ids"),
        (lambda h, _: h.json({"choices": [{"text": "x"}]}), "without token ids"),
        (lambda h, _: h.json({"choices": "x"}), "without token ids"),
        (vllm_says("x", logprobs=None), "without token ids"),
        (vllm_says("x", logprobs={"token_logprobs": [-1.0]}), "without token ids"),
        (vllm_says("x", token_ids=["a", "b"]), "without token ids"),
        (vllm_says("x", token_ids=[], logprobs={"token_logprobs": []}), "answered with nothing"),
        (vllm_says("x", prompt_token_ids=[1, 2, 3]), "changed the prompt"),
        (lambda h, _: h.json({"error": {"message": "The model `x` does not exist."}}, 404), "404"),
        (
            lambda h, _: h.json(
                {"error": {"message": "This model's maximum context length\n is 2048."}}, 400
            ),
            "refused (400): This model's maximum context length is 2048.",
        ),
        (lambda h, _: h.json({"message": "no key"}, 401), "refused (401): no key"),
        (lambda h, _: h.raw(b"oops", 500), "refused (500): Internal Server Error"),
    ],
)
def test_an_endpoint_that_misbehaves_is_one_clear_sentence(
    library: Library, reply: Reply, words: str
) -> None:
    with serving(reply) as server:
        assert words in failure(library, server)


def test_a_redirect_does_not_carry_the_key_away(library: Library) -> None:
    with serving(vllm_says(SEARCH)) as elsewhere:

        def redirect(handler: Handler, _: object) -> None:
            handler.send_response(307)
            handler.send_header("Location", f"{elsewhere.url}/completions")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        with serving(redirect) as server:
            assert "refused (307)" in failure(library, server)
        assert elsewhere.asked == []


def test_what_was_done_before_a_failure_stays_in_the_trace(library: Library) -> None:
    with serving(vllm_says(SEARCH), lambda h, _: h.raw(b"oops", 500)) as server:
        trace = asked(library, exact(server))
    assert trace.stop is StopReason.POLICY_ERROR
    assert [turn.text for turn in trace.turns] == [SEARCH]


@pytest.mark.parametrize(
    ("wanted", "served", "words"),
    [
        ("jugde", ["judge"], "has no model 'jugde'; it serves judge."),
        ("judge", [], "has no model 'judge'; it serves none."),
        (None, ["judge", "clerk"], "does not serve one model alone: write one of judge, clerk"),
        (None, [], "does not serve one model alone: write its name after a '#'"),
        ("judge", [f"m{n}" for n in range(90)], "m8, m9 and others."),
    ],
)
def test_a_wrong_model_name_ends_the_run_with_the_right_ones(
    library: Library, wanted: str | None, served: list[str], words: str
) -> None:
    with serving() as server:
        server.models = served
        trace = asked(library, ChatPolicy(Served(Endpoint(server.url), wanted)))
    assert trace.stop is StopReason.POLICY_ERROR
    assert trace.abstention is not None
    assert words in trace.abstention.explanation


def test_the_only_model_served_need_not_be_named(library: Library) -> None:
    with serving(chat_says(SEARCH), chat_says(READ), chat_says(ANSWER)) as server:
        assert asked(library, ChatPolicy(Served(Endpoint(server.url)))).answer is not None
    assert {sent["model"] for sent in server.asked} == {"judge"}


def test_an_endpoint_that_does_not_list_its_models_is_taken_at_its_word(library: Library) -> None:
    with serving(chat_says(SEARCH), chat_says(READ), chat_says(ANSWER)) as server:
        server.models = None
        assert asked(library, ChatPolicy(Served(Endpoint(server.url), "judge"))).answer is not None
        unnamed = asked(library, ChatPolicy(Served(Endpoint(server.url))))
    assert unnamed.abstention is not None
    assert "refused (404)" in unnamed.abstention.explanation


def sse(*events: object, done: bool = True) -> Reply:
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    text = ": a comment\n\n" + "".join(lines) + ("data: [DONE]\n\n" if done else "")
    return lambda handler, _: handler.raw(text.encode())


def piece(*ids: int, **more: Any) -> dict[str, Any]:
    choice = {"token_ids": list(ids), "logprobs": {"token_logprobs": [-0.5] * len(ids)}, **more}
    return {"choices": [choice]}


def test_tokens_are_told_as_they_come_and_characters_whole() -> None:
    told: list[str] = []
    first, *rest = (*spelt("第"), *spelt(SEARCH), END)
    with serving(sse(piece(first), piece(*rest), {"choices": []})) as server:
        act = exact(server).stream(state(), told.append)
    assert told == ["第" + SEARCH]
    assert act.completion_ids == (first, *rest)
    assert [call.name for call in act.calls] == ["search_statutes"]
    assert server.asked[0]["stream"] is True


def test_a_chat_is_streamed_too() -> None:
    told: list[str] = []
    said = [{"choices": [{"delta": {"content": part}}]} for part in (SEARCH[:9], SEARCH[9:], None)]
    with serving(sse({"choices": [{"delta": {"role": "assistant"}}]}, *said)) as server:
        act = chat(server).stream(state(), told.append)
    assert told == [SEARCH[:9], SEARCH[9:]]
    assert [call.name for call in act.calls] == ["search_statutes"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (sse(piece(5), done=False), "broke off its answer"),
        (sse(piece(5), {"error": {"message": "out of\nmemory"}}), "failed: out of memory"),
        (sse({"choices": [{"text": "x"}]}), "without token ids"),
        (sse({"choices": "x"}), "without token ids"),
        (sse(piece(5), [1]), "no object"),
        (sse(), "answered with nothing"),
        (lambda h, _: h.raw(b'data: {"choices": [{"tok'), "no whole JSON"),
        (lambda h, _: h.json({"error": {"message": "no"}}, 400), "refused (400): no"),
    ],
)
def test_a_stream_that_breaks_is_one_clear_sentence(reply: Reply, words: str) -> None:
    with serving(reply) as server, pytest.raises(PolicyError, match=re.escape(words)):
        exact(server).stream(state(), lambda _: None)


@pytest.mark.parametrize("url", ["http://clerk:secret@localhost/v1", "https://secret@x/v1"])
def test_a_password_in_the_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(PolicyError, match="INFORCE_POLICY_KEY") as refusal:
        Endpoint(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://x/v1", "file:///etc/passwd", ""])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(PolicyError, match="no address of an endpoint"):
        Endpoint(url)


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(Endpoint("http://localhost/v1", KEY))
