"""A sentence that does not stand is struck; what is left must stand by itself."""

from __future__ import annotations

from datetime import date

import pytest

from agent.library import Library
from agent.policy import Draft, DraftCitation, Sentence
from agent.trace import GoverningDate
from agent.verification.verify import Verdict, verify

LICENCE = "uk/widgets-1990#licence@1990-01-01"
REGISTER = "uk/widgets-1990#register@1990-01-01"
NEW_REGISTER = "uk/widgets-1990#register@2000-01-01"
DAY = date(1995, 6, 30)


def cited(text: str, version_id: str = REGISTER, quote: str = "five years") -> Sentence:
    return Sentence(text=text, citations=(DraftCitation(version_id=version_id, quote=quote),))


def reasoned(text: str) -> Sentence:
    return Sentence(text=text, reasoning=True)


def verdict(library: Library, *sentences: Sentence) -> Verdict:
    governing = GoverningDate(as_at=DAY, ground="test")
    return verify(Draft(sentences=sentences), library, governing, {LICENCE, REGISTER, NEW_REGISTER})


def kept(library: Library, *sentences: Sentence) -> list[str]:
    answer = verdict(library, *sentences).answer
    return [sentence.text for sentence in answer.sentences] if answer else []


GOOD = cited("The register is kept for five years.")
LICENSED = cited("A licence is needed.", LICENCE, "without a licence")
BAD = cited("The register is kept for five years.", NEW_REGISTER, "seven years")


def test_a_struck_sentence_takes_no_other_citation_with_it(library: Library) -> None:
    found = verdict(library, GOOD, BAD, LICENSED)
    assert found.answer is not None
    assert [sentence.text for sentence in found.answer.sentences] == [GOOD.text, LICENSED.text]
    assert [citation.version_id for citation in found.answer.citations] == [REGISTER, LICENCE]
    assert not found.passed, "the policy may mend what was struck"
    assert "Struck: “The register is kept for five years.”" in found.explanation


def test_every_sentence_has_its_finding(library: Library) -> None:
    found = verdict(library, GOOD, BAD, reasoned("So it is kept."))
    sentences = [finding for finding in found.draft.findings if finding.check == "sentence"]
    assert [finding.passed for finding in sentences] == [True, False, False]


def test_findings_keep_the_order_of_the_draft(library: Library) -> None:
    lie = cited("The act says “all widgets are free” for 99 years.")
    two = GOOD.model_copy(update={"citations": GOOD.citations * 2})
    checks = [finding.check for finding in verdict(library, two, lie).draft.findings]
    each = ["resolves", "seen", "in_force", "verbatim"]
    assert checks == ["sentence", *each, *each, "sentence", *each, "verbatim", "figure", "figure"]


def test_nothing_ships_when_no_citation_stands(library: Library) -> None:
    found = verdict(library, BAD, reasoned("So it is kept."))
    assert found.answer is None


def test_a_sentence_without_a_citation_is_struck(library: Library) -> None:
    assert kept(library, GOOD, Sentence(text="And a fee is paid.")) == [GOOD.text]


def test_reasoning_ships_beside_a_citation_and_not_alone(library: Library) -> None:
    so = reasoned("So a maker keeps it.")
    assert kept(library, GOOD, so) == [GOOD.text, so.text]
    assert kept(library, so) == []


def test_reasoning_falls_with_any_sentence_it_may_rest_on(library: Library) -> None:
    assert kept(library, GOOD, reasoned("So a maker keeps it."), BAD) == [GOOD.text]


@pytest.mark.parametrize(
    "text",
    [
        "So the period ends on 1 March 2031.",
        "So the fee is 12 pounds.",
        "So section 9 does not apply.",
        "So the act says “all widgets are free”.",
        "So it is kept for seven years.",
        "So the 2031 Act governs.",
    ],
)
def test_reasoning_brings_no_figure_and_no_quotation_of_its_own(
    library: Library, text: str
) -> None:
    assert kept(library, GOOD, reasoned(text)) == [GOOD.text]


@pytest.mark.parametrize(
    "text",
    [
        "So the law as at 30 June 1995 says five years.",
        "So, in force since 1 January 1990, s 1 of the Widgets Act 1990 governs until 1999-12-31.",
        "So “a register of every widget” is kept.",
        "So the 1990 Act governs.",
    ],
)
def test_reasoning_may_name_what_is_cited_its_days_and_its_words(
    library: Library, text: str
) -> None:
    assert kept(library, GOOD, reasoned(text)) == [GOOD.text, text]


@pytest.mark.parametrize(
    "text",
    [
        "The register is kept for 50 years.",
        "The register is kept for seven years.",
        "The register is kept for five months.",
        "The register is kept for 5О years.",
        "Section 9 of the 2031 Act says five years.",
        "The act says “anybody may make widgets”.",
        "The act says 'anybody may make widgets'.",
        "The register is kept for five years [2].",
        "The register is kept for five years. The fee is waived.",
        "\u202e\u200b",
    ],
)
def test_a_good_citation_does_not_carry_a_bad_sentence(library: Library, text: str) -> None:
    assert kept(library, cited(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Widgets Act 1990, s 1: “keep a register of every widget sold for five years.”",
        "Under section 1 WA 1990 the register is kept for 5 years.",
        "Under the “Widgets Act 1990” it is kept for five years.",
        "Acc. to s. 1 it is five years, e.g. for toys.",
    ],
)
def test_a_sentence_may_name_the_law_it_cites(library: Library, text: str) -> None:
    quote = "keep a register of every widget sold for five years."
    assert kept(library, cited(text, quote=quote)) == [text]


def test_another_provisions_number_is_not_the_one_cited(library: Library) -> None:
    assert kept(library, cited("Under section 2 WA 1990 it is kept for five years.")) == []


def test_what_ships_is_what_was_checked(library: Library) -> None:
    written = cited("It is kept for \u202efive\u202c ye\u200bars.")
    assert kept(library, written) == ["It is kept for five years."]


def test_a_figure_must_stand_in_the_version_that_its_own_sentence_cites(library: Library) -> None:
    borrowed = cited("A licence is needed for five years.", LICENCE, "without a licence")
    assert kept(library, GOOD, borrowed) == [GOOD.text]
