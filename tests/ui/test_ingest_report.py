"""The ingest report page: each refused record with its place, and no markup of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from corpus.act_report import REPORT_COLUMNS
from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.sources.git.git_markdown import GitMarkdown
from corpus.sources.git.markdown_dialect import read_dialect
from corpus.sources.jsonl import Jsonl, write_jsonl
from corpus.store import Store
from tests.corpus.build import history, version
from tests.corpus.commits import repository
from tests.corpus.test_impossible_histories import NEW, OLD, RULES, at, text
from tests.ui.page_state import shown, started

HOSTILE = '![x](http://192.0.2.1/a.png)<img src="http://192.0.2.1/b.png">'


def _page() -> None:
    from ui.pages.ingest_report import page

    page()


def opened(**address: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=30)
    return started(app, **address)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    settings = Settings.under(tmp_path / "home")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    with Store.open(settings.store_url, create=True) as opened:
        yield opened


def doubtful(folder: Path) -> GitMarkdown:
    (folder / "yy.toml").write_text(RULES, encoding="utf-8")
    since = "since: 1990-01-01\n"
    commits = [
        at("1980-01-01", text("Too early.", head=since)),
        at("1990-01-01", text(OLD, head=since)),
        at("2000-01-01", text(NEW, head=since)),
        at("2001-01-01", "no frontmatter", path="yy/Q2.md"),
    ]
    return GitMarkdown(repository(folder / "repo", commits), read_dialect(folder / "yy.toml"))


def test_what_was_refused_is_shown_with_its_place(tmp_path: Path, store: Store) -> None:
    ingest(doubtful(tmp_path), store)
    page = shown(opened())
    assert "Reports of the last ingest: 2" in page
    assert "1 left out as a whole" in page
    assert all(f">{name}</th>" in page for name in REPORT_COLUMNS)
    act, left_out = store.act_reports()
    for remark in (*act.refused, *left_out.refused):
        assert remark.place in page
        assert "before the act itself (1990-01-01)" in page


def test_acts_without_anything_remarkable_are_shown_on_request(
    tmp_path: Path, store: Store
) -> None:
    law = tmp_path / "law.jsonl"
    write_jsonl([history(version("1990-01-01"))], law)
    ingest(Jsonl(law), store)
    (plain,) = store.act_reports()
    assert not plain.is_remarkable
    app = opened()
    assert "<table>" not in shown(app)
    app.checkbox[0].check().run()
    assert str(plain.work_id) in shown(app)


def test_the_address_selects_one_act(tmp_path: Path, store: Store) -> None:
    ingest(doubtful(tmp_path), store)
    page = shown(opened(work="yy/Q1"))
    assert "yy/Q1" in page
    assert "Reports of the last ingest: 1" in page
    assert "Q2" not in page
    assert "zz/none" in opened(work="zz/none").info[0].value.replace("\\", "")


@pytest.mark.parametrize("place", ["title", "address", "frontmatter"])
def test_words_of_others_are_text(tmp_path: Path, store: Store, place: str) -> None:
    (tmp_path / "yy.toml").write_text(RULES, encoding="utf-8")
    act = text(OLD).replace("Quay Act", HOSTILE) if place == "title" else text(OLD)
    early = f"---\ntitle: Q\n{HOSTILE}\n---\n" if place == "frontmatter" else text(OLD)
    commits = [at("1990-01-01", act), at("1980-01-01", early, path="yy/Q2.md")]
    repo = repository(tmp_path / "repo", commits)
    ingest(GitMarkdown(repo, read_dialect(tmp_path / "yy.toml")), store)
    app = opened(work=HOSTILE) if place == "address" else opened()
    if place != "address":
        app.checkbox[0].check().run()
        assert "192.0.2.1" in shown(app)
    assert "<img" not in shown(app)
    assert all("![x](" not in element.value for element in app.info)


def test_a_missing_store_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in Settings.under(tmp_path / "none").environment().items():
        monkeypatch.setenv(name, value)
    assert "no store" in opened().error[0].value.replace("\\", "")
