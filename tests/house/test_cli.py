"""The commands as a user types them: status, streams and sentences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus.demo import demo_files
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl, write_jsonl
from retrieval.citations.law_answers import LawAnswer
from retrieval.index_build import load
from tests.corpus.build import history, version

ROOT = Path(__file__).parents[2]


def run(home: Path, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "INFORCE_HOME": str(home), "INFORCE_TODAY": "2026-11-22"}
    return subprocess.run(
        [sys.executable, "-m", "inforce", *words],
        check=False,
        capture_output=True,
        text=True,
        input=given,
        env=environment,
        cwd=ROOT,
    )


def one_object(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The only thing on standard output."""
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    load(Jsonl(*demo_files()), Settings.under(folder), strict=True)
    return folder


@pytest.mark.parametrize(
    ("citation", "on", "status"),
    [
        ("art. 1382 Code civil", "2016-09-30", "in_force"),
        ("art. 427-1 Code civil", "2026-11-01", "not_yet_in_force"),
        ("art. 99999 Code civil", "2016-09-30", "not_found"),
        ("art. 1 Code de la Lune", "2016-09-30", "not_found"),
    ],
)
def test_law_prints_one_object_of_documented_keys(
    home: Path, citation: str, on: str, status: str
) -> None:
    found = one_object(run(home, "law", citation, "--on", on, "--json"))
    assert list(found) == list(LawAnswer.model_fields)
    assert found["status"] == status
    assert (found["text"] is not None) == (status == "in_force")
    assert found["explanation"]


def test_renumbered_article_is_one_provision_under_two_labels(home: Path) -> None:
    old = one_object(run(home, "law", "art. 1382 Code civil", "--as-at", "2016-09-30", "--json"))
    new = one_object(run(home, "law", "art. 1240 C. civ.", "--on", "2016-10-01", "--json"))
    assert old["provision"] == new["provision"]
    assert (old["label"], new["label"]) == ("art. 1382", "art. 1240")


def test_a_jurisdiction_binds_law_alone_and_in_a_batch(home: Path, tmp_path: Path) -> None:
    asked = {"citation": "art. 144 Code civil", "on": "2006-04-05"}
    cited = (asked["citation"], "--on", asked["on"], "--json")
    found = one_object(run(home, "law", *cited, "--jurisdiction", "fr"))
    assert found["status"] == "in_force"
    foreign = one_object(run(home, "law", *cited, "--in", "uk"))
    assert (foreign["status"], foreign["text"]) == ("not_found", None)
    assert "is not law of uk" in foreign["explanation"]
    both = one_object(run(home, "law", *cited, "--in", "uk", "--jurisdiction", "fr"))
    assert both == found
    batch = tmp_path / "batch.jsonl"
    batch.write_text(json.dumps({**asked, "jurisdictions": ["uk"]}))
    assert one_object(run(home, "law", "--json", "--batch", str(batch))) == foreign
    unknown = run(home, "law", *cited, "--jurisdiction", "zz")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "There is no jurisdiction 'zz' in this corpus" in unknown.stderr


def test_batch_answers_in_the_order_asked(home: Path, tmp_path: Path) -> None:
    asked = [
        {"citation": "art. 144 Code civil", "on": "2006-04-05"},
        {"citation": "art. 144 Code civil", "on": "2006-04-04", "known_at": "2006-04-04"},
        {"citation": "no such thing", "on": "1297-01-01", "known_at": None},
        {"citation": "art. 144 Code civil", "on": "2300-01-01"},
    ]
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(line) for line in asked) + "\n")
    done = run(home, "law", "--json", "--batch", str(batch))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(f["citation"], f["on"]) for f in found] == [(a["citation"], a["on"]) for a in asked]
    by_stdin = run(home, "law", "--json", "--batch", "-", given=batch.read_text())
    assert by_stdin.stdout == done.stdout


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"citation": "x", "on": "2016-13-01"}', "batch.jsonl:2, field 'on'"),
        ('{"citation": "x"}', "batch.jsonl:2, field 'on': Field required"),
        ('{"citation": "x", "on": 0}', "batch.jsonl:2, field 'on': "),
        ('{"citation": "x", "on": "86400"}', "a day is written as YYYY-MM-DD"),
        ('{"citation": "x", "on": "2016-01-01", "known_at": 1.0}', "field 'known_at'"),
        ('{"citation": "x", "on": "2016-01-01", "at": 1}', "batch.jsonl:2, field 'at'"),
        ('{"citation": ', "batch.jsonl:2: not JSON"),
        ("[]", "batch.jsonl:2"),
    ],
)
def test_bad_batch_line_is_named_and_nothing_is_printed(
    home: Path, tmp_path: Path, line: str, sentence: str
) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text('{"citation": "art. 144 Code civil", "on": "2006-04-05"}\n' + line + "\n")
    done = run(home, "law", "--json", "--batch", str(batch))
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("law", "art. 144 Code civil", "--on", "last year"), "--as-at: 'last year' is not a date"),
        (("law", "art. 144 Code civil", "--on", "[bold]"), "--as-at: '[bold]' is not a date"),
        (("law", "art. 144 Code civil"), "--as-at: the governing date is missing"),
        (("law", "", "--on", "2006-04-05"), "give either a citation"),
        (("law",), "give either a citation with --as-at, or --batch FILE"),
        (("compare", "art. 144 Code civil", "2006-04-04", "soon"), "AFTER: 'soon' is not a date"),
        (("compare", "art. 427-1 Code civil", "2020-01-01", "2027-01-01"), "2026-12-31"),
        (("versions", "art. 99999 Code civil"), "art. 99999 Code civil"),
        (("ask", " ", "--on", "2006-04-04"), "question is empty"),
        (("ingest", "nowhere.jsonl"), "nowhere.jsonl"),
    ],
)
def test_bad_input_is_one_sentence_and_status_two(
    home: Path, words: tuple[str, ...], sentence: str
) -> None:
    done = run(home, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_missing_store_and_index_are_said(tmp_path: Path, home: Path) -> None:
    nothing = run(tmp_path, "law", "art. 144 Code civil", "--on", "2006-04-04")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "there is no store at" in nothing.stderr
    (tmp_path / "store.db").write_bytes((home / "store.db").read_bytes())
    unindexed = run(tmp_path, "ask", "mariage", "--on", "2006-04-04")
    assert unindexed.returncode == 2
    assert "index" in unindexed.stderr


def test_ingest_reports_the_fault_and_loads_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    sound = history(version("1990-01-01"))
    write_jsonl([sound], path)
    broken = path.read_text().replace("widgets-1990", "gadgets").replace("1990-01-01", "1990-02-30")
    path.write_text(path.read_text() + broken)
    done = run(tmp_path / "home", "ingest", str(path), "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 2
    assert (report["works"], len(report["faults"])) == (1, 1)
    assert "two.jsonl:" in report["faults"][0]
    law = one_object(run(tmp_path / "home", "law", "s 1 WA 1990", "--on", "1990-01-01", "--json"))
    assert law["status"] == "in_force"


def test_ask_prints_the_trace_and_abstains_without_a_day(home: Path) -> None:
    question = "À partir de quel âge peut-on contracter mariage ?"
    trace = one_object(run(home, "ask", question, "--on", "2006-04-04", "--json"))
    assert trace["stop"] == "answered"
    assert trace["answer"]["sentences"][0]["citations"][0]["label"] == "art. 144"
    undated = one_object(run(home, "ask", question, "--json"))
    assert undated["abstention"]["reason"] == "no_date"


def test_a_model_that_cannot_be_reached_is_a_failure_with_a_trace(home: Path) -> None:
    words = ("ask", "Quel âge ?", "--on", "2006-04-04", "--policy", "http://127.0.0.1:9/v1#judge")
    done = run(home, *words, "--json")
    trace = json.loads(done.stdout)
    assert (done.returncode, trace["stop"], trace["policy"]) == (1, "policy_error", "chat:judge")
    assert "http://127.0.0.1:9/v1 cannot be reached" in trace["abstention"]["explanation"]


def test_compare_marks_the_words_that_changed(home: Path) -> None:
    done = run(home, "compare", "art. 144 Code civil", "2006-04-04", "2006-04-05")
    assert done.returncode == 0
    assert "[-" in done.stdout
    assert "{+" in done.stdout


def test_versions_lists_the_history(home: Path) -> None:
    found = one_object(run(home, "versions", "art. 144 Code civil", "--json"))
    starts = [line["valid_from"] for line in found["versions"]]
    assert starts == sorted(starts)
    assert "2006-04-05" in starts
