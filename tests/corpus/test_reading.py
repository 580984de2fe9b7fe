"""An act as it stood: order, status, contents, timeline, redline and days of change."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.compare import as_rows, compare
from corpus.demo import demo_files
from corpus.model import (
    Coverage,
    EndReason,
    Provision,
    ProvisionNumber,
    WorkHistory,
)
from corpus.reading.act import Entry, act_as_at, gaps, label_near
from corpus.reading.between import between
from corpus.reading.changes import change_days
from corpus.reading.contents import CHAPTER, PAGE, contents, page_of, pages
from corpus.reading.spans import spans
from corpus.sources.jsonl import Jsonl
from tests.corpus.build import DUTY, WORK, day, history, version


def on(text: str) -> date:
    return date.fromisoformat(text)


@pytest.fixture(scope="module")
def civil() -> WorkHistory:
    works = Jsonl(*demo_files()).works(lambda fault: pytest.fail(str(fault)))
    return next(work for work in works if work.work.id == "fr/code-civil")


def provisions(*numbers: str, language: str = "en") -> WorkHistory:
    """An act of provisions that are stored in this order, all in force since 1990."""
    made = tuple(
        Provision(
            id=f"{WORK.id}#p{place}",
            work_id=WORK.id,
            order=place,
            labels=(ProvisionNumber(text=number),),
        )
        for place, number in enumerate(numbers)
    )
    texts = tuple(
        version("1990-01-01", provision_id=one.id, id=f"{one.id}@1990-01-01") for one in made
    )
    work = WORK.model_copy(update={"language": language})
    return history(*texts, provisions=made, work=work)


def numbers(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.label for entry in entries]


@pytest.mark.parametrize(
    ("stored", "language", "printed"),
    [
        (["s 15", "s 9", "s 10", "s 9A"], "en", ["s 9", "s 9A", "s 10", "s 15"]),
        (["art. L1", "art. R1", "art. L2"], "fr", ["art. L1", "art. L2", "art. R1"]),
        (["art. L47", "art. L47 A"], "fr", ["art. L47 A", "art. L47"]),
        (["art. 16-10", "art. 16-9", "art. 17"], "fr", ["art. 16-9", "art. 16-10", "art. 17"]),
        (["§ 58", "§ 57¹", "§ 57"], "et", ["§ 57", "§ 57¹", "§ 58"]),
        (["第十条", "第九条", "第九条之一"], "zh-Hans", ["第九条", "第九条之一", "第十条"]),
    ],
)
def test_a_provision_that_moved_since_stands_at_the_number_of_the_day(
    stored: list[str], language: str, printed: list[str]
) -> None:
    act = act_as_at(provisions(*stored, language=language), on("2000-01-01"))
    assert numbers(act.entries) == printed


def test_the_day_of_a_change_has_the_new_number_and_the_new_text(civil: WorkHistory) -> None:
    old = act_as_at(civil, on("2016-09-30"))
    new = act_as_at(civil, on("2016-10-01"))
    assert "art. 1134, al. 1" in numbers(old.live)
    assert "art. 1103" not in numbers(old.live)
    assert "art. 1103" in numbers(new.live)
    assert "art. 1134, al. 1" not in numbers(new.live)


def test_what_is_not_in_force_has_no_text_and_says_why(civil: WorkHistory) -> None:
    act = act_as_at(civil, on("2016-09-30"))
    adhesion = next(e for e in act.entries if e.provision == "fr/code-civil#adhesion-contract")
    assert adhesion.status == "not_yet_in_force"
    assert adhesion.versions == ()
    assert adhesion.valid_from == on("2016-10-01")
    assert sum(act.counts().values()) == len(act.entries) == len(civil.provisions)


def test_neighbours_are_in_force_themselves(civil: WorkHistory) -> None:
    act = act_as_at(civil, on("2016-09-30"))
    for entry in act.entries:
        before, after = act.around(entry.provision)
        assert before is None or before.live
        assert after is None or after.live
    first, last = act.live[0], act.live[-1]
    assert act.around(first.provision)[0] is None
    assert act.around(last.provision)[1] is None
    assert act.around("fr/code-civil#nothing") == (None, None)


def test_an_uncovered_day_is_said_and_gaps_lie_between_the_coverage() -> None:
    parts = (
        Coverage(work_id=WORK.id, covered_from=on("1990-01-01"), covered_to=on("2000-01-01")),
        Coverage(work_id=WORK.id, covered_from=on("2010-01-01")),
    )
    act = act_as_at(history(version("1990-01-01"), coverage=parts), on("2005-01-01"))
    assert not act.covered
    (gap,) = gaps(parts)
    assert (gap.start, gap.end) == (on("2000-01-01"), on("2010-01-01"))
    assert gaps(()) == ()


@given(st.integers(0, 2_500))
def test_contents_hold_every_provision_once_and_no_page_is_long(count: int) -> None:
    entry = Entry(
        provision="x/y#0",
        label="",
        kind="article",
        heading=None,
        status="in_force",
        valid_from=None,
        valid_to=None,
        versions=("v",),
    )
    entries = [
        entry.model_copy(update={"provision": f"x/y#{n}", "label": f"art. {n}"})
        for n in range(count)
    ]
    ranges = contents(entries)
    all_pages = pages(ranges)
    assert [e for page in all_pages for e in page.entries] == entries
    assert [page.number for page in all_pages] == list(range(1, len(all_pages) + 1))
    assert all(len(page.entries) <= PAGE for page in all_pages)
    assert all(len(each.pages) <= CHAPTER for each in ranges)
    if count:
        found = page_of(all_pages, f"x/y#{count - 1}")
        assert found == all_pages[-1]
        assert ranges[-1].holds(len(all_pages))
    assert page_of(all_pages, "x/y#none") is None


def test_a_timeline_tells_the_end_of_the_law_from_the_end_of_the_record() -> None:
    rows = (
        version("1990-01-01", "1995-01-01", ended=EndReason.REPEALED, ended_by="Act 2"),
        version("1999-01-01", "2004-01-01", ended=EndReason.UNKNOWN, introduced_by="Act 3"),
    )
    found = spans(rows, on("2010-01-01"))
    assert [span.kind for span in found] == ["text", "ended", "text", "unrecorded"]
    assert [span.start for span in found] == [
        on("1990-01-01"),
        on("1995-01-01"),
        on("1999-01-01"),
        on("2004-01-01"),
    ]
    assert found[2].instrument == "Act 3"
    assert "record stops with 2003-12-31" in found[2].said.text


def test_a_redline_of_two_days_names_every_change_between_them() -> None:
    one = history(
        version("1990-01-01", "2000-01-01", text="Pay £1."),
        version("2000-01-01", "2010-01-01", text="Pay £2.", introduced_by="Act 2"),
        version("2010-01-01", text="Pay £3.", introduced_by="Act 3"),
    )
    provision = one.of(one.provisions[0])
    found = between(provision, on("2015-01-01"), on("1995-01-01"))
    assert found.redline is not None
    assert (found.redline.before.text, found.redline.after.text) == ("Pay £1.", "Pay £3.")
    assert [step.instrument for step in found.steps] == ["Act 2", "Act 3"]
    assert between(provision, on("2000-01-01"), on("2009-12-31")).steps == ()


def test_a_day_without_a_text_is_said_and_nothing_is_compared() -> None:
    one = history(version("1990-01-01", "2000-01-01", ended=EndReason.REPEALED))
    found = between(one.of(one.provisions[0]), on("1995-01-01"), on("2005-01-01"))
    assert found.redline is None
    assert "On 2005-01-01: No longer in force" in found.said[0].text


@given(st.text("ab \n", max_size=60), st.text("ab \n", max_size=60))
def test_side_by_side_loses_no_word_of_either_text(before: str, after: str) -> None:
    redline = compare(
        version("1990-01-01", text=before or "a"), version("2000-01-01", text=after or "a")
    )
    rows = as_rows(redline)
    sides = ["\n".join("".join(p.text for p in row[side]) for row in rows) for side in (0, 1)]
    assert sides == [redline.before.text, redline.after.text]


def test_days_of_change_tell_new_changed_ended_moved_and_unrecorded() -> None:
    moved = Provision(
        id=DUTY,
        work_id=WORK.id,
        labels=(
            ProvisionNumber(text="s 1", valid_to=day("2005-01-01")),
            ProvisionNumber(text="s 2", valid_from=day("2005-01-01")),
        ),
    )
    one = history(
        version("1990-01-01", "2000-01-01"),
        version("2000-01-01", "2008-01-01", introduced_by="Act 2", ended=EndReason.REPEALED),
        version("2010-01-01", "2012-01-01", ended=EndReason.UNKNOWN),
        provisions=(moved,),
    )
    found = {each.day.year: each for each in change_days(one)}
    assert found[1990].began == ("s 1",)
    assert (found[2000].changed, found[2000].instruments) == (("s 1",), ("Act 2",))
    assert found[2005].renumbered == ("s 1 → s 2",)
    assert found[2008].ended == ("s 1",)
    assert found[2010].began == ("s 2",)
    assert (found[2012].ended, found[2012].unrecorded) == ((), ("s 2",))


def test_a_day_of_change_is_exactly_a_day_on_which_the_act_reads_otherwise(
    civil: WorkHistory,
) -> None:
    for each in change_days(civil):
        eve = date.fromordinal(each.day.toordinal() - 1)
        old, new = (act_as_at(civil, when) for when in (eve, each.day))
        texts = [{(e.provision, e.versions, e.label) for e in act.live} for act in (old, new)]
        assert texts[0] != texts[1], each.day


def test_a_number_that_is_not_borne_is_the_nearest_in_time() -> None:
    provision = Provision(
        id=DUTY,
        work_id=WORK.id,
        labels=(
            ProvisionNumber(text="s 1", valid_from=day("2000-01-01"), valid_to=day("2005-01-01")),
            ProvisionNumber(text="s 2", valid_from=day("2010-01-01")),
        ),
    )
    said = [label_near(provision, on(text)) for text in ("1999-01-01", "2007-01-01", "2011-01-01")]
    assert said == ["s 1", "s 1", "s 2"]
