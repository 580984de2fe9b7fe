from datetime import date

import pytest

from agent.request import AskRequest
from corpus.applicability import Issue, Role
from corpus.clock import pinned
from ui.pages.address import read_address, wants_each, write_address


def test_an_address_says_again_what_was_asked() -> None:
    asked = AskRequest(
        question="Quel âge ? & 100 %",
        as_at=date(2006, 4, 4),
        known_at=date(2005, 1, 1),
        extent="S",
        jurisdictions=("fr", "uk"),
        issue=Issue.CRIMINAL,
        topic="gdpr",
        facts={Role.ACT: date(2004, 1, 2), Role.DECISION: date(2005, 1, 2)},
    )
    assert read_address(write_address(asked)) == (asked, ())
    assert wants_each(write_address(asked, each=True))
    assert not wants_each(write_address(asked))
    assert read_address({}) == (AskRequest(question=""), ())
    assert write_address(AskRequest(question="")) == {}


@pytest.mark.parametrize(
    "text", ["2016-13-01", "yesterday", "20161001", "2016-W40-6", "0300-01-01", "2500-01-01"]
)
def test_a_bad_day_is_named_and_never_replaced(text: str) -> None:
    with pinned(date(2026, 11, 22)):
        asked, problems = read_address({"q": "x", "as_at": text})
    assert asked.as_at is None
    assert len(problems) == 1
    assert "as_at" in problems[0]
    assert text in problems[0]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"issue": "divorce"}, "issue=divorce"),
        ({"facts": "act"}, "act="),
        ({"facts": "soon:2001-01-01"}, "facts=soon:2001-01-01"),
        ({"facts": "act:2001-02-30"}, "act=2001-02-30"),
    ],
)
def test_facts_that_cannot_be_read_are_named(parameters: dict[str, str], words: str) -> None:
    asked, problems = read_address({"q": "x", **parameters})
    assert (asked.issue, asked.facts) == (None, {})
    assert len(problems) == 1
    assert words in problems[0]


def test_a_medieval_day_is_a_day() -> None:
    assert read_address({"as_at": "1297-01-01"})[0].as_at == date(1297, 1, 1)
