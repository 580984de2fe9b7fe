from __future__ import annotations

import pytest

from agent.models.token_sequence import TokenSequence
from rl.training.state_drift import (
    StateDriftProbe,
    VisitedState,
    neutral_prompts,
    provenance,
    visited_states,
)

PROMPT, TOOL = (5, 6), (7, 8, 9)
EPISODE = TokenSequence(
    prompt_ids=PROMPT,
    completion_ids=(1, 2, *TOOL, 3),
    mask=(1, 1, 0, 0, 0, 1),
    logprobs=(-1.0, -1.0, 0.0, 0.0, 0.0, -1.0),
)


def test_states_are_counted_by_who_reached_them() -> None:
    seen = [visited_states(EPISODE), visited_states(EPISODE, own=False, age=3),
    visited_states(EPISODE, own=False,
            age=None)]  # fmt: skip
    assert seen[0].ids == (*PROMPT, *EPISODE.completion_ids)
    assert seen[0].mask == (0, 0, *EPISODE.mask)
    assert provenance(seen) == {
        "states/count": 9.0,
        "states/own_share": pytest.approx(1 / 3),
        "states/after_tool_share": pytest.approx(1 / 3),
        "states/age_mean": 1.5,
        "states/age_max": 3.0,
    }


def test_no_states_have_no_shares() -> None:
    assert provenance([]) == {"states/count": 0.0}
    assert "states/own_share" not in provenance([VisitedState((1, 2), (0, 0), True, None)])


def test_neutral_prompts_are_fixed_and_many() -> None:
    assert len(set(neutral_prompts())) == len(neutral_prompts()) == 12
    assert all(neutral_prompts())


def test_the_first_round_is_measured_and_then_every_so_many() -> None:
    probe = StateDriftProbe(None, (), every=3)
    assert [step for step in range(8) if probe.due(step)] == [0, 3, 6]
