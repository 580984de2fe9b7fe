"""A text that is to be one citation: every word of it counts, and so do the filters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from corpus.demo import demo_files
from corpus.errors import BadInputError, SourceError
from corpus.ingest import ingest
from corpus.model import (
    Coverage,
    Provision,
    ProvisionNumber,
    SourceRef,
    Version,
    Work,
    WorkHistory,
)
from corpus.provision_numbers import label_key
from corpus.sources.jsonl import Jsonl
from corpus.sources.registry import open_source
from corpus.store import Store
from retrieval.citations.citation_grammar import ParsedCitation, find_citations
from retrieval.citations.pinpoints import locate
from retrieval.citations.resolution import CitationAnswer, resolve_citation
from retrieval.citations.whole import read_whole
from tests.retrieval.citation_cases import case_works

REAL = Path(__file__).parents[2] / "../shared/corpora"
CORPORA = (
    *("us-cfpb-regml", "uk-clml-samples", "de-ldml-akn", "tw-moj-json", "cn-lawrefbook"),
    "ee-riigiteataja-git",
)
SECTION = "(1) A rule.\n(2) Another: (a) one case; (b) a second.\n(3) An exception."


def work(work_id: str, title: str, *aliases: str) -> Work:
    return Work(
        id=work_id,
        jurisdiction=work_id.split("/", maxsplit=1)[0],
        language="en",
        kind="act",
        title=title,
        aliases=aliases,
        citation=title,
        source="made up",
    )


def history(held: Work, labels: dict[str, str], extent: str | None = None) -> WorkHistory:
    numbers = enumerate(labels.items())
    return WorkHistory(
        work=held,
        provisions=tuple(
            Provision(id=f"{held.id}#{n}", work_id=held.id, labels=(ProvisionNumber(text=label),))
            for n, label in enumerate(labels)
        ),
        versions=tuple(
            Version(
                id=f"{held.id}#{n}@x",
                provision_id=f"{held.id}#{n}",
                language="en",
                extent=extent,
                text=text,
                valid_from=date(1990, 1, 1),
                source=SourceRef(file="x"),
            )
            for n, (_, text) in numbers
        ),
        coverage=(Coverage(work_id=held.id, covered_from=date(1990, 1, 1), from_origin=True),),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("whole") / "law.db"
    quays = work("fr/quays", "Code des quais")
    ferry = work("uk/ferry", "Ferry Act 1990")
    rules = work("uk/rules", "Court Rules", "CR")
    with Store.open(f"sqlite:///{path}", create=True) as opened:
        labels = ("Article 2 bis A", "Article D132-4 A", "Article 13 quinquies C", "Annexe III bis")
        texts = dict.fromkeys((*labels, "Article 1er", "全文"), "Des bateaux.")
        opened.write(history(quays.model_copy(update={"language": "fr"}), texts))
        opened.write(history(ferry, {"s 1": "Ferrymen.", "s 98": SECTION}, "E+W"))
        opened.write(history(rules, {"rule 3.4": "Strike out.", "Form N1, part A": "Claim."}))
        yield opened


def ask(store: Store, text: str, **more: Any) -> CitationAnswer:
    return resolve_citation(store, text, date(2000, 1, 1), **more)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("art. 2 bis A Code des quais", "Article 2 bis A"),
        ("art. D. 132-4 A Code des quais", "Article D132-4 A"),
        ("art. 13 quinquies C Code des quais", "Article 13 quinquies C"),
        ("annexe III bis Code des quais", "Annexe III bis"),
        ("article premier du Code des quais", "Article 1er"),
        ("Code des quais 全文", "全文"),
        ("CR 3.4", "rule 3.4"),
        ("Court Rules, Form N1, part A", "Form N1, part A"),
        ("s 98(2)(b) Ferry Act 1990", "s 98"),
    ],
)
def test_a_label_is_read_as_it_is_written_or_as_it_is_printed(
    store: Store, text: str, label: str
) -> None:
    answer = ask(store, text)
    assert (answer.status, answer.label, answer.unread) == ("in_force", label, None)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("s 98 Ferry Act 1990 s 3(4) twice", "s 3(4) twice"),
        ("s 98 Ferry Act 1990, Part 3", "Part 3"),
        ("s 98 Ferry Act 1990 Ontario", "Ontario"),
        ("s 98 Ferry Act 1990 Regulations", "Regulations"),
        ("12th recital, s 98 Ferry Act 1990", "12th recital"),
        ("Ferry Act 1990, the part on caps", "the part on caps"),
        ("art. 2 bis A du Code des quais haïtien", "haïtien"),
        ("art. 2 bis A du Code des quais guadeloupéen", "guadeloupéen"),
    ],
)
def test_words_left_over_are_named_and_nothing_is_answered(
    store: Store, text: str, unread: str
) -> None:
    answer = ask(store, text)
    assert (answer.status, answer.text, answer.provision) == ("not_found", None, None)
    assert answer.unread == unread
    assert unread in answer.explanation


@pytest.mark.parametrize(
    "text",
    ["ss 1 and 98 Ferry Act 1990", "ss 1-98 Ferry Act 1990", "s 1 ff Ferry Act 1990"],
)
def test_several_provisions_are_not_answered_by_the_first(store: Store, text: str) -> None:
    answer = ask(store, text)
    assert (answer.status, answer.text) == ("ambiguous", None)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("s 98(20) Ferry Act 1990", "(20)"),
        ("s 98(4) Ferry Act 1990", "(4)"),
        ("s 98(2)(c) Ferry Act 1990", "(c)"),
        ("s 98, subsection 7 Ferry Act 1990", "subs7"),
        ("subsection (9) of section 98 of the Ferry Act 1990", "(9)"),
        ("para 5 of s 98 Ferry Act 1990", "para5"),
    ],
)
def test_a_pinpoint_that_the_text_does_not_hold_is_said(
    store: Store, text: str, missing: str
) -> None:
    answer = ask(store, text)
    assert (answer.status, answer.text) == ("not_found", None)
    assert f"holds no {missing}" in answer.explanation


def test_a_pinpoint_that_nobody_can_look_for_is_said(store: Store) -> None:
    answer = ask(store, "s 1(20) Ferry Act 1990")
    assert answer.status == "in_force"
    assert "Whether it holds (20) cannot be told" in answer.explanation


@pytest.mark.parametrize(
    ("part", "held"),
    [("(2)", True), ("(b)", True), ("(c)", False), ("(20)", False), ("abs3", True), ("al9", False)],
)
def test_parts_are_looked_for_by_their_marks(part: str, held: bool) -> None:
    found = locate(SECTION, [part], "en")
    assert (found.span is not None, found.missing is None) == (held, held)
    undivided = locate("One undivided sentence about section 4(1).", [part], "en")
    assert (undivided.span, undivided.missing, undivided.unsure) == (None, None, (part,))


def test_the_territory_of_a_text_is_said(store: Store) -> None:
    explanation = ask(store, "s 1 Ferry Act 1990").explanation
    assert "This text holds in England and Wales." in explanation


@pytest.mark.parametrize("text", ["s 1 Ferry Act 1990", "art. 2 bis A Code des quais"])
def test_a_jurisdiction_binds_reading(store: Store, text: str) -> None:
    here = "uk" if "Ferry" in text else "fr"
    other = "fr" if here == "uk" else "uk"
    assert ask(store, text, jurisdictions=(here,)).status == "in_force"
    refused = ask(store, text, jurisdictions=(other,))
    assert (refused.status, refused.text) == ("not_found", None)
    assert f"is not law of {other}" in refused.explanation


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        ({"jurisdictions": ("zz",)}, "there are fr, uk"),
        ({"jurisdictions": ("uk", "England")}, "there are fr, uk"),
        ({"jurisdictions": ("UK",)}, "there are fr, uk"),
        ({"extent": "Narnia"}, "there are E, NI, S, W"),
        ({"extent": "E+Narnia"}, "there are E, NI, S, W"),
    ],
)
def test_an_unknown_code_is_refused_with_those_that_are_known(
    store: Store, filters: dict[str, Any], listed: str
) -> None:
    with pytest.raises(BadInputError, match=listed):
        ask(store, "s 1 Ferry Act 1990", **filters)


# -- every label of every store -----------------------------------------------------------------


def uncitable(histories: Iterator[WorkHistory]) -> tuple[list[str], int]:
    """Return the labels that no citation by label and title reaches, and how many were tried."""
    held = list(histories)
    works = tuple(h.work for h in held)
    keys = {h.work.id: {label_key(n.text) for p in h.provisions for n in p.labels} for h in held}
    lost, tried = [], 0
    for h in held:
        for label in sorted({n.text for p in h.provisions for n in p.labels}):
            chinese = h.work.language.startswith("zh")
            text = f"{h.work.title}{label}" if chinese else f"{label} {h.work.title}"
            found = read_whole(text, works, lambda work_id, key: key in keys[work_id])
            tried += 1
            if not _reaches(found, h.work.id, label, keys[h.work.id]):
                lost.append(text)
    return lost, tried


def _reaches(found: object, work_id: str, label: str, keys: set[str]) -> bool:
    if not isinstance(found, ParsedCitation) or found.unread or found.through:
        return False
    first = next((key for key in found.label_keys if key in keys), None)
    return work_id in found.work_ids and first == label_key(label)


def test_every_label_of_the_demonstration_corpus_is_citable(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/demo.db", create=True) as demo:
        ingest(Jsonl(*demo_files()), demo, strict=True)
        lost, tried = uncitable(demo.histories())
    assert tried > 200
    assert lost == []


@pytest.mark.corpora
@pytest.mark.parametrize("name", CORPORA)
def test_every_label_of_a_real_corpus_is_citable(name: str) -> None:
    if not (REAL / name).exists():
        pytest.skip(f"{REAL / name} is not here")
    faults: list[SourceError] = []
    lost, tried = uncitable(open_source(str(REAL / name)).works(faults.append))
    assert tried > 5
    assert lost == []


# -- the work of reading ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        *("s 1", "§ 1, ", "art. 1 ", "第一条", "ss 1, 2, ", "(1)(a)", "Abs. 1 und ", "12 CFR 1 "),
        *("Code civil ", "ERA 1996, ", "s 98 ERA 1996 ", "et s. ", "1 § ", "al. 1 ", "((((", "《"),
        *("§ 1 BGB, ", "ERA 1996 (c. 18) ", "C.", "1.", "para 1 of ", "a "),
    ],
)
def test_twice_the_text_is_twice_the_work(pattern: str) -> None:
    works = case_works()
    find_citations(pattern, works)
    short, long = (
        calls(lambda n=n: find_citations((pattern * n)[:n], works)) for n in (2_000, 4_000)
    )
    assert long < 2.6 * short


def calls(read: Callable[[], object]) -> int:
    """Return how many functions, of Python and of C, a call enters."""
    entered = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal entered
        entered += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        read()
    finally:
        sys.setprofile(None)
    return entered
