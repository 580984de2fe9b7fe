"""A citation of a part is answered from that part, and a part that the text lacks is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.graph.run import ask
from agent.library import Library
from agent.tools.statutes import Scope, read_provision
from corpus.model import Coverage, Provision, ProvisionNumber, SourceRef, Version, Work, WorkHistory
from corpus.settings import Settings
from corpus.store import Store
from retrieval.citations.law_answers import law
from retrieval.citations.outline import outline
from retrieval.citations.pinpoints import locate
from retrieval.index_build import refresh_index
from tests.retrieval.citation_cases import case_works

DAY = date(2020, 1, 1)

LOSS = (
    "(a) Conditions. A holder is liable within the limits of paragraph (b) of this section, and "
    "only if the card was accepted under paragraphs (b)(1) or (b)(2).\n"
    "(b) Limits. The liability is as follows:\n"
    "(1) Notice in time. No more than 50 coins.\n"
    "(2) Notice late. No more than 500 coins or the sum of:\n"
    "(i) 50 coins; and\n"
    "(ii) what was taken later:\n"
    "(A) by day; or\n"
    "(B) by night.\n"
    "(3) Statements. No more than what followed.\n"
    "(c) Notice. It is given when steps are taken.\n"
    "(d) Forms. (1) In writing. (2) By word of mouth.\n"
    "(h) Last. As (i) before."
)
TEXTS = {
    ("us/reg-e", "§ 1005.6"): LOSS,
    ("de/bgb", "§ 433"): "(1) Der Krämer übergibt die Ware i. S. d. Abs. 2 gegen Geld. Er hat sie "
    "bis zum 3. Tag frei von Rost zu übergeben, wenn das Wetter schön ist. Sonst später.\n"
    "(2) Der Käufer zahlt.",
    ("de/milog", "§ 1"): "(1) Jeder hat Anspruch auf Lohn.\n(3) Ausgenommen sind:\n1. Fischer,\n"
    "2. Seeleute,\na) auf See,\nb) im Hafen,\n2a. Lotsen.",
    (
        "eu/gdpr",
        "Art 6",
    ): "1. Reading is lawful only if one of these is true:\n(a) leave was given;\n"
    "(b) a promise asks for it;\n(c) a duty asks for it;\n(f) an interest asks for it.\n"
    "Point (f) does not hold for offices.\n2. States may say more.",
    ("fr/cc", "art. 1240"): "La barque est rendue.\nElle l'est avant la nuit.\nLe prix reste dû.",
    ("fr/cgi", "art. 39"): "La taxe couvre :\n1° Les quais ;\n2° Les ponts.",
    ("tw/xf", "第185-3條"): "駕船而有下列情形之一者，處罰金：\n一、飲酒。\n二、無燈。\n三、超載。\n"
    "因而致人於死者，處徒刑；致重傷者，減輕之。但自首者，不在此限。",
    (
        "cn/xf",
        "第一百二十条",
    ): "组织船队的，处罚金。\n有下列情形的，从重：\n（一）夜间的；\n（二）结伙的；\n"
    "（三）多次的。\n犯前款罪的，没收船只。",
    (
        "uk/era",
        "s 98",
    ): "(1) It is for the owner to show—\n(a) the reason, and\n(b) that it is sound,"
    "\nand no other reason counts.\n(1A) This holds at sea.\n(2) A reason is sound if it is just.",
    (
        "ee/kars",
        "§ 87",
    ): "(1) Laev seisab.\n(2) Laev sõidab, kui:\n1) tuul puhub;\n2) vool kannab.\n"
    "(2¹) Öösel laev ei sõida.",
    ("es/ce", "artículo 24"): "1. Todos pueden navegar.\n2. Asimismo, nadie será obligado a remar.",
    ("cz/oz", "§ 2951"): "(1) Loď se vrátí.\n(2) Škoda se hradí:\na) penězi,\nb) prací.",
    ("ca/cc", "s 718.2"): "A court shall consider:\n(a) the weight;\n(b) the tide;\n(c) the hour;\n"
    "(d) the crew; and\n(e) the harbour.",
    ("fr/ct", "art. L. 3121-27"): "La durée est de trente-cinq heures.",
}
QUOTED = [
    ("12 CFR 1005.6(b)(1)", "(1) Notice in time. No more than 50 coins."),
    ("12 CFR § 1005.6, paragraph (b)(2)(ii)(B)", "(B) by night."),
    ("12 CFR 1005.6(b)(2)(i)", "(i) 50 coins; and"),
    ("12 CFR 1005.6(c)", "(c) Notice. It is given when steps are taken."),
    ("12 CFR 1005.6(d)(2)", "(2) By word of mouth."),
    ("12 CFR 1005.6(h)", "(h) Last. As (i) before."),
    (
        "§ 433 Abs. 1 S. 2 BGB",
        "Er hat sie bis zum 3. Tag frei von Rost zu übergeben, wenn das Wetter schön ist.",
    ),
    ("§ 433 I 3 BGB", "Sonst später."),
    ("§ 433 Abs. 2 BGB", "(2) Der Käufer zahlt."),
    ("§ 433 Abs. 2 S. 1 BGB", "Der Käufer zahlt."),
    ("§ 1 Abs. 3 Nr. 2 Buchst. a MiLoG", "a) auf See,"),
    ("§ 1 Abs. 3 Nr. 2a MiLoG", "2a. Lotsen."),
    ("art. 6(1)(f) GDPR", "(f) an interest asks for it."),
    ("Art. 6 Abs. 1 UAbs. 1 Buchst. a DSGVO", "(a) leave was given;"),
    ("Art. 6 Abs. 1 UAbs. 2 DSGVO", "Point (f) does not hold for offices."),
    ("article 6, paragraphe 1, point c), du RGPD", "(c) a duty asks for it;"),
    ("Article 6(2) GDPR", "2. States may say more."),
    ("art. 1240, al. 2, C. civ.", "Elle l'est avant la nuit."),
    ("art. 1240 al. 3 Code civil", "Le prix reste dû."),
    ("art. 39, 2° CGI", "2° Les ponts."),
    ("刑法第185條之3第1項第2款", "二、無燈。"),
    ("刑法第185條之3第2項", "因而致人於死者，處徒刑；致重傷者，減輕之。但自首者，不在此限。"),
    ("刑法第185條之3第2項前段", "因而致人於死者，處徒刑；"),
    ("刑法第185條之3第2項但書", "但自首者，不在此限。"),
    ("刑法第一百二十条第二款第三项", "（三）多次的。"),
    ("刑法第120条第三款", "犯前款罪的，没收船只。"),
    ("s 98(1)(a) ERA 1996", "(a) the reason, and"),
    ("s 98(1A) ERA 1996", "(1A) This holds at sea."),
    ("s 98, subsection (2) of the ERA 1996", "(2) A reason is sound if it is just."),
    ("KarS § 87 lg 2 p 2", "2) vool kannab."),
    ("KarS § 87 lg 2¹", "(2¹) Öösel laev ei sõida."),
    ("art. 24.2 CE", "2. Asimismo, nadie será obligado a remar."),
    ("art. 24, apartado 1, CE", "1. Todos pueden navegar."),
    ("§ 2951 odst. 2 písm. b) OZ", "b) prací."),
    ("s 718.2(e) Criminal Code", "(e) the harbour."),
]
LACKING = [
    ("12 CFR 1005.6(b)(4)", "(4)"),
    ("12 CFR 1005.6(b)(1)(i)", None),
    ("12 CFR 1005.6(k)", "(k)"),
    ("§ 433 Abs. 1 S. 4 BGB", "satz4"),
    ("§ 433 Abs. 3 BGB", "abs3"),
    ("§ 433 Abs. 2 S. 2 BGB", "satz2"),
    ("art. 6(1)(z) GDPR", "(z)"),
    ("art. 1240, al. 4, C. civ.", "al4"),
    ("art. 39, 3° CGI", "3°"),
    ("刑法第185條之3第3項", "第3項"),
    ("刑法第185條之3第1項第4款", "第4款"),
    ("刑法第一百二十条第二款第四项", "第4项"),
    ("s 98(5) ERA 1996", "(5)"),
    ("KarS § 87 lg 5", "lg5"),
    ("§ 1 Abs. 1 Nr. 2 MiLoG", None),
    ("art. L. 3121-27, al. 2 C. trav.", None),
]


def held(work: Work, texts: dict[str, str]) -> WorkHistory:
    named = list(enumerate(texts.items()))
    return WorkHistory(
        work=work,
        provisions=tuple(
            Provision(id=f"{work.id}#p{n}", work_id=work.id, labels=(ProvisionNumber(text=label),))
            for n, (label, _) in named
        ),
        versions=tuple(
            Version(
                id=f"{work.id}#p{n}@2000-01-01",
                provision_id=f"{work.id}#p{n}",
                language=work.language,
                text=text,
                valid_from=date(2000, 1, 1),
                source=SourceRef(file="made up"),
            )
            for n, (_, text) in named
        ),
        coverage=(Coverage(work_id=work.id, covered_from=date(2000, 1, 1), from_origin=True),),
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    settings = Settings.under(tmp_path_factory.mktemp("pinpoints"))
    works = {work.id: work for work in case_works()}
    with Store.open(settings.store_url, create=True) as store:
        for work_id in {work_id for work_id, _ in TEXTS}:
            texts = {label: text for (held_by, label), text in TEXTS.items() if held_by == work_id}
            store.write(held(works[work_id], texts))
        refresh_index(store, settings.index_url, lambda *_: None)
    with Library.open(settings) as opened:
        yield opened


@pytest.mark.parametrize(("citation", "quote"), QUOTED, ids=[text for text, _ in QUOTED])
def test_the_part_cited_is_what_is_quoted(library: Library, citation: str, quote: str) -> None:
    found = law(library.store, citation, DAY)
    assert (found.status, found.quote) == ("in_force", quote), found.explanation


@pytest.mark.parametrize(("citation", "quote"), QUOTED[::4], ids=[text for text, _ in QUOTED[::4]])
def test_the_answer_quotes_the_part_that_the_question_names(
    library: Library, citation: str, quote: str
) -> None:
    trace = ask(library, f"{citation} ?", as_at=DAY)
    assert trace.answer is not None, trace.abstention
    assert [cited.quote for cited in trace.answer.citations] == [quote]


@pytest.mark.parametrize(("citation", "missing"), LACKING, ids=[text for text, _ in LACKING])
def test_a_part_that_the_text_lacks_is_said(
    library: Library, citation: str, missing: str | None
) -> None:
    found = law(library.store, citation, DAY)
    if missing is None:
        assert (found.status, found.quote) == ("in_force", None)
        assert "cannot be told: its text is not divided so" in found.explanation
        return
    assert (found.status, found.text, found.quote) == ("not_found", None, None)
    assert f"its text holds no {missing}." in found.explanation


def test_a_tool_does_not_read_past_a_part_that_is_not_there(library: Library) -> None:
    scope = Scope(library)
    reading = read_provision(scope, "12 CFR 1005.6(b)(4)", str(DAY))
    assert (reading.status, reading.passage) == ("not_found", None)
    assert "holds no (4)" in reading.explanation
    doubtful = read_provision(scope, "12 CFR 1005.6(b)(1)(i)", str(DAY))
    assert doubtful.passage is not None
    assert doubtful.pinpoint is None
    assert "Whether it holds (i) cannot be told" in doubtful.explanation


def test_a_reference_to_a_part_divides_nothing() -> None:
    divided = outline(LOSS)
    assert [division.number for division in divided] == ["a", "b", "c", "d", "h"]
    assert [inner.number for inner in divided[1].divisions] == ["1", "2", "3"]
    assert divided[0].divisions == []


@given(
    st.text(alphabet="(a)b1.2ivx\n一、第項° ", max_size=80),
    st.lists(st.sampled_from(["(a)", "(1)", "abs2", "satz1", "al2", "第1項", "第2款", "2°", ".b"])),
    st.sampled_from(["en", "de", "fr", "zh", "zh-Hant"]),
)
def test_a_part_lies_inside_its_text(text: str, parts: list[str], language: str) -> None:
    found = locate(text, parts, language)
    if found.span is not None:
        assert 0 <= found.span[0] <= found.span[1] <= len(text)
    assert (found.span is None) == bool(found.missing or found.unsure)
