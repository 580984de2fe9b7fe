"""A memo in every format holds what the trace holds, whatever was written in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from agent.graph.run import ask
from agent.library import Library
from agent.trace import Trace
from agent.trace_migration import read_trace
from corpus.clock import today
from corpus.errors import BadInputError
from corpus.force_words import sources_words
from corpus.settings import Settings
from corpus.whole_file import write_whole
from ui.cards import Card, trace_cards
from ui.export.blocks import Memo, Quotation, Section, Table, Text
from ui.export.files import Format, exported, format_of
from ui.export.memo import memo_of
from ui.export.pdf import pdf
from ui.export.word import word
from ui.words import day_words

ROOT = Path(__file__).parents[2]
OLD = (ROOT / "tests/agent/fixtures/traces_schema_1.jsonl").read_text(encoding="utf-8").splitlines()
READ = sources_words([date(2026, 3, 1)])
QUESTIONS = {
    "fr": ("À partir de quel âge peut-on contracter mariage ?", date(2006, 4, 4)),
    "cn": ("已满几周岁的人犯罪应当负刑事责任？", date(2010, 1, 1)),
    "tw": ("行為後法律有變更者，適用何時之法律？", date(2010, 1, 1)),
}


@pytest.fixture(scope="module", params=QUESTIONS)
def answered(request: pytest.FixtureRequest, library: Library) -> tuple[Trace, tuple[Card, ...]]:
    question, day = QUESTIONS[request.param]
    trace = ask(library, question, as_at=day, jurisdictions=(request.param,))
    assert trace.answer is not None
    return trace, trace_cards(trace, library.store, today())


@pytest.fixture(scope="module")
def declined(library: Library) -> Trace:
    trace = ask(library, "Wie hoch ist die Hundesteuer in Kiel?", as_at=date(2020, 1, 1))
    assert trace.abstention is not None
    return trace


def word_text(content: bytes) -> str:
    document = docx.Document(BytesIO(content))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(line.text for line in document.paragraphs), *cells])


def pdf_text(content: bytes) -> str:
    pages = (page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    return "".join("".join(pages).split())


def must_say(trace: Trace, cards: tuple[Card, ...]) -> Iterator[str]:
    """What a memo of an answer must hold, whatever its format."""
    assert trace.governing is not None
    yield trace.question
    yield day_words(trace.governing.as_at)
    yield trace.id
    yield trace.corpus_hash
    yield "sources read on 1 March 2026"
    yield f"inforce replay {trace.id}"
    yield from (finding.explanation for finding in trace.findings)
    for card in cards:
        yield card.citation.quote
        yield card.citation.version_id
        yield card.in_force
        yield card.official


def test_a_word_memo_holds_question_date_authorities_and_audit(
    answered: tuple[Trace, tuple[Card, ...]],
) -> None:
    content = exported(*answered, READ, Format.DOCX)
    said = word_text(content)
    missing = [words for words in must_say(*answered) if words not in said]
    assert missing == []
    headings = [
        p.text for p in docx.Document(BytesIO(content)).paragraphs if p.style.name[:3] == "Hea"
    ]
    wanted = ["Question", "Governing date", "Short answer", "Authorities", "Reasoning", "Limits"]
    assert [name for name in headings if not name.startswith("[")] == [*wanted, "Appendix: audit"]


def test_a_pdf_holds_the_same_in_every_script(answered: tuple[Trace, tuple[Card, ...]]) -> None:
    said = pdf_text(exported(*answered, READ, Format.PDF))
    missing = [words for words in must_say(*answered) if "".join(words.split()) not in said]
    assert missing == []


def test_equal_answers_give_equal_pdf_files(answered: tuple[Trace, tuple[Card, ...]]) -> None:
    assert exported(*answered, READ, Format.PDF) == exported(*answered, READ, Format.PDF)


@pytest.mark.parametrize("how", [Format.DOCX, Format.PDF, Format.MD])
def test_an_abstention_has_a_memo_with_its_reason(
    how: Format, declined: Trace, library: Library
) -> None:
    cards = trace_cards(declined, library.store, today())
    content = exported(declined, cards, READ, how)
    read = {Format.DOCX: word_text, Format.PDF: pdf_text}.get(how, lambda text: text.decode())
    said = "".join(read(content).replace("\\", "").split())
    assert declined.abstention is not None
    wanted = ["No answer:", declined.abstention.wording.written(day_words), declined.id]
    assert [words for words in wanted if "".join(words.split()) not in said] == []
    assert "Shortanswer" not in said


@pytest.mark.parametrize("line", OLD, ids=range(len(OLD)))
def test_a_trace_of_an_earlier_version_has_a_memo(line: str) -> None:
    memo = memo_of(read_trace(line), (), READ)
    assert word(memo).startswith(b"PK")
    assert pdf(memo).startswith(b"%PDF")


def memo_with(text: str, sections: tuple[Section, ...]) -> Memo:
    written = "2026-01-01 00:00 UTC"
    return Memo(title=text, sections=sections, footer=text, trace_id="x", written=written)


HOSTILE = st.text(st.characters(codec=None, categories=None), max_size=40)


@given(text=HOSTILE)
@settings(max_examples=60)
def test_no_text_breaks_a_memo(text: str) -> None:
    blocks = (
        Text(label="[1]", text=text),
        Quotation(text=text, language="zh-Hant"),
        Table(columns=("a", "b"), rows=((text, "1"),)),
    )
    sections = (Section(heading=f"a {text}", blocks=blocks, appendix=True),)
    memo = Memo(
        title=text, sections=sections, footer=text, trace_id="x", written="2026-01-01 00:00 UTC"
    )
    assert pdf(memo).startswith(b"%PDF")
    assert docx.Document(BytesIO(word(memo))).paragraphs


def test_markup_of_others_stays_text_in_a_pdf() -> None:
    text = "<b>bold</b> <font size=90>big</font> &amp; <img src='http://evil.example/x.png'/>"
    sections = (Section(heading="a", blocks=(Text(text=text),)),)
    memo = Memo(
        title="t", sections=sections, footer="", trace_id="x", written="2026-01-01 00:00 UTC"
    )
    assert "".join(text.split()) in pdf_text(pdf(memo))


def test_a_font_that_is_none_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from ui.export.pdf import fonts

    fonts.cache_clear()
    (tmp_path / "x.ttf").write_text("no font")
    monkeypatch.setenv("INFORCE_PDF_FONT", str(tmp_path / "x.ttf"))
    memo = memo_with("t", ())
    with pytest.raises(BadInputError, match=r"INFORCE_PDF_FONT names .*x\.ttf"):
        pdf(memo)
    fonts.cache_clear()


# -- on the command line -------------------------------------------------------------------------


def run(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **settings.environment(), "INFORCE_TODAY": "2026-11-22"}
    return subprocess.run(
        [sys.executable, "-m", "inforce", *words],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
    )


def test_the_json_of_an_answer_is_replayed_to_the_same(settings: Settings, tmp_path: Path) -> None:
    question, day = QUESTIONS["fr"]
    asked = run(settings, "ask", question, "--as-at", str(day), "--json")
    name = json.loads(asked.stdout)["id"]
    done = run(settings, "export", name, "--to", str(tmp_path / "answer.json"))
    assert done.returncode == 0, done.stderr
    again = run(settings, "replay", str(tmp_path / "answer.json"))
    assert (again.returncode, name in again.stdout) == (0, True)
    memo = run(settings, "export", str(tmp_path / "answer.json"), "--to", str(tmp_path / "m.docx"))
    assert memo.returncode == 0, memo.stderr
    assert name in word_text((tmp_path / "m.docx").read_bytes())


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("missing/memo.docx", "cannot be written: No such file"),
        ("folder.docx", "cannot be written: Is a directory"),
        ("memo.odt", "'odt' is no format"),
        ("memo", "has no suffix"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_sentence(
    settings: Settings, tmp_path: Path, to: str, sentence: str
) -> None:
    (tmp_path / "folder.docx").mkdir()
    kept = tmp_path / "old.json"
    kept.write_text(OLD[-1], encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run(settings, "export", str(kept), "--to", str(tmp_path / to))
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_file_without_a_trace_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    done = run(settings, "export", str(tmp_path / "x.json"), "--to", str(tmp_path / "x.pdf"))
    assert done.returncode == 2
    assert "x.json" in done.stderr
    assert "not a trace" in done.stderr.replace("\n", " ")


def test_a_file_that_exists_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "memo.md"
    file.write_text("old")
    write_whole(file, b"new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]
    assert format_of(file, None) is Format.MD
    assert format_of(file, "PDF") is Format.PDF
