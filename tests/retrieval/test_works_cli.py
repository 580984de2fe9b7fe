"""``inforce works``, ``history``, ``search`` and ``searches`` as a lawyer types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from corpus.demo import demo_files
from corpus.errors import BadInputError
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from inforce import app
from retrieval.citations.named_act import named_act
from retrieval.index_build import load


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings.under(tmp_path_factory.mktemp("home"))
    load(Jsonl(*demo_files()), settings, strict=True, vectors=False)
    return settings


@pytest.fixture(autouse=True)
def _environment(home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in home.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("INFORCE_SEARCHES", f"sqlite:///{tmp_path / 'searches.db'}")


def run(*words: str) -> str:
    done = CliRunner().invoke(app, words)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def told(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


def test_works_lists_every_act_with_its_gaps() -> None:
    acts = {act["work"]: act for act in told("works", "--as-at", "2010-01-01")["acts"]}
    assert acts["fr/code-electoral"]["gaps"] == [{"start": "2000-04-22", "end": "2026-04-01"}]
    assert acts["fr/code-electoral"]["covered_on"] is False
    assert "Code électoral" in run("works", "--jurisdiction", "fr")


def test_an_act_is_printed_as_it_stood_and_never_without_a_day() -> None:
    assert "art. 1134, al. 1" in run("works", "Code civil", "--as-at", "2016-09-30")
    later = run("works", "Code civil", "--as-at", "2016-10-01")
    assert "art. 1134, al. 1" not in later
    assert "art. 1103" in later
    with pytest.raises(BadInputError, match="the day is missing"):
        run("works", "Code civil")


def test_history_names_what_moved_and_which_act_did_it() -> None:
    days = told("history", "Code civil", "--since", "2016-10-01", "--until", "2016-10-01")["days"]
    (day,) = days
    assert "art. 1134, al. 1 → art. 1103" in day["renumbered"]
    assert "2016-10-01" in run("history", "fr/code-civil")


def test_an_act_is_found_by_id_title_and_part_and_an_unclear_name_is_refused(
    home: Settings,
) -> None:
    with Store.open(home.store_url) as store:
        works = store.works()
    assert named_act(works, "uk/era-1996").id == "uk/era-1996"
    assert named_act(works, "employment rights act 1996").id == "uk/era-1996"
    assert named_act(works, "Employment Rights").id == "uk/era-1996"
    with pytest.raises(BadInputError, match="may mean several acts"):
        named_act(works, "Directive")
    for nothing in ("no such act", "", "<b>"):
        with pytest.raises(BadInputError, match="holds no act named"):
            named_act(works, nothing)


def test_a_citation_comes_first_and_one_that_is_not_in_force_says_why() -> None:
    found = told("search", "art. 1240 Code civil dommage", "--as-at", "2016-10-01")
    assert found["found"][0]["provision"] == "fr/code-civil#tort"
    assert found["found"][0]["cited"] is True
    before = told("search", "art. 1240 Code civil", "--as-at", "2016-09-30")
    assert before["found"] == []
    (cited,) = before["citations"]
    assert cited["status"] != "in_force"
    assert cited["explanation"]


def test_filters_narrow_and_counts_stay_those_of_the_words() -> None:
    words = ("search", "minimum wage", "--as-at", "2020-01-01")
    everything = told(*words)
    kinds = {line["kind"] for line in everything["found"] if line["jurisdiction"] == "uk"}
    one = min(kinds)
    uk = told(*words, "--in", "uk", "--kind", one)
    assert {line["jurisdiction"] for line in uk["found"]} == {"uk"}
    assert {line["kind"] for line in uk["found"]} == {one}
    assert uk["counts"] == everything["counts"]
    assert sum(everything["counts"]["languages"].values()) > 0


def test_a_search_that_finds_nothing_says_so() -> None:
    assert "No provision in force on the day" in run("search", "zyx", "--as-at", "2020-01-01")


def test_texts_of_other_days_are_found_only_when_asked_for_and_are_marked() -> None:
    day = "2016-09-30"
    words = ("search", "contrat adhésion", "--as-at", day, "--act", "fr/code-civil")
    later = told(*words, "--later")["found"]
    assert later
    assert all(line["valid_from"] > day for line in later)
    assert {line["status"] for line in later} == {"not_yet_in_force"}
    assert all(line["valid_from"] <= day for line in told(*words)["found"])
    earlier = told("search", "mariage", "--as-at", "2020-01-01", "--earlier")["found"]
    assert all(line["valid_to"] <= "2020-01-01" for line in earlier)
    assert "[not yet in force]" in run(*words, "--later")


def test_a_saved_search_keeps_words_and_filters_and_not_the_day() -> None:
    run("search", "mariage", "--as-at", "2006-04-04", "--in", "fr", "--save", "age")
    (kept,) = told("searches")["searches"]
    assert (kept["name"], kept["request"]["jurisdictions"]) == ("age", ["fr"])
    again = told("search", "--saved", "age", "--as-at", "2020-01-01")
    assert again["as_at"] == "2020-01-01"
    assert {line["jurisdiction"] for line in again["found"]} == {"fr"}
    assert "age: mariage" in run("searches")
    run("searches", "--forget", "age")
    with pytest.raises(BadInputError, match="No search is saved as 'age'"):
        run("search", "--saved", "age", "--as-at", "2020-01-01")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search", "x"), "the day is missing"),
        (("search", "--as-at", "2020-01-01"), "either words"),
        (("search", "x", "--as-at", "2020-02-30"), "--as-at"),
        (("search", "x", "--as-at", "2020-01-01", "--in", "zz"), "There is no jurisdiction"),
        (("search", "x", "--as-at", "2020-01-01", "--act", "zz"), "no act with the id 'zz'"),
        (("search", "x", "--as-at", "2020-01-01", "--kind", "zz"), "no kind of act 'zz'.*code"),
        (("search", "x", "--as-at", "2020-01-01", "--language", "zz"), "language 'zz'.*fr"),
        (("search", "x" * 20_001, "--as-at", "2020-01-01"), "at most 20,000 characters"),
        (("works", "--jurisdiction", "zz"), "There is no jurisdiction 'zz'"),
        (("works", "--kind", "zz"), "no kind of act 'zz'"),
        (("search", "x", "--as-at", "2020-01-01", "--later", "--earlier"), "not both"),
        (("search", "x", "--as-at", "2020-01-01", "--save", "n" * 101), "needs a name"),
        (("history", "nothing at all"), "holds no act"),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        run(*words)
