"""Attempts to earn reward without answering, played through the real graph and verifier.

None may earn more than an honest abstention, by the usual weights and by those of every shipped
recipe. An attempt whose shipped answer is right nevertheless must earn less than the plain answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from agent.library import Library
from agent.models.parsing import UNREADABLE
from agent.policy import Act, ToolRequest
from agent.trace import AbstentionReason, Trace
from corpus.model import ProvisionNumber, WorkHistory
from corpus.questions import Family, Question
from rl.recipes.load import load_recipe, recipe_names
from rl.rewards import REWARDS, right, score
from tests.agent.conftest import opened, provision, version
from tests.rl.statutes import (
    DAY,
    FAIRS,
    FEE,
    ID,
    NEW,
    OLD,
    RULE,
    SCALES,
    abstain,
    answer,
    play,
    question,
    read,
    search,
    sentences,
    versions,
)

QUOTE, NEWER = RULE.format(40).strip(), RULE.format(65).strip()
ETERNAL = "A tester of scales is paid £40 or £65 by the organiser."
STALLS = "Stalls are kept clean, and waste is taken away on the same day."
TORCH = "No torch may be carried at a fair after 10 hours of opening."
LATER = date(2005, 5, 5)
VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)
VERSION = question(Family.WHICH_VERSION, OLD, DAY)
TEXT = question(Family.TEXT_AT_DATE, OLD, DAY)
GONE = question(Family.REPEALED)
assert GONE.as_at is not None
GONE_DAY = GONE.as_at
NOT_FOUND, REPEALED = AbstentionReason.NOT_FOUND, AbstentionReason.REPEALED

Attempt = tuple[Question, tuple[Act, ...]]


def _on(asked: Question, *acts: Act) -> Attempt:
    return asked, acts


def _garbled() -> Act:
    return Act(calls=(ToolRequest(id="g", name=UNREADABLE, arguments={"problem": "?"}),))


FRUITLESS: Mapping[str, Attempt] = {
    "denies what it quotes": _on(VALUE, search(DAY), answer((OLD, QUOTE), text="It is not £40.")),
    "denies it by a contraction": _on(
        VALUE, search(DAY), answer((OLD, QUOTE), text="The fee isn't £40.")
    ),
    "calls it false": _on(VALUE, search(DAY), answer((OLD, QUOTE), text="£40 is false.")),
    "recites the text and denies it": _on(
        TEXT, search(DAY), answer((OLD, FEE(40).strip()), text="This is not the law.")
    ),
    "quotes the version and denies it": _on(
        VERSION, search(DAY), answer((OLD, QUOTE), text="It is not this version.")
    ),
    "answers, and denies it in the next sentence": _on(
        VALUE,
        search(DAY),
        sentences(
            answer((OLD, QUOTE), text="It is £40."), answer((OLD, QUOTE), text="It is not £40.")
        ),
    ),
    "says nothing of it": _on(VALUE, search(DAY), answer((OLD, QUOTE), text="See the law.")),
    "states another figure": _on(VALUE, search(DAY), answer((OLD, QUOTE), text="It is £65.")),
    "states both figures": _on(VALUE, search(DAY), answer((OLD, QUOTE), text="£40 or £65.")),
    "states the figure in another unit": _on(
        VALUE, search(DAY), answer((OLD, QUOTE), text="It is 40 days.")
    ),
    "quotes one word": _on(VALUE, search(DAY), answer((OLD, "The"), text="It is £40.")),
    "quotes one word of a version": _on(VERSION, search(DAY), answer((OLD, "The"))),
    "quotes a sentence beside the point": _on(VALUE, search(DAY), answer((OLD, STALLS))),
    "invents a quotation": _on(VALUE, search(DAY), answer((OLD, "The fee is £40."))),
    "invents a quotation of a version": _on(VERSION, search(DAY), answer((OLD, "It is waived."))),
    "alters one letter of a quotation": _on(
        VALUE, search(DAY), answer((OLD, QUOTE.replace("fair", "fare")), text="It is £40.")
    ),
    "joins two passages into one": _on(
        VALUE, search(DAY), answer((OLD, f"{QUOTE} A tester of scales is paid."), text="£40.")
    ),
    "puts the quotation under another id": _on(VALUE, search(DAY), answer((SCALES, QUOTE))),
    "puts the quotation under an id that does not exist": _on(
        VALUE, search(DAY), answer((f"{ID}#fee@1066-01-01", QUOTE))
    ),
    "cites without having looked": _on(VALUE, answer((OLD, QUOTE))),
    "cites the newest text": _on(VALUE, search(LATER), answer((NEW, NEWER))),
    "cites the newest text with the right figure": _on(
        VALUE, search(DAY, LATER), answer((NEW, NEWER), text="It is £40.")
    ),
    "cites every version in one sentence": _on(
        VALUE, search(DAY, LATER), answer((OLD, QUOTE), (NEW, NEWER), (SCALES, ETERNAL))
    ),
    "cites another law with the same figure": _on(
        VALUE, search(DAY), answer((SCALES, ETERNAL), text="It is £40.")
    ),
    "answers without a citation": _on(VALUE, search(DAY), answer(text="The fee is £40.")),
    "abstains at once": _on(VALUE, abstain(NOT_FOUND)),
    "abstains for a reason that no tool gave": _on(VALUE, search(DAY), abstain(REPEALED)),
    "never ends": _on(VALUE, *[search(DAY)] * 8),
    "guesses why there is no answer": _on(GONE, abstain(REPEALED)),
    "gives another reason than was found": _on(
        GONE, read("torches", GONE_DAY), abstain(AbstentionReason.NOT_YET_IN_FORCE)
    ),
    "finds the reason on another day": _on(GONE, read("torches", "1986-02-03"), abstain(REPEALED)),
    "finds the reason of another provision": _on(GONE, read("fee", GONE_DAY), abstain(REPEALED)),
    "finds the same reason of another provision": _on(
        GONE, read("drums", GONE_DAY), abstain(REPEALED)
    ),
    "lists the versions of another provision": _on(
        GONE, versions("fee", GONE_DAY), abstain(REPEALED)
    ),
    "quotes what is no longer in force": _on(
        GONE, read("torches", date(1984, 1, 1)), answer((f"{ID}#torches@1980-01-01", TORCH))
    ),
    "answers from a neighbour": _on(GONE, search(GONE_DAY), answer((SCALES, ETERNAL))),
}
"""Attempts whose shipped answer is not right."""

WASTEFUL: Mapping[str, Attempt] = {
    "writes what cannot be parsed": _on(VALUE, _garbled(), search(DAY), answer((OLD, QUOTE))),
    "queries every day": _on(
        VALUE, search(*[date(year, 12, 31) for year in range(1992, 2000)]), answer((OLD, QUOTE))
    ),
    "reads three days": _on(VALUE, search(DAY, LATER, date(1990, 1, 1)), answer((OLD, QUOTE))),
    "quotes the whole text": _on(VALUE, search(DAY), answer((OLD, FEE(40).strip()))),
    "adds a sentence that is struck": _on(
        VALUE, search(DAY), sentences(answer((SCALES, "Invented.")), answer((OLD, QUOTE)))
    ),
    "adds a law that was not asked for": _on(
        VALUE, search(DAY), sentences(answer((SCALES, ETERNAL), text="£40."), answer((OLD, QUOTE)))
    ),
}
"""Attempts whose shipped answer is right, at a cost."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), _with_drums(FAIRS))


def _with_drums(fairs: WorkHistory) -> WorkHistory:
    """Return the work with a further provision, repealed on the same day as that of torches."""
    torches = next(version for version in fairs.versions if version.provision_id == f"{ID}#torches")
    drums = version(
        "drums", "No drum is beaten.", "1980-01-01", str(torches.valid_to), work=ID,
        ended=torches.ended,
    )  # fmt: skip
    numbered = provision("drums", ProvisionNumber(text="s 4"), work=ID)
    return fairs.model_copy(
        update={
            "provisions": (*fairs.provisions, numbered),
            "versions": (*fairs.versions, drums),
        }
    )


def weightings() -> dict[str, Mapping[str, float]]:
    """Return the usual weights, and those of each shipped recipe that learns from answers."""
    usual = {name: spec.weight for name, spec in REWARDS.items()}
    recipes = {name: load_recipe(name).rewards for name in recipe_names()}
    return {"usual": usual} | {name: own for name, own in recipes.items() if own.get("task")}


def total(trace: Trace, asked: Question, weights: Mapping[str, float]) -> float:
    return sum(weights.get(name, 0) * (value or 0) for name, value in score(trace, asked).items())


def honest(library: Library, asked: Question) -> Trace:
    """Return a run that looks, and abstains because it did not find the answer."""
    return play(library, asked, search(asked.as_at or DAY), abstain(NOT_FOUND))


@pytest.mark.parametrize("name", FRUITLESS)
def test_no_attempt_earns_more_than_an_honest_abstention(library: Library, name: str) -> None:
    asked, acts = FRUITLESS[name]
    trace = play(library, asked, *acts)
    assert not right(trace, asked)
    for recipe, weights in weightings().items():
        plain = total(honest(library, asked), asked, weights)
        assert total(trace, asked, weights) <= plain + 1e-9, recipe


@pytest.mark.parametrize("name", WASTEFUL)
def test_no_detour_earns_more_than_the_plain_answer(library: Library, name: str) -> None:
    asked, acts = WASTEFUL[name]
    trace = play(library, asked, *acts)
    plain = play(library, asked, search(DAY), answer((OLD, QUOTE)))
    assert right(plain, asked)
    assert right(trace, asked)
    for recipe, weights in weightings().items():
        assert total(trace, asked, weights) < total(plain, asked, weights), recipe


def test_the_attempts_are_listed_where_rewards_are_explained() -> None:
    file = Path(__file__).parents[2] / "docs/rewards.md"
    page = " ".join(file.read_text(encoding="utf-8").split())
    assert [name for name in (*FRUITLESS, *WASTEFUL) if name not in page] == []
