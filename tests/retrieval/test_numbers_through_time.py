"""Numbers move: what became of a provision and what stands under a number are told apart.

Where the record ends is not where the law ends, and since when a source was read is always said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from agent.cli.terminal import show_trace
from agent.graph.run import ask
from agent.library import Library
from agent.tools.statutes import Scope, compare_versions, list_versions, read_provision
from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.force_words import beyond_reading, in_force
from corpus.model import (
    Coverage,
    EndReason,
    Interval,
    Provision,
    ProvisionNumber,
    SourceRead,
    SourceRef,
    Version,
    Work,
    WorkHistory,
)
from corpus.settings import Settings
from corpus.store import Store
from corpus.wording import wording
from retrieval.citations.comparisons import compared
from retrieval.citations.law_answers import law, versions
from retrieval.cli.law_output import comparison_html, comparison_text, show_law, show_versions
from retrieval.index_build import refresh_index
from ui import markup
from ui.cards import build_cards
from ui.export.files import Format, exported

MOVED = date(2016, 10, 1)
EVE = date(2016, 9, 30)
TODAY = date(2026, 11, 1)
READ = date(2020, 6, 1)

QUAYS = Work(
    id="fr/quays",
    jurisdiction="fr",
    language="fr",
    kind="code",
    title="Code des quais",
    citation="Code des quais",
    source="made up",
)
BOATS = QUAYS.model_copy(
    update={"id": "fr/boats", "title": "Code des barques", "citation": "C. b."}
)


def numbered(name: str, *spans: tuple[str, date | None, date | None]) -> Provision:
    labels = tuple(ProvisionNumber(text=n, valid_from=a, valid_to=b) for n, a, b in spans)
    return Provision(id=name, work_id=name.partition("#")[0], labels=labels)


def text(
    provision: str, words: str, start: str, end: str | None = None, why: str = "superseded"
) -> Version:
    return Version.model_validate(
        {
            "id": f"{provision}@{start}",
            "provision_id": provision,
            "language": "fr",
            "text": words,
            "valid_from": start,
            "valid_to": end,
            "ended": why if end else None,
            "source": SourceRef(file="made up"),
        }
    )


HISTORY = WorkHistory(
    work=QUAYS,
    provisions=(
        # from the field: a number is left, and another provision takes it
        numbered("fr/quays#harm", ("art. 1382", None, MOVED), ("art. 1240", MOVED, None)),
        numbered("fr/quays#guess", ("art. 1353", None, MOVED), ("art. 1382", MOVED, None)),
        numbered("fr/quays#payee", ("art. 1240", None, MOVED)),
        # sisters: a number that nobody takes, a swap, a number that comes back
        numbered("fr/quays#alone", ("art. 10", None, MOVED), ("art. 20", MOVED, None)),
        numbered("fr/quays#left", ("art. 30", None, MOVED), ("art. 31", MOVED, None)),
        numbered("fr/quays#right", ("art. 31", None, MOVED), ("art. 30", MOVED, None)),
        numbered("fr/quays#still", ("art. 40", None, None)),
        numbered("fr/quays#stops", ("art. 50", None, None)),
    ),
    versions=(
        text("fr/quays#harm", "Celui qui heurte le quai le répare.", "1804-03-21"),
        text("fr/quays#guess", "Le juge devine la marée.", "1804-03-21"),
        text("fr/quays#payee", "Le péage payé est payé.", "1804-03-21", "2016-10-01", "repealed"),
        text("fr/quays#alone", "Les bouées sont rouges.", "1900-01-01", "2016-10-01"),
        text("fr/quays#alone", "Les bouées sont vertes.", "2016-10-01"),
        text("fr/quays#left", "Bâbord cède.", "1900-01-01"),
        text("fr/quays#right", "Tribord passe.", "1900-01-01"),
        text("fr/quays#still", "La barque flotte.", "1900-01-01"),
        text("fr/quays#stops", "La grue tourne.", "2011-12-30", "2018-07-03", "unknown"),
    ),
    coverage=(
        Coverage(work_id=QUAYS.id, covered_from=date(1804, 3, 21), from_origin=True, checked=READ),
    ),
)
UNDATED = WorkHistory(
    work=BOATS,
    provisions=(numbered("fr/boats#one", ("art. 1", None, None)),),
    versions=(text("fr/boats#one", "Les rames se louent.", "2000-01-01"),),
    coverage=(Coverage(work_id=BOATS.id, covered_from=date(2000, 1, 1), from_origin=True),),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    settings = Settings.under(tmp_path_factory.mktemp("numbers"))
    with Store.open(settings.store_url, create=True) as store:
        store.write(HISTORY)
        store.write(UNDATED)
        refresh_index(store, settings.index_url, lambda *_: None)
    with Library.open(settings) as opened:
        yield opened


# -- compare -----------------------------------------------------------------------------------


def test_a_number_that_was_taken_over_is_compared_twice(library: Library) -> None:
    found = compared(library.store, "art. 1382 Code des quais", EVE, MOVED)
    said = " ".join(words.text for words in found.said)
    assert "art. 1382 on 2016-09-30 and art. 1240 on 2016-10-01; its text is the same" in said
    assert "Another provision stands under art. 1382 on 2016-10-01 (fr/quays#guess" in said
    assert found.provision is not None
    assert not found.provision.changed
    assert found.provision.before.provision_id == "fr/quays#harm"
    assert found.number is not None
    assert found.number.changed
    assert (found.number.before.provision_id, found.number.after.provision_id) == (
        "fr/quays#harm",
        "fr/quays#guess",
    )
    assert found.number.instrument is None
    for shown in (comparison_text(found), comparison_html(found)):
        assert "art. 1240" in shown
        assert "devine" in shown
        assert "ource read on 2020-06-01" in shown


@pytest.mark.parametrize(
    ("citation", "number_now", "others"),
    [
        ("art. 10 Code des quais", "art. 20", False),
        ("art. 30 Code des quais", "art. 31", True),
        ("art. 31 Code des quais", "art. 30", True),
        ("art. 1353 Code des quais", "art. 1382", False),
    ],
)
def test_a_provision_is_followed_to_its_new_number(
    library: Library, citation: str, number_now: str, others: bool
) -> None:
    found = compared(library.store, citation, EVE, MOVED)
    said = " ".join(words.text for words in found.said)
    assert f"and {number_now} on 2016-10-01" in said
    assert found.provision is not None
    assert (found.number is not None) is others
    assert ("Another provision stands under" in said) is others
    assert others or "Nothing in Code des quais bears" in said


def test_a_provision_is_found_by_the_number_that_it_bears_later(library: Library) -> None:
    found = compared(library.store, "art. 20 Code des quais", EVE, MOVED)
    assert found.provision is not None
    assert found.provision.changed
    assert "its text changed" in found.said[0].text


def test_a_repealed_provision_leaves_its_number_to_another(library: Library) -> None:
    found = compared(library.store, "art. 1240 Code des quais", EVE, MOVED)
    assert found.provision is None
    assert "repealed from 2016-10-01" in found.said[0].text
    assert found.number is not None
    assert found.number.after.provision_id == "fr/quays#harm"


def test_nothing_is_said_of_numbers_that_stay(library: Library) -> None:
    found = compared(library.store, "art. 40 Code des quais", EVE, MOVED)
    assert (found.said, found.number) == ((), None)
    with pytest.raises(BadInputError, match=r"has no art\. 99"):
        compared(library.store, "art. 99 Code des quais", EVE, MOVED)


# -- versions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [EVE, MOVED])
def test_versions_follow_the_provision_and_list_what_else_had_the_number(
    library: Library, on: date, capsys: pytest.CaptureFixture[str]
) -> None:
    found = versions(library.store, "art. 1382 Code des quais", on)
    meant, other = ("harm", "guess") if on == EVE else ("guess", "harm")
    assert found.provision == f"fr/quays#{meant}"
    assert [line.number for line in found.numbers] == (
        ["art. 1382", "art. 1240"] if on == EVE else ["art. 1353", "art. 1382"]
    )
    assert [line.number for line in found.versions[0].numbers] == [n.number for n in found.numbers]
    assert [(o.provision, o.number) for o in found.others] == [(f"fr/quays#{other}", "art. 1382")]
    assert found.source_read == SourceRead(day=READ, by="publisher")
    show_versions(found)
    shown = capsys.readouterr().out
    assert "2016-10-01 (renumbered)" in " ".join(shown.split())
    assert "Also under art. 1382" in shown
    assert "Source read on 2020-06-01." in shown


def test_versions_of_a_number_that_nothing_bears_are_those_of_its_last_bearer(
    library: Library,
) -> None:
    found = versions(library.store, "art. 10 Code des quais", TODAY)
    assert found.provision == "fr/quays#alone"
    assert [line.label for line in found.versions] == ["art. 10", "art. 20"]
    assert found.others == ()


# -- numbers on cards, in tools and traces -----------------------------------------------------


def answered(library: Library, question: str, on: date) -> Trace:
    trace = ask(library, question, as_at=on)
    assert trace.answer is not None, trace.abstention
    return trace


@pytest.mark.parametrize(
    ("question", "on", "number", "since"),
    [
        ("art. 1240 Code des quais ?", TODAY, "art. 1240 (until 1 October 2016: 1382)", True),
        ("art. 1382 Code des quais ?", EVE, "art. 1382 (since 1 October 2016: 1240)", False),
        ("art. 30 Code des quais ?", TODAY, "art. 30 (until 1 October 2016: 31)", True),
        ("art. 40 Code des quais ?", TODAY, "art. 40", False),
    ],
)
def test_a_card_tells_since_when_the_text_and_since_when_the_number(
    library: Library,
    capsys: pytest.CaptureFixture[str],
    question: str,
    on: date,
    number: str,
    since: bool,
) -> None:
    trace = answered(library, question, on)
    assert trace.answer is not None
    (card,) = build_cards(trace.answer.citations, library.store, TODAY)
    assert card.label == number
    assert ("under this number since 1 October 2016" in card.in_force) is since
    note = exported(trace, (card,), wording(), Format.MD).decode()
    for shown in (markup.card(card), note.replace("\\", "")):
        assert number in shown
        assert "source read on 1 June 2020" in shown
    show_trace(trace)
    printed = " ".join(capsys.readouterr().out.split())
    assert "source read on 2020-06-01" in printed
    assert ("under this number since 2016-10-01" in printed) is since
    assert ("(until 2016-10-01: " in printed) is since
    (cited,) = Trace.model_validate_json(trace.model_dump_json()).answer.citations  # type: ignore[union-attr]
    assert cited.source_read == SourceRead(day=READ, by="publisher")
    assert bool(cited.other_numbers) is ("(" in number)


def test_law_never_dates_a_number_by_its_text(library: Library) -> None:
    found = law(library.store, "art. 1240 Code des quais", TODAY)
    assert found.numbered == "art. 1240 (until 2016-10-01: 1382)"
    assert found.label_from == MOVED
    assert found.explanation == "In force since 1804-03-21. Under this number since 2016-10-01."
    early = law(library.store, "art. 1382 Code des quais", EVE)
    assert early.explanation == "In force since 1804-03-21."


def test_tools_say_that_a_number_moved_and_nothing_where_none_did(library: Library) -> None:
    scope = Scope(library)
    reading = read_provision(scope, "art. 1240 Code des quais", str(TODAY))
    assert reading.passage is not None
    assert "under this number since 2016-10-01" in reading.passage.interval
    assert "Under this number since 2016-10-01" in reading.explanation
    listed = list_versions(scope, "art. 1240 Code des quais", str(TODAY))
    assert listed.versions[0].label == "art. 1382 (since 2016-10-01: 1240)"
    moved = compare_versions(scope, "art. 1382 Code des quais", str(EVE), str(MOVED))
    assert (
        "One provision: art. 1382 on 2016-09-30 and art. 1240 on 2016-10-01." in moved.explanation
    )
    still = compare_versions(scope, "art. 40 Code des quais", str(EVE), str(MOVED))
    assert "number" not in still.explanation
    assert "One provision" not in still.explanation
    quiet = read_provision(scope, "art. 40 Code des quais", str(TODAY))
    assert (quiet.explanation, quiet.source_read) == (
        "In force since 1900-01-01.",
        SourceRead(day=READ, by="publisher"),
    )


# -- honest ends -------------------------------------------------------------------------------

ON = date(2015, 6, 1)


def test_where_the_record_stops_nothing_says_that_the_law_ended(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = answered(library, "art. 50 Code des quais ?", ON)
    assert trace.answer is not None
    (card,) = build_cards(trace.answer.citations, library.store, TODAY)
    assert card.in_force == "since 30 December 2011; the record stops with 2 July 2018"
    assert card.since == (
        "The record stops with 2 July 2018: whether it was amended since is not known."
    )
    assert card.spans[-1].words.startswith("No text on record")
    note = exported(trace, (card,), wording(), Format.MD).decode()
    shown = [markup.card(card), note]
    show_trace(trace)
    show_law(law(library.store, "art. 50 Code des quais", ON))
    show_versions(versions(library.store, "art. 50 Code des quais", ON))
    shown.append(" ".join(capsys.readouterr().out.split()))
    scope = Scope(library)
    shown.append(read_provision(scope, "art. 50 Code des quais", str(ON)).model_dump_json())
    shown.append(list_versions(scope, "art. 50 Code des quais", str(ON)).model_dump_json())
    for one in shown:
        assert "to 2 July 2018" not in one
        assert "to 2018-07-02" not in one
        assert "record" in one


@pytest.mark.parametrize(
    ("end", "ended", "words"),
    [
        (None, None, "since 2011-12-30"),
        ("2018-07-03", EndReason.UNKNOWN, "since 2011-12-30; the record stops with 2018-07-02"),
        ("2018-07-03", EndReason.REPEALED, "from 2011-12-30 to 2018-07-02"),
        ("2018-07-03", EndReason.SUPERSEDED, "from 2011-12-30 to 2018-07-02"),
        ("2018-07-03", EndReason.EXPIRED, "from 2011-12-30 to 2018-07-02"),
        ("2018-07-03", EndReason.ANNULLED, "from 2011-12-30 to 2018-07-02"),
        ("2018-07-03", EndReason.SUSPENDED, "from 2011-12-30 to 2018-07-02"),
    ],
)
def test_each_end_has_its_own_words(end: str | None, ended: EndReason | None, words: str) -> None:
    valid = Interval(start=date(2011, 12, 30), end=date.fromisoformat(end) if end else None)
    assert in_force(valid, ended).text == words


def test_not_amended_since_says_when_the_source_was_read(library: Library) -> None:
    trace = answered(library, "art. 40 Code des quais ?", TODAY)
    assert trace.answer is not None
    (card,) = build_cards(trace.answer.citations, library.store, TODAY)
    assert card.since == (
        "Not amended since: still the text in force when the source was read on 1 June 2020."
    )


def test_a_source_that_gives_no_day_was_read_when_it_was_recorded(library: Library) -> None:
    read = library.store.source_read("fr/boats")
    assert read is not None
    assert read.by == "record"
    assert read.day == library.store.state().recorded_at.date()
    assert library.store.source_read("fr/none") is None
    found = law(library.store, "art. 1 Code des barques", TODAY)
    assert found.source_read == read


def test_a_day_after_the_source_was_read_is_warned_of(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    warned = "Changes after the source was read, on 2020-06-01, are not known."
    read = SourceRead(day=READ, by="publisher")
    assert beyond_reading(read, TODAY).text == warned
    assert beyond_reading(read, READ).text == ""
    show_law(law(library.store, "art. 40 Code des quais", TODAY))
    assert warned in " ".join(capsys.readouterr().out.split())
    show_law(law(library.store, "art. 40 Code des quais", ON))
    assert warned not in " ".join(capsys.readouterr().out.split())
