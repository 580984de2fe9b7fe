"""``inforce index`` as an administrator types it, on every engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from corpus.demo import demo_files
from corpus.errors import BadInputError, IndexMissingError
from corpus.ingest import ingest
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from retrieval.cli.index import app
from retrieval.index_rows import indexed_texts


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, int]:
    """A store of a few works, and the number of rows an index of it has."""
    url = f"sqlite:///{tmp_path_factory.mktemp('law') / 'store.db'}"
    with Store.open(url, create=True) as store:
        ingest(Jsonl(demo_files()[0]), store, strict=True)
        return url, len(list(indexed_texts(store)))


@pytest.fixture
def rows(law: tuple[str, int], engine_url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("INFORCE_STORE", law[0])
    monkeypatch.setenv("INFORCE_INDEX", engine_url)
    return law[1]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_build_status_verify_swap_drop(rows: int) -> None:
    assert isinstance(run("status").exception, IndexMissingError)
    assert f"{rows} rows written" in run("build").stdout
    assert "already holds this corpus" in run("build").stdout
    status = json.loads(run("status", "--json").stdout)
    assert (status["rows"], status["health"], status["current"]) == (rows, "green", True)
    assert "it holds the store's present state" in run("status").stdout
    checked = run("verify", "--searches", "300", "--json")
    assert checked.exit_code == 0, checked.stdout
    found = json.loads(checked.stdout)
    assert (found["rows"], found["missing"], found["surplus"], found["wrong"]) == (rows, 0, 0, 0)
    assert found["searches"] == 300
    assert isinstance(run("swap").exception, BadInputError)
    assert json.loads(run("build", "--anew", "--json").stdout) == {"rows": rows}
    assert "in use now" in run("swap").stdout
    assert run("drop", "--yes").exit_code == 0
    assert isinstance(run("status").exception, IndexMissingError)


def test_a_drop_is_asked_about(rows: int, tmp_path: Path) -> None:
    run("build")
    refused = CliRunner().invoke(app, ["drop"], input="n\n")
    assert refused.exit_code == 1
    assert json.loads(run("status", "--json").stdout)["rows"] == rows


def test_an_index_of_another_corpus_is_told_by_status(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("build")
    other = f"sqlite:///{tmp_path / 'other.db'}"
    Store.open(other, create=True).close()
    monkeypatch.setenv("INFORCE_STORE", other)
    assert json.loads(run("status", "--json").stdout)["current"] is False
    assert run("verify", "--searches", "10").exit_code == 1
