from datetime import date

from agent.library import Library
from agent.policy import Draft, DraftCitation, Sentence
from agent.trace import GoverningDate
from agent.verification.verify import Verdict, verify

LICENCE = "uk/widgets-1990#licence@1990-01-01"
OLD_REGISTER = "uk/widgets-1990#register@1990-01-01"
NEW_REGISTER = "uk/widgets-1990#register@2000-01-01"
SCOTLAND = "uk/widgets-1990#speed@2014-12-05~S"
QUOTE = "Nobody may make widgets without a licence."


def checked(
    library: Library,
    version_id: str,
    quote: str,
    day: str = "2001-01-01",
    *,
    known_at: str | None = None,
    extent: str | None = None,
    seen: tuple[str, ...] | None = None,
) -> Verdict:
    cited = DraftCitation(version_id=version_id, quote=quote)
    governing = GoverningDate(
        as_at=date.fromisoformat(day),
        known_at=date.fromisoformat(known_at) if known_at else None,
        ground="test",
    )
    return verify(
        Draft(sentences=(Sentence(text="So it is.", citations=(cited,)),)),
        library,
        governing,
        frozenset(seen if seen is not None else (version_id,)),
        extent=extent,
    )


def failed(verdict: Verdict) -> set[str]:
    """Return the checks that failed; a sentence whose citation failed is struck besides."""
    assert not verdict.passed
    assert verdict.answer is None
    assert "sentence" in {finding.check for finding in verdict.draft.findings if not finding.passed}
    return {f.check for f in verdict.draft.findings if not f.passed and f.check != "sentence"}


def test_a_true_citation_stands_with_its_place_and_label(library: Library) -> None:
    verdict = checked(library, LICENCE, QUOTE)
    assert verdict.passed
    (citation,) = verdict.answer.citations
    assert (citation.label, citation.work_title) == ("s 2", "Widgets Act 1990")
    assert (citation.start, citation.end) == (0, len(QUOTE))
    assert checked(library, LICENCE, QUOTE, "2005-01-01").answer.citations[0].label == "s 3"


def test_a_forged_citation_is_stopped(library: Library) -> None:
    assert failed(checked(library, "uk/widgets-1990#licence@2031-01-01", QUOTE)) == {"resolves"}


def test_a_version_one_day_too_old_is_stopped(library: Library) -> None:
    assert checked(library, OLD_REGISTER, "five years", "1999-12-31").passed
    verdict = checked(library, OLD_REGISTER, "five years", "2000-01-01")
    assert failed(verdict) == {"in_force"}
    assert "1999-12-31" in verdict.explanation


def test_a_version_one_day_too_young_is_stopped(library: Library) -> None:
    assert failed(checked(library, NEW_REGISTER, "seven years", "1999-12-31")) == {"in_force"}
    assert checked(library, NEW_REGISTER, "seven years", "2000-01-01").passed


def test_a_repealed_version_is_stopped_on_the_day_of_repeal(library: Library) -> None:
    verdict = checked(library, NEW_REGISTER, "seven years", "2010-06-01")
    assert failed(verdict) == {"in_force"}
    assert "Widgets (Repeal) Act 2010" in verdict.explanation
    assert checked(library, NEW_REGISTER, "seven years", "2010-05-31").passed


def test_one_changed_word_is_stopped(library: Library) -> None:
    verdict = checked(library, LICENCE, "Nobody shall make widgets without a licence.")
    assert failed(verdict) == {"verbatim"}


def test_a_citation_that_no_tool_returned_is_stopped(library: Library) -> None:
    assert failed(checked(library, LICENCE, QUOTE, seen=(OLD_REGISTER,))) == {"seen"}


def test_a_text_for_another_territory_is_stopped(library: Library) -> None:
    quote, day = "30 kilometres", "2016-01-01"
    assert checked(library, SCOTLAND, quote, day, extent="S").passed
    assert failed(checked(library, SCOTLAND, quote, day, extent="E")) == {"in_force"}
    assert failed(checked(library, SCOTLAND, quote, day)) == {"in_force"}  # no territory named


def test_what_was_not_yet_published_is_stopped(library: Library) -> None:
    green = "uk/widgets-1990#export@2012-01-01"
    assert checked(library, green, "green mark", "2012-06-01").passed
    verdict = checked(library, green, "green mark", "2012-06-01", known_at="2013-04-30")
    assert failed(verdict) == {"resolves"}
    blue = "uk/widgets-1990#export@1990-01-01"
    assert checked(library, blue, "blue mark", "2012-06-01", known_at="2013-04-30").passed
    assert failed(checked(library, blue, "blue mark", "2012-06-01")) == {"in_force"}


def test_a_version_without_a_day_of_commencement_is_stopped(library: Library) -> None:
    undated = "uk/widgets-1990#insurance@undated"
    assert failed(checked(library, undated, "is compulsory", "2020-01-01")) == {"in_force"}


def test_one_bad_citation_stops_the_good_one_beside_it(library: Library) -> None:
    good = DraftCitation(version_id=LICENCE, quote=QUOTE)
    bad = DraftCitation(version_id=LICENCE, quote="Everybody may make widgets.")
    draft = Draft(sentences=(Sentence(text="So it is.", citations=(good, bad)),))
    governing = GoverningDate(as_at=date(2001, 1, 1), ground="test")
    assert failed(verify(draft, library, governing, {LICENCE})) == {"verbatim"}
