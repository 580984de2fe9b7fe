"""Matters on the command line: from the first note to the files, and nothing left afterwards."""

from __future__ import annotations

import io
import json
from pathlib import Path

import docx
import pypdf
import pytest
from typer.testing import CliRunner, Result

from agent.people import People, Role, people_url
from agent.trace_store import TraceStore, traces_url
from corpus.errors import InForceError
from corpus.settings import Settings
from inforce import app
from tests.agent.matters_cases import HOSTILE, answered, stored
from tests.corpus.build import history, version

QUESTION = "What does s 1 Widgets Act 1990 say?"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    monkeypatch.setenv("INFORCE_TODAY", "2026-11-22")
    monkeypatch.setenv("INFORCE_ENCODER", "none")
    found = Settings.load()
    with stored(found, history(version("1990-01-01"))):
        return found


def ran(*words: str) -> Result:
    return CliRunner().invoke(app, ["matters", *words])


def made(name: str = "Smith v Jones", *more: str) -> str:
    done = ran("new", name, "--json", *more)
    assert done.exit_code == 0, done.output
    found: str = json.loads(done.stdout)["id"]
    return found


def asked(settings: Settings, as_at: str = "2026-11-20", asker: str | None = None) -> str:
    trace = answered(settings, QUESTION, as_at)
    with TraceStore.open(traces_url(settings)) as traces:
        traces.save(trace, *([asker] if asker else []))
    return trace.id


def test_a_matter_from_its_first_question_to_a_memo_and_its_deletion(
    settings: Settings, tmp_path: Path
) -> None:
    matter = made("Smith v Jones", "--as-at", "2026-11-20", "--fact", "act=2026-11-01")
    trace = asked(settings)
    assert ran("note", matter, "Called the client.").exit_code == 0
    assert ran("file", matter[:6], trace[:8]).exit_code == 0
    shown = ran("show", matter).output
    for words in ("Smith v Jones", "2026-11-01", "Called the client.", trace[:12], QUESTION):
        assert words in shown
    memo, page, bundle = (tmp_path / f"matter.{kind}" for kind in ("docx", "pdf", "json"))
    for file in (memo, page, bundle):
        assert ran("export", matter, "--to", str(file)).exit_code == 0
    text = "\n".join(line.text for line in docx.Document(str(memo)).paragraphs)
    for words in ("Matter: Smith v Jones", "Called the client.", "1. Question", QUESTION):
        assert words in text
    assert "The widget duty" in pypdf.PdfReader(page).pages[0].extract_text()
    again = CliRunner().invoke(app, ["replay", str(bundle)])
    assert (again.exit_code, again.stdout) == (0, f"The same: trace {trace} came out as it was.\n")
    done = ran("delete", matter, "--yes", "--json")
    found = json.loads(done.stdout)
    assert (found["traces"], len(found["files"])) == (1, 3)
    assert not memo.exists()
    assert ran("list").output == "There is no matter.\n"
    with TraceStore.open(traces_url(settings)) as traces:
        assert traces.lines() == []


def test_rename_archive_share_and_back(settings: Settings) -> None:
    matter = made()
    assert "Appeal" in ran("rename", matter, "Appeal").output
    assert "archived" in ran("archive", matter).output
    assert ran("list").output == "There is no matter.\n"
    assert matter[:12] in ran("list", "--archived").output
    assert ran("archive", matter, "--undo").exit_code == 0
    with People.open(people_url(settings)) as people:
        people.add("ben@firm.example", "Ben", [Role.READER])
    assert refusal("show", matter, "--person", "ben@firm.example").startswith("There is no matter")
    assert "ben@firm.example" in ran("share", matter, "ben@firm.example").output
    assert ran("show", matter, "--person", "ben@firm.example").exit_code == 0
    assert refusal("delete", matter, "--yes", "--person", "ben@firm.example").startswith("Only")
    assert ran("share", matter, "ben@firm.example", "--undo").exit_code == 0
    assert refusal("show", matter, "--person", "ben@firm.example").startswith("There is no matter")


def refusal(*words: str) -> str:
    done = ran(*words)
    assert isinstance(done.exception, InForceError), done.output
    return str(done.exception)


def test_the_clients_reference_is_shown_found_and_in_the_memo(
    settings: Settings, tmp_path: Path
) -> None:
    matter = made("Smith v Jones", "--reference", "ACME/2026-118")
    made("Ng v Roy")
    assert "ACME/2026-118" in ran("show", matter).output
    assert matter[:12] in ran("list", "--find", "2026-118").output
    assert "Ng v Roy" not in ran("list", "--find", "2026-118").output
    assert "ACME/7" in ran("refer", matter, "ACME/7").output
    file = tmp_path / "matter.md"
    assert ran("export", matter, "--to", str(file)).exit_code == 0
    assert "ACME\\/7" in file.read_text()
    assert "ACME" not in ran("refer", matter, "").output
    assert refusal("refer", matter, "x" * 101).startswith("A client's reference has at most 100")


def test_nobody_files_a_question_that_another_person_asked(settings: Settings) -> None:
    matter, trace = made(), asked(settings, asker="ben@firm.example")
    assert refusal("file", matter, trace).startswith("There is no answer")


def test_what_cannot_be_is_one_sentence(settings: Settings, tmp_path: Path) -> None:
    matter = made()
    assert refusal("new", " ").startswith("A matter needs a name")
    assert refusal("note", matter, "x" * 20_001).startswith("A note has 1 to 20,000 characters")
    assert refusal("show", "zzzz").startswith("There is no matter 'zzzz'")
    assert refusal("export", matter, "--to", str(tmp_path / "no" / "memo.docx")).endswith(
        "cannot be written: No such file or directory."
    )
    assert refusal("export", matter, "--to", str(tmp_path / "memo.xls")).startswith("'xls'")


def test_markup_in_every_field_stays_text(settings: Settings, tmp_path: Path) -> None:
    matter = made(HOSTILE)
    assert ran("note", matter, HOSTILE).exit_code == 0
    assert HOSTILE in ran("show", matter).output
    for kind in ("docx", "pdf", "md", "json"):
        assert ran("export", matter, "--to", str(tmp_path / f"m.{kind}")).exit_code == 0
    text = (tmp_path / "m.md").read_text(encoding="utf-8")
    assert text.count("<img") == text.count("\\<img") == 2
    assert "](https" not in text
    memo = docx.Document(io.BytesIO((tmp_path / "m.docx").read_bytes()))
    assert any(HOSTILE in line.text for line in memo.paragraphs)
