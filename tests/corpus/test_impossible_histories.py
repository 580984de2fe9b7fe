"""Histories in git that cannot be true: refused or a gap, each with its place, never a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import SourceError
from corpus.invariants import violations
from corpus.model import Version, WorkHistory
from corpus.resolve import resolve
from corpus.sources.git.git_markdown import GitMarkdown
from corpus.sources.git.markdown_dialect import Dialect, read_dialect
from tests.corpus.commits import Commit, repository

RULES = """
name = "yy"
jurisdiction = "yy"
language = "en"
files = "yy/*.md"
source = "Yonder Gazette"
ended_when = { frontmatter = "status", match = "^repealed$" }
[dates]
effective = { trailer = "In-Force" }
origin = { frontmatter = "since" }
ended = { frontmatter = "ended" }
last_day = { frontmatter = "last_day" }
published = { frontmatter = "gazette" }
updated = { frontmatter = "updated" }
[page]
kind = "section"
start = '^#### Sec\\. (?P<label>\\d+[a-z]?)(?: (?P<heading>.*))?$'
label = "s {label}"
"""
OLD, NEW, THIRD = "Boats pay five pence.", "Boats pay two crowns.", "Boats pay nothing at all."
MANY = {n: f"Constant rule number {n}." for n in range(10, 18)}
GAP, GONE, NOT_YET, TWO = "coverage_gap", "repealed", "not_yet_in_force", "ambiguous"


def text(*sections: str, head: str = "") -> str:
    body = "\n".join(f"#### Sec. {n}\n\n{each}\n" for n, each in enumerate(sections, start=1))
    return f"---\ntitle: Quay Act\n{head}---\n# Quay Act\n\n{body}"


def many(first: str, *numbers: int) -> str:
    body = "".join(f"#### Sec. {n}\n\n{MANY[n]}\n\n" for n in numbers)
    return f"---\ntitle: Quay Act\n---\n#### Sec. 1\n\n{first}\n\n{body}"


def at(day: str | None, content: str | None, path: str = "yy/Q1.md") -> Commit:
    message = "Quay Act\n\n" + (f"In-Force: {day}\n" if day else "No-Day: here\n")
    return {"path": path, "message": message} | ({} if content is None else {"text": content})


@dataclass
class Read:
    """What a small repository was read as."""

    history: WorkHistory | None
    faults: list[str]
    remarks: list[str] = field(default_factory=list)
    states: int = 0

    def law(self, day: str, label: str = "s 1") -> str:
        """The text in force, or why there is none."""
        assert self.history is not None, self.faults
        on = date.fromisoformat(day)
        bearing = [p for p in self.history.provisions if any(n.text == label for n in p.labels)]
        borne = [p for p in bearing if p.label_on(on) == label] or bearing[-1:]
        found = [resolve(self.history.of(p), on) for p in borne]
        texts = [each.text for each in found if isinstance(each, Version)]
        if len(texts) > 1:
            return TWO
        return texts[0] if texts else next(e.status for e in found if not isinstance(e, Version))


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


class Reading:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *commits: Commit, rules: str = RULES) -> Read:
        repo = repository(self.folder / "repo", commits)
        source = GitMarkdown(repo, self.dialect(rules))
        faults: list[SourceError] = []
        histories = list(source.works(faults.append))
        for history in histories:
            assert violations(history) == ()
        sentences = [str(fault) for fault in faults]
        if not histories:
            return Read(None, sentences)
        seen = source.observed(histories[-1].work.id)
        assert seen is not None
        return Read(histories[-1], sentences, [str(r) for r in seen.refused], seen.states)

    def dialect(self, rules: str) -> Dialect:
        path = self.folder / "yy.toml"
        path.write_text(rules, encoding="utf-8")
        return read_dialect(path)


Days = Sequence[tuple[str, str]]


def assert_law(found: Read, days: Days) -> None:
    assert [(day, found.law(day)) for day, _ in days] == list(days)


# Repeal -------------------------------------------------------------------------------------------

ENDED = "status: repealed\nended: 2010-07-01\n"


@pytest.mark.parametrize(
    ("commits", "days"),
    [
        pytest.param(
            (at("1990-01-01", text(OLD)), at("2002-01-01", text(NEW)), at("2010-07-01", None)),
            [("1995-01-01", OLD), ("2010-06-30", NEW), ("2010-07-01", GONE), ("2020-01-01", GONE)],
            id="deleted",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD)), at("2000-01-01", None), at("2002-01-01", text(NEW))),
            [("1999-12-31", OLD), ("2000-01-01", GAP), ("2001-12-31", GAP), ("2002-01-01", NEW)],
            id="deleted and restored",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD)), at("1990-01-01", None), at("2002-01-01", text(NEW))),
            [("1995-01-01", GAP), ("2005-01-01", NEW)],
            id="deleted on its first day and restored",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD)), at("2010-01-01", None), at("1980-01-01", text(NEW))),
            [("1985-01-01", NEW), ("2009-12-31", OLD), ("2010-01-01", GAP)],
            id="deleted, then an older text is committed",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD)), at(None, None)),
            [("1990-01-01", OLD), ("1990-01-02", GAP), ("2020-01-01", GAP)],
            id="deleted without a day",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD, head=ENDED)),),
            [("2010-06-30", OLD), ("2010-07-01", GONE), ("2030-01-01", GONE)],
            id="status and day in the frontmatter",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD, head=ENDED)), at("2002-01-01", text(NEW, head=ENDED))),
            [("2001-12-31", OLD), ("2010-06-30", NEW), ("2010-07-01", GONE)],
            id="the same end in every commit",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD, head="status: in_force\nended: 2010-07-01\n")),),
            [("2010-07-01", OLD)],
            id="a day without the status",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD, head="status: repealed\n")),),
            [("1990-01-01", OLD), ("1990-01-02", GAP), ("2020-01-01", GAP)],
            id="the status without a day",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD, head="status: repealed\nlast_day: 2010-06-30\n")),),
            [("2010-06-30", OLD), ("2010-07-01", GONE)],
            id="the status and the last day",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD)), at("2010-07-01", text(OLD, head=ENDED))),
            [("2010-06-30", OLD), ("2010-07-01", GONE)],
            id="a last commit that only says so",
        ),
        pytest.param(
            (at("1990-01-01", text(OLD)), at("2015-01-01", text(NEW, head=ENDED))),
            [("2010-06-30", OLD), ("2010-07-01", GAP), ("2016-01-01", GAP)],
            id="another text after the end",
        ),
    ],
)
def test_repeal_is_stated_or_a_gap(read: Reading, commits: tuple[Commit, ...], days: Days) -> None:
    assert_law(read(*commits), days)


def test_repeal_of_one_act_by_the_dialect(read: Reading) -> None:
    rules = f"{RULES}\n[acts.Q1]\nended = 2001-01-01\n"
    found = read(at("1990-01-01", text(OLD)), at("1995-01-01", text(NEW)), rules=rules)
    assert_law(found, [("2000-12-31", NEW), ("2001-01-01", GONE)])


def test_end_before_the_first_text_is_refused(read: Reading) -> None:
    found = read(at("1990-01-01", text(OLD, head="status: repealed\nended: 1980-01-01\n")))
    assert found.history is None
    assert "begins on 1990-01-01, but the act ended on 1980-01-01" in found.faults[0]


def test_file_that_moves_is_no_repeal(read: Reading, tmp_path: Path) -> None:
    import pygit2

    repo = repository(tmp_path / "repo", [at("1990-01-01", text(OLD))])
    git = pygit2.Repository(str(repo))
    head = git.references["refs/heads/main"].peel(pygit2.Commit)
    index = pygit2.Index()
    blob = head.tree["yy"]["Q1.md"].id  # type: ignore[index]
    index.add(pygit2.IndexEntry("acts/Q1.md", blob, pygit2.enums.FileMode.BLOB))
    who = pygit2.Signature("t", "t@example.org", 1, 0)
    message = "tidy\n\nIn-Force: 2010-07-01\n"
    git.create_commit("refs/heads/main", who, who, message, index.write_tree(git), [head.id])
    source = GitMarkdown(repo, read.dialect(RULES))
    (history,) = source.works(lambda fault: pytest.fail(str(fault)))
    assert Read(history, []).law("2020-01-01") == GAP
    seen = source.observed(history.work.id)
    assert seen is not None
    assert "moves the file to acts/Q1.md" in seen.refused[0].problem


# N reforms, one body ------------------------------------------------------------------------------


def repeated(year: int) -> Commit:
    return at(f"{year}-01-01", text(NEW, head=f"updated: {year}-01-01\n"))


CURRENT, ENACTED = "text_state: current\n", "text_state: as_enacted\n"


@pytest.mark.parametrize(
    ("commits", "days"),
    [
        pytest.param(
            [repeated(y) for y in (1990, 1995, 2000, 2005)],
            [("1991-01-01", GAP), ("2004-12-31", GAP), ("2005-01-01", NEW)],
            id="four reforms, one body",
        ),
        pytest.param(
            [repeated(1990), repeated(2002)],
            [("1991-01-01", GAP), ("2002-01-01", NEW)],
            id="two reforms, one body",
        ),
        pytest.param(
            [
                *(repeated(y) for y in (1990, 1995, 2000)),
                at("2005-01-01", text(THIRD)),
            ],
            [("1999-01-01", GAP), ("2001-01-01", NEW), ("2005-01-01", THIRD)],
            id="three reforms, one body, then a real one",
        ),
        pytest.param(
            [
                at("1990-01-01", text(NEW, head=CURRENT)),
                at("2002-01-01", text(NEW, head=CURRENT + "updated: 2002-01-01\n")),
            ],
            [("1995-01-01", GAP), ("2005-01-01", NEW), ("2020-01-01", NEW)],
            id="the source says that the text is current",
        ),
        pytest.param(
            [at("1990-01-01", text(NEW, head=CURRENT + "updated: 2015-03-01\n"))],
            [("1991-01-01", GAP), ("2015-02-28", GAP), ("2015-03-01", NEW)],
            id="one current text and the day of its last change",
        ),
        pytest.param(
            [
                at("1990-01-01", text(OLD)),
                at("2000-01-01", text(THIRD, head=CURRENT)),
                at("2010-01-01", text(THIRD, NEW, head=CURRENT)),
            ],
            [("1995-01-01", OLD), ("2010-01-01", THIRD)],
            id="a current text between others is left out",
        ),
        pytest.param(
            [at("1990-01-01", text(OLD, head=ENACTED))],
            [("1990-01-01", OLD), ("1990-01-02", GAP), ("2005-01-01", GAP), ("2020-01-01", GAP)],
            id="the text as enacted",
        ),
        pytest.param(
            [at("1990-01-01", text(OLD, head=ENACTED)), at("2015-01-01", text(NEW))],
            [("1990-01-01", OLD), ("2000-01-01", GAP), ("2015-01-01", NEW)],
            id="as enacted, then consolidated",
        ),
        pytest.param(
            [at("1990-01-01", text(OLD)), at("1995-01-01", text(NEW)), at("2000-01-01", text(OLD))],
            [("1991-01-01", OLD), ("1996-01-01", NEW), ("2000-01-01", OLD)],
            id="a text that comes back is no repetition",
        ),
    ],
)
def test_todays_text_is_not_the_law_of_every_reform(
    read: Reading, commits: list[Commit], days: Days
) -> None:
    assert_law(read(*commits), days)


def test_current_text_without_any_day_of_change_is_refused(read: Reading) -> None:
    found = read(at("1990-01-01", text(NEW, head=CURRENT)))
    assert found.history is None
    assert "gives the current text under 1990-01-01" in found.faults[0]


# Before the act, of one day, on no day ------------------------------------------------------------


def test_state_before_the_act_is_left_out_with_its_place(read: Reading) -> None:
    since = "since: 1990-01-01\n"
    found = read(
        at("1985-01-01", text(OLD, head=since)),
        at("1990-01-01", text(NEW, head=since)),
        at("2000-01-01", text(THIRD, head=since)),
    )
    assert_law(found, [("1986-01-01", NOT_YET), ("1990-01-01", NEW), ("2000-01-01", THIRD)])
    assert "is dated 1985-01-01, before the act itself (1990-01-01)" in found.remarks[0]
    assert found.remarks[0].startswith("yy/Q1.md: commit ")


@pytest.mark.parametrize("day", ["1989-12-31", "1850-01-01", "1001-06-01"])
def test_act_all_of_whose_states_are_before_it_is_refused(read: Reading, day: str) -> None:
    found = read(at(day, text(OLD, head="since: 1990-01-01\n")))
    assert found.history is None
    assert "before the act itself" in found.faults[0]


def test_the_dialect_corrects_the_day_of_origin(read: Reading) -> None:
    rules = f"{RULES}\n[acts.Q1]\norigin = 1985-01-01\n"
    found = read(at("1985-01-01", text(OLD, head="since: 1990-01-01\n")), rules=rules)
    assert_law(found, [("1984-12-31", NOT_YET), ("1985-01-01", OLD)])


FIRST = "Zero."
BEFORE = at("1980-01-01", text(FIRST, "Second."))


@pytest.mark.parametrize(
    ("commits", "first", "second"),
    [
        pytest.param(
            (at("1990-01-01", text(OLD)), at("1990-01-01", text(NEW))), TWO, GAP, id="A, B"
        ),
        pytest.param(
            (
                BEFORE,
                at("1990-01-01", text(OLD, "Second.")),
                at("1990-01-01", text("Zero.", "2b.")),
            ),
            TWO,
            "2b.",
            id="two reforms on one text",
        ),
        pytest.param(
            (BEFORE, at("1990-01-01", text(OLD, "Second.")), at("1990-01-01", text(OLD, "2b."))),
            OLD,
            "2b.",
            id="the second builds on the first",
        ),
        pytest.param(
            (BEFORE, at("1990-01-01", text(OLD, "2b.")), at("1990-01-01", text(OLD, "2b."))),
            OLD,
            "2b.",
            id="the same twice",
        ),
        pytest.param(
            (
                at("1990-01-01", text(OLD, head="gazette: 1989-05-01\n")),
                at("1990-01-01", text(NEW, head="gazette: 1989-09-01\n")),
            ),
            NEW,
            GAP,
            id="the later published holds",
        ),
    ],
)
def test_of_two_states_of_one_day_none_vanishes(
    read: Reading, commits: tuple[Commit, ...], first: str, second: str
) -> None:
    found = read(*commits)
    assert found.law("1995-01-01") == first
    if second != GAP:
        assert found.law("1995-01-01", "s 2") == second
    assert bool(found.remarks) == (first == TWO)


def test_a_source_that_commits_corrections_again_says_so(read: Reading) -> None:
    rules = RULES.replace("[dates]", '[commits]\nsame_day = "last"\n[dates]')
    commits = (at("1990-01-01", text(OLD)), at("1990-01-01", text(NEW)))
    assert read(*commits, rules=rules).law("1995-01-01") == NEW


PLACEHOLDERS = ["1001-01-01", "0001-01-01", "1000-01-01", "1111-11-11", "9999-12-31", "2999-12-31"]


@pytest.mark.parametrize("day", PLACEHOLDERS)
def test_placeholder_as_the_day_of_effect_is_no_day(read: Reading, day: str) -> None:
    alone = at(day, text(OLD))
    found = read(alone)
    assert found.history is None
    assert f"has the placeholder '{day}' as the day of effect" in found.faults[0]


@pytest.mark.parametrize("day", PLACEHOLDERS)
def test_state_without_a_usable_day_leaves_a_gap_among_others(read: Reading, day: str) -> None:
    found = read(at("1990-01-01", text(OLD)), at(day, text(NEW)), at("2000-01-01", text(THIRD)))
    assert_law(found, [("1990-01-01", OLD), ("1990-01-02", GAP), ("2000-01-01", THIRD)])
    assert "placeholder" in found.remarks[0]


@pytest.mark.parametrize("field", ["since", "gazette", "last_day", "updated", "ended"])
def test_placeholder_in_another_field_is_as_if_it_were_not_there(read: Reading, field: str) -> None:
    found = read(at("1990-01-01", text(OLD, head=f"{field}: 0001-01-01\n")))
    assert_law(found, [("1989-01-01", GAP), ("1990-01-01", OLD), ("2020-01-01", OLD)])


PUBLISHED_ONLY = RULES.replace('effective = { trailer = "In-Force" }\n', "")


def test_source_that_knows_publication_only_is_an_honest_gap(read: Reading) -> None:
    found = read(
        at(None, text(OLD, head="gazette: 1990-01-01\n")),
        at(None, text(NEW, head="gazette: 2000-01-01\n")),
        rules=PUBLISHED_ONLY,
    )
    assert_law(found, [("1995-01-01", GAP), ("2005-01-01", GAP)])
    assert found.history is not None
    assert found.history.coverage == ()
    assert [v.text for v in found.history.versions] == [OLD, NEW]
    assert [str(v.known_from) for v in found.history.versions] == ["1990-01-01", "2000-01-01"]
    assert "not since when" in (found.history.versions[0].condition or "")


def test_dialect_without_any_day_is_refused(read: Reading) -> None:
    rules = PUBLISHED_ONLY.replace('published = { frontmatter = "gazette" }\n', "")
    with pytest.raises(SourceError, match="give effective, or published"):
        read.dialect(rules)


# Texts that are none ------------------------------------------------------------------------------

HEAD = "---\ntitle: Quay Act\n---\n"


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><body>#### Sec. 1\n\nNot here</body></html>",
        "<html>\n<head><title>503</title></head>\n",
        "#### Sec. 1\n\n404 Not Found\n",
        "#### Sec. 1\n\nError 503: Service Unavailable\n",
        "#### Sec. 1\n\nPlease enable JavaScript to continue.\n",
        "#### Sec. 1\n\nAccess denied\n",
        "Too many requests. Try again later.\n",
        "429 Too Many Requests",
        "#### Sec. 1\n\nPage introuvable\n",
    ],
)
def test_error_page_is_no_text_and_repeals_nothing(read: Reading, page: str) -> None:
    found = read(
        at("1990-01-01", text(OLD, "Two.")),
        at("2000-01-01", HEAD + page),
        at("2001-01-01", text(NEW, "Two.")),
    )
    assert_law(found, [("1999-12-31", OLD), ("2000-06-01", GAP), ("2001-01-01", NEW)])
    assert found.law("2000-06-01", "s 2") == GAP


@pytest.mark.parametrize(
    "law",
    [
        "Access denied by the guard is noted.",
        "A page of 404 lines is not a book.",
        "Error 500 is void.",
    ],
)
def test_law_that_speaks_of_errors_is_law(read: Reading, law: str) -> None:
    assert read(at("1990-01-01", text(law))).law("1995-01-01") == law


@pytest.mark.parametrize("kept", [(), (10,), (10, 11), (12, 13, 14)])
def test_provisions_that_vanish_and_come_back_were_not_repealed(
    read: Reading, kept: tuple[int, ...]
) -> None:
    found = read(
        at("1990-01-01", many(OLD, *MANY)),
        at("2000-01-01", many(OLD, *kept)),
        at("2001-01-01", many(NEW, *MANY)),
    )
    assert found.law("2000-06-01", "s 17") == GAP
    assert found.law("2001-06-01", "s 17") == MANY[17]
    assert found.law("1999-06-01", "s 17") == MANY[17]
    assert "which come back" in found.remarks[0]


def test_provisions_that_vanish_for_good_are_repealed(read: Reading) -> None:
    found = read(at("1990-01-01", many(OLD, *MANY)), at("2000-01-01", many(NEW, 10)))
    assert found.law("2000-06-01", "s 17") == GONE


@pytest.mark.parametrize(
    "line", ["Sec. 2", "**Sec. 2**", "Section 2", "SEC. 2. Ropes", "Sec. 2 — Ropes"]
)
def test_section_swallowed_by_the_one_before_makes_it_unknown(read: Reading, line: str) -> None:
    body = f"#### Sec. 1\n\n{OLD}\n\n{line}\n\nRopes are dry.\n\n#### Sec. 3\n\nThird.\n"
    found = read(at("1990-01-01", HEAD + body))
    assert (
        found.law("1995-01-01") == GAP
        if found.history and len(found.history.provisions) > 1
        else True
    )
    assert found.law("1995-01-01", "s 3") == "Third."
    assert found.history is not None
    assert [v.text for v in found.history.versions] == ["Third."]
    assert "inside s 1" in found.remarks[0]


APART = f"#### Sec. 1\n\n{OLD}\n\n#### Sec. 2 Ropes\n\nRopes are dry.\n\n#### Sec. 3\n\nThird.\n"
INSIDE = f"#### Sec. 1\n\n{OLD}\n\nSec. 2. Ropes\n\nRopes are dry.\n\n#### Sec. 3\n\nThird.\n"
TWICE = INSIDE.replace("dry.", "dry.\n\nSec. 2. Ropes\n\nRopes are wet.")


@pytest.mark.parametrize("swallowing", [INSIDE, TWICE])
@pytest.mark.parametrize("whole", [(), (0,), (1,), (0, 2), (0, 1)])
def test_section_swallowed_is_neither_repealed_nor_to_come(
    read: Reading, swallowing: str, whole: tuple[int, ...]
) -> None:
    bodies = [APART if number in whole else swallowing for number in range(3)]
    days = [f"{year}-01-01" for year in (1990, 2000, 2010)]
    found = read(*(at(day, HEAD + body) for day, body in zip(days, bodies, strict=True)))
    for number, year in enumerate((1995, 2005, 2015)):
        assert found.law(f"{year}-06-01", "s 3") == "Third."
        if whole:
            is_whole = number in whole
            assert found.law(f"{year}-06-01", "s 1") == (OLD if is_whole else GAP)
            assert found.law(f"{year}-06-01", "s 2") == ("Ropes are dry." if is_whole else GAP)
    assert len(found.remarks) >= 1


@pytest.mark.parametrize(
    "line", ["Sec. 2 of this Act applies.", "Sec. 7", "Sec. 3", "See Sec. 2", "Sector 2"]
)
def test_line_that_only_cites_a_section_stays_text(read: Reading, line: str) -> None:
    body = f"#### Sec. 1\n\n{OLD}\n\n{line}\n\n#### Sec. 3\n\nThird.\n"
    found = read(at("1990-01-01", HEAD + body))
    assert found.law("1995-01-01") == f"{OLD}\n{line}"


def test_share_of_text_outside_provisions_is_counted(read: Reading, tmp_path: Path) -> None:
    page = (
        HEAD + "Preamble of some words.\n\n#### Sec. 1\n\nShort.\n\n## Annex\n\nLong table here.\n"
    )
    source = GitMarkdown(repository(tmp_path / "r", [at("1990-01-01", page)]), read.dialect(RULES))
    (history,) = source.works(lambda fault: pytest.fail(str(fault)))
    seen = source.observed(history.work.id)
    assert seen is not None
    assert 0.4 < seen.outside < 0.7


# Form ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        text(OLD).replace("\n", "\r\n"),
        "\ufeff" + text(OLD),
        "\ufeff" + text(OLD).replace("\n", "\r\n"),
        text(OLD).rstrip("\n"),
        text(OLD) + "\n\n\n",
    ],
)
def test_line_ends_and_byte_order_marks_are_no_difference(read: Reading, written: str) -> None:
    found = read(at("1990-01-01", written))
    assert_law(found, [("1995-01-01", OLD)])


@pytest.mark.parametrize("written", ["---\ntitle: X\n---", "---\ntitle: X\n---\n", HEAD + "\n\n"])
def test_frontmatter_without_a_body_is_a_state_without_text(read: Reading, written: str) -> None:
    found = read(at("1990-01-01", text(OLD)), at("2000-01-01", written))
    assert_law(found, [("1999-12-31", OLD), ("2000-01-01", GAP)])


@pytest.mark.parametrize("rank", ["bill", "Draft", "draft bill", "projet de loi", "Bills"])
def test_bill_is_no_act(read: Reading, rank: str) -> None:
    found = read(at("1990-01-01", text(OLD, head=f"rank: {rank}\n")))
    assert found.history is None
    assert "is a bill" in found.faults[0]


def test_bill_that_became_an_act_is_law_from_then(read: Reading) -> None:
    found = read(
        at("1989-01-01", text(OLD, head="rank: bill\n")),
        at("1990-01-01", text(NEW, head="rank: act\n")),
    )
    assert_law(found, [("1989-06-01", GAP), ("1990-01-01", NEW)])


def test_branch_without_matching_files_is_a_fault(read: Reading) -> None:
    found = read(at("1990-01-01", text(OLD), path="acts/Q1.md"))
    assert found.faults == [
        f"{read.folder / 'repo'}: no file of the branch 'main' matches 'yy/*.md'"
    ]


@pytest.mark.parametrize(
    ("title", "shown"), [(r'"Quay \ud800 Act"', "Quay \ufffd Act"), ('"[/x] Act"', "[/x] Act")]
)
def test_odd_title_is_a_title(read: Reading, title: str, shown: str) -> None:
    found = read(at("1990-01-01", text(OLD).replace("Quay Act", title, 1)))
    assert found.history is not None
    assert found.history.work.title == shown


def test_null_character_names_its_line(read: Reading) -> None:
    found = read(at("1990-01-01", text(OLD + "\0")))
    assert "yy/Q1.md:8: commit" in found.faults[0]
    assert "U+0000" in found.faults[0]
