"""The cluster engine beside the embedded one, and its own hazards on one node."""

from __future__ import annotations

import random
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

import corpus.demo
from corpus.errors import BadInputError, IndexMissingError, SearchFailedError
from corpus.sources.jsonl import Jsonl
from retrieval.engines.admin import swap_back
from retrieval.engines.elastic import ElasticIndex
from retrieval.engines.elastic_schema import live_index
from retrieval.engines.elastic_send import Sender
from retrieval.engines.elastic_swap import indices_of
from retrieval.index import open_builder, open_index
from retrieval.index_rows import work_texts
from retrieval.index_url import parse_index_url
from retrieval.query import IndexedText, StatuteQuery
from retrieval.text.analysis import text_query
from tests.retrieval.conftest import ROWS, ask, names, own_alias, row, state

Indices: Any = type(Elasticsearch("http://localhost:9200").indices)
"""The client's class of requests about indices, whose module is private."""


@pytest.fixture
def alias(cluster: str) -> Iterator[str]:
    """A URL with an alias of the test's own."""
    with own_alias(cluster) as url:
        yield url


def build(url: str, *rows: IndexedText, corpus_hash: str = "one") -> int:
    return open_builder(url).build(rows or ROWS, state(corpus_hash), lambda _: None)


def demo_rows() -> list[IndexedText]:
    files = sorted(Path(corpus.demo.__file__).parent.glob("??.jsonl"))
    return [r for h in Jsonl(*files).works(_raise) for r in work_texts(h)]


def _raise(error: Exception) -> None:
    raise error


def questions(rows: list[IndexedText], count: int) -> Iterator[StatuteQuery]:
    """Words of real texts on days around their changes."""
    chance = random.Random(7)
    while count:
        text = chance.choice(rows)
        words = text.text.split()
        words = chance.sample(words, min(len(words), chance.randint(1, 6)))
        if len(words) == 1:  # a text without spaces
            start = chance.randrange(len(words[0]))
            words = [words[0][start : start + chance.randint(2, 8)]]
        shift = timedelta(days=chance.choice([-1, 0, 1, 400]))
        yield StatuteQuery(text=" ".join(words), as_at=text.row_from + shift)
        count -= 1


def test_both_engines_give_the_same_ten(alias: str, folder: Path) -> None:
    rows = demo_rows()
    indices = []
    for url in (alias, f"embedded:{folder}"):
        build(url, *rows)
        indices.append(open_index(url))
    asked = list(questions(rows, 600))
    overlaps = []
    for ours, theirs in zip(*(index.search_many(asked) for index in indices), strict=True):
        a, b = {hit.version_id for hit in ours}, {hit.version_id for hit in theirs}
        if a or b:
            overlaps.append(len(a & b) / max(len(a), len(b)))
    overlap = sum(overlaps) / len(overlaps)
    sys.stdout.write(f"\ntop-10 overlap of {len(overlaps)} queries with hits: {overlap:.4f}\n")
    assert len(overlaps) >= 500
    assert overlap >= 0.9


def test_a_missing_index_says_what_to_run(cluster: str) -> None:
    with pytest.raises(IndexMissingError, match=r"no search index at .*inforce index build"):
        open_index(f"elastic+{cluster}/nothing-here")


def test_a_cluster_that_is_not_there_is_a_failure_not_an_empty_answer() -> None:
    with pytest.raises(SearchFailedError, match="cannot be reached"):
        open_index("elastic+http://127.0.0.1:1/statutes")


def test_an_index_of_another_version_is_refused(
    alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.engines.elastic_build.SCHEMA_VERSION", "e0.0")
    build(alias)
    with pytest.raises(IndexMissingError, match="another version of InForce"):
        open_index(alias)


def test_a_chain_the_node_cannot_serve_is_named_before_anything_is_written(
    cluster: str, alias: str
) -> None:
    with Elasticsearch(cluster) as client:
        try:
            client.indices.analyze(
                tokenizer="whitespace", filter=[{"type": "stemmer", "language": "german"}], text="x"
            )
        except BadRequestError:
            with pytest.raises(BadInputError, match=r"cannot stem de .*chain=plain"):
                build(f"{alias}?chain=stemmed")
            assert indices_of(client, parse_index_url(alias).place) == []
            return
    build(f"{alias}?chain=stemmed")  # a full installation
    hits = ask(open_index(alias), "dismissals compensated", "2004-12-31")
    assert names(hits)[0].startswith("ended")


def test_an_index_in_the_place_of_the_alias_is_left_alone(cluster: str, alias: str) -> None:
    name = parse_index_url(alias).place
    with Elasticsearch(cluster) as client:
        client.indices.create(index=name)
        with pytest.raises(BadInputError, match="is an index, not an alias"):
            build(alias)
        client.indices.delete(index=name)


def test_building_the_same_corpus_twice_doubles_nothing(cluster: str, alias: str) -> None:
    for _ in range(3):
        assert build(alias) == len(ROWS)
    name = parse_index_url(alias).place
    with Elasticsearch(cluster) as client:
        assert client.count(index=name)["count"] == len(ROWS)
        assert len(indices_of(client, name)) == 2  # the live one and the one before


def test_a_rebuild_is_noticed(alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.engines.elastic._FRESH_SECONDS", 0.0)
    build(alias)
    index = open_index(alias)
    assert names(ask(index, "wages")) == ["pay"]
    build(alias, row("uk/x-1#new", "2000-01-01", None, "Wages are daily."), corpus_hash="two")
    assert names(ask(index, "wages")) == ["new"]
    assert index.corpus_hash == "two"


def test_a_failing_build_leaves_the_alias_where_it_is(cluster: str, alias: str) -> None:
    build(alias)
    name = parse_index_url(alias).place
    with Elasticsearch(cluster) as client:
        before = live_index(client, name)

        def broken() -> Iterator[IndexedText]:
            yield from islice(ROWS, 3)
            raise RuntimeError("the store went away")

        with pytest.raises(RuntimeError):
            open_builder(alias).build(broken(), state("two"), lambda _: None)
        assert live_index(client, name) == before
    assert names(ask(open_index(alias), "wages")) == ["pay"]


def test_a_swap_whose_request_arrived_before_already_is_done(
    cluster: str, alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process's request may be carried out after the next swap has read the state."""
    for corpus_hash in ("one", "two"):
        build(alias, *ROWS, corpus_hash=corpus_hash)
    moved = Indices.update_aliases

    def arrives_twice(client: Any, **request: Any) -> Any:
        moved(client, **request)
        return moved(client, **request)

    monkeypatch.setattr(Indices, "update_aliases", arrives_twice)
    name = swap_back(alias)
    with Elasticsearch(cluster) as client:
        assert live_index(client, parse_index_url(alias).place) == name
    index = open_index(alias)
    assert index.corpus_hash == "one"
    index.close()


def test_a_swap_against_another_process_says_so(
    alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for corpus_hash in ("one", "two"):
        build(alias, *ROWS, corpus_hash=corpus_hash)
    moved = Indices.update_aliases

    def after_a_build(client: Any, **request: Any) -> Any:
        monkeypatch.setattr(Indices, "update_aliases", moved)
        build(alias, *ROWS, corpus_hash="three")
        return moved(client, **request)

    monkeypatch.setattr(Indices, "update_aliases", after_a_build)
    with pytest.raises(BadInputError, match="another process changed"):
        swap_back(alias)
    index = open_index(alias)
    assert index.corpus_hash == "three"
    index.close()


def test_rows_that_get_lost_stop_the_swap(alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build(alias)
    send = Sender._bulk
    monkeypatch.setattr(Sender, "_bulk", lambda self, batch: send(self, batch[1:]))
    with pytest.raises(
        SearchFailedError, match=f"holds {len(ROWS) - 1} rows, {len(ROWS)} were sent"
    ):
        build(alias, corpus_hash="two")
    assert open_index(alias).corpus_hash == "one"


def test_wrong_dates_in_the_index_stop_the_swap(
    alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(alias)
    monkeypatch.setattr("retrieval.engines.elastic_schema._range", lambda _start, _end: {})
    with pytest.raises(SearchFailedError, match="left as it is"):
        build(alias, corpus_hash="two")
    assert open_index(alias).corpus_hash == "one"


def test_a_refused_row_is_named(alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    strange = row("uk/x-1#late", "2000-01-01", None, "text")
    monkeypatch.setattr(
        "retrieval.engines.elastic_schema._range", lambda _start, _end: {"gte": "not a day"}
    )
    with pytest.raises(SearchFailedError, match="refuses the row uk/x-1#late"):
        build(alias, strange)


def test_an_incomplete_answer_is_a_failure(alias: str) -> None:
    build(alias)
    index = ElasticIndex(parse_index_url(alias))
    answer = {"timed_out": True, "_shards": {"failed": 0}, "hits": {"hits": []}}
    with pytest.raises(SearchFailedError, match="did not finish"):
        index._hits(answer, text_query("law"))
    with pytest.raises(SearchFailedError, match="did not finish"):
        index._hits({**answer, "timed_out": False, "_shards": {"failed": 1}}, text_query("law"))


def test_an_index_dropped_under_a_reader_is_missing_not_empty(cluster: str, alias: str) -> None:
    build(alias)
    index = open_index(alias)
    with Elasticsearch(cluster) as client:
        for physical in indices_of(client, parse_index_url(alias).place):
            client.indices.delete(index=physical.name)
    with pytest.raises(IndexMissingError):
        ask(index, "wages")
    with pytest.raises(IndexMissingError):
        index.search_many([StatuteQuery(text="wages", as_at=date(2020, 1, 1))])


@pytest.mark.parametrize(
    "url",
    [
        "elastic+http://",
        "elastic+http://host",
        "elastic+http://host/a/b",
        "elastic+http://host/Upper",
        "elastic+ftp://host/a",
        "elastic+http://host/a?chain=klingon",
        "elastic+http://host/a?chains=plain",
        "elastic+http://[::1/a",
        "elastic+http://[/a",
        "elastic+http://a]b/c",
        "elastic+http://[a]b/c",
        "elastic+http://[not-an-address]/a",
        "elastic+http://host:port/a",
        "elastic+http://host:99999/a",
    ],
)
def test_a_malformed_url_is_bad_input(url: str) -> None:
    with pytest.raises(BadInputError):
        parse_index_url(url)


def test_a_url_names_nodes_user_and_chain_but_never_shows_the_password() -> None:
    url = parse_index_url("elastic+https://me:secret@one,two:9201/law?chain=plain")
    assert url.hosts == ("https://one:9200", "https://two:9201")
    assert (url.place, url.user, url.chain_name) == ("law", ("me", "secret"), "plain")
    assert "secret" not in str(url)


@pytest.mark.parametrize(
    ("name", "value"), [("TIMEOUT", "soon"), ("SHARDS", "0"), ("CA", "/no/such/file.pem")]
)
def test_a_wrong_setting_is_bad_input(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"INFORCE_ES_{name}", value)
    with pytest.raises(BadInputError, match="INFORCE_ES_"):
        open_index("elastic+http://127.0.0.1:1/statutes")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine that nobody has signed but itself, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    pem = tmp_path / "node.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(pem.with_suffix(".key")), "-out", str(pem)]
    subprocess.run(command, check=True, capture_output=True)
    return pem


class Guarded(BaseHTTPRequestHandler):
    """What a secured node says to whoever brings no key."""

    def do_GET(self) -> None:
        body = b'{"error": {"reason": "missing authentication credentials"}, "status": 401}'
        self.send_response(401)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"elastic+https://127.0.0.1:{server.server_port}/statutes"
        server.shutdown()


def test_a_certificate_nobody_signed_is_refused_until_it_is_named(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(certificate) as url:
        with pytest.raises(SearchFailedError, match=r"not trusted; .* INFORCE_ES_CA"):
            open_index(url)
        monkeypatch.setenv("INFORCE_ES_CA", str(certificate))
        with pytest.raises(SearchFailedError, match="wants a key: set INFORCE_ES_API_KEY"):
            open_index(url)
