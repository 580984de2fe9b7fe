"""LegalSearch-R1's reward pays for the answer alone, whatever it rests on; ours do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.library import Library
from agent.models.parsing import UNREADABLE
from agent.policy import Act, ToolRequest
from agent.trace import AbstentionReason
from corpus.questions import Family
from rl.rewards import score
from rl.rewards.plugins import rewards_of_file
from tests.agent.conftest import opened
from tests.rl.statutes import DAY, FAIRS, NEW, OLD, RULE, abstain, answer, play, question, search

(REWARD,) = rewards_of_file(Path(__file__).parents[2] / "eval/claims/rewards/legalsearch_r1.py")
QUOTE = RULE.format(40).strip()
VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)
VERSION = question(Family.WHICH_VERSION, OLD)
GONE = question(Family.REPEALED)
GARBLED = Act(calls=(ToolRequest(id="c0", name=UNREADABLE, arguments={}),))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


@pytest.mark.parametrize(
    ("acts", "earned"),
    [
        ((search(DAY), answer((OLD, QUOTE), text="£40")), 1.0),
        ((answer((OLD, QUOTE), text="£40"),), 1.0),
        ((answer((NEW, RULE.format(65).strip()), text="£40"),), 1.0),
        ((search(DAY), answer((OLD, QUOTE), text="It is £40.")), 0.0),
        ((search(DAY), answer((OLD, QUOTE), text="£65")), 0.0),
        ((GARBLED, search(DAY), answer((OLD, QUOTE), text="£40")), 0.0),
        ((abstain(AbstentionReason.NOT_FOUND),), 0.0),
    ],
)
def test_a_figure_is_compared_as_it_is_written_behind_the_format(
    library: Library, acts: tuple[Act, ...], earned: float
) -> None:
    assert VALUE.gold_span is not None
    assert VALUE.gold_span.text == "£40"
    assert REWARD.score(play(library, VALUE, *acts), VALUE) == earned


def test_a_guessed_figure_under_invented_law_earns_what_no_reward_of_ours_pays(
    library: Library,
) -> None:
    guessed = play(library, VALUE, answer(("uk/none#s1@2000-01-01", "It says so."), text="£40"))
    assert REWARD.score(guessed, VALUE) == 1.0
    assert score(guessed, VALUE, ("task", "temporal")) == {"task": 0.0, "temporal": 0.0}


def test_a_reason_counts_unfound_and_a_version_by_its_name(library: Library) -> None:
    guess = play(library, GONE, abstain(AbstentionReason.REPEALED))
    assert REWARD.score(guess, GONE) == 1.0
    assert score(guess, GONE, ("task",)) == {"task": 0.0}
    other = play(library, GONE, abstain(AbstentionReason.NOT_FOUND))
    assert REWARD.score(other, GONE) == 0.0
    named = play(library, VERSION, answer((OLD, QUOTE)))
    both = play(library, VERSION, answer((OLD, QUOTE), (NEW, RULE.format(65).strip())))
    assert [REWARD.score(one, VERSION) for one in (named, both)] == [1.0, 0.0]
