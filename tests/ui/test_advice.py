from datetime import date

import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.request import AskRequest, ClarifyingQuestion
from corpus.applicability import Role
from ui.pages.advice import days_meant, suggestions

TODAY = date(2026, 11, 22)


def offered(library: Library, question: str, as_at: str) -> list[str]:
    asked = AskRequest(question=question, as_at=date.fromisoformat(as_at))
    trace = ask(library, asked.question, as_at=asked.as_at)
    assert trace.abstention is not None
    return [suggestion.words for suggestion in suggestions(trace, asked)]


@pytest.mark.parametrize(
    ("question", "as_at", "words"),
    [
        (
            "Que prévoit l'article 427-1 du Code civil ?",
            "2026-11-01",
            ["Ask as at its first day, 31 December 2026"],
        ),
        (
            "Que prévoit l'article 222-33 du Code pénal ?",
            "2012-06-15",
            ["Ask as at its last day, 4 May 2012", "Ask as at its first day, 8 August 2012"],
        ),
        ("What does s 11 RTA 1988 say?", "2016-01-10", ["For England and Wales", "For Scotland"]),
        ("Do I need a licence to keep bees on a roof garden?", "2022-05-01", []),
    ],
)
def test_what_would_help_is_offered(
    library: Library, question: str, as_at: str, words: list[str]
) -> None:
    assert offered(library, question, as_at) == words


def test_days_that_may_be_meant_are_offered() -> None:
    asked = AskRequest(question="?")
    days = (date(2004, 5, 1), date(2005, 5, 1))
    named, none, fact = (
        [found.words for found in days_meant(missing, asked, TODAY)]
        for missing in (
            ClarifyingQuestion(explanation="?", days=days),
            ClarifyingQuestion(explanation="?"),
            ClarifyingQuestion(explanation="?", roles=((Role.DECISION,),)),
        )
    )
    assert named == ["Ask as at 1 May 2004", "Ask as at 1 May 2005"]
    assert none == ["Ask as at today, 22 November 2026"]
    assert fact == [], "today is not what is asked for"


def test_taking_the_advice_helps(library: Library) -> None:
    asked = AskRequest(question="What does s 11 RTA 1988 say?", as_at=date(2016, 1, 10))
    trace = ask(library, asked.question, as_at=asked.as_at)
    for suggestion in suggestions(trace, asked):
        again = suggestion.asked
        settled = ask(library, again.question, as_at=again.as_at, extent=again.extent)
        assert settled.answer is not None
