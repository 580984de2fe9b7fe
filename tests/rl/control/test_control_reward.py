"""The reward of a controller: the gate dominates, and a failed evaluator gives none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.trace import Draft, DraftCitation, Finding, Sentence
from corpus.errors import InForceError
from rl.control import reward as rewards
from rl.control.reward import CRITICAL, RewardShape, criticals_of, reward, reward_of
from tests.rl.conftest import a_question, a_trace

SHAPE = RewardShape()
unit = st.floats(0.0, 1.0)


@given(q=unit, s=unit, low=st.floats(0.0, 0.79), others=st.lists(unit, max_size=3))
def test_a_critical_below_the_threshold_makes_the_reward_0(
    q: float, s: float, low: float, others: list[float]
) -> None:
    assert reward([*others, low], q, s, SHAPE) == 0.0


@given(q=unit, more=unit, s=unit)
def test_the_reward_never_falls_with_quality_or_style(q: float, more: float, s: float) -> None:
    low, high = sorted((q, more))
    assert reward([1.0], low, s, SHAPE) <= reward([1.0], high, s, SHAPE)
    assert reward([1.0], s, low, SHAPE) <= reward([1.0], s, high, SHAPE)


def test_the_reward_is_that_of_the_paper() -> None:
    assert reward([1.0], 1.0, 1.0, SHAPE) == 1.0
    assert reward([0.8], 0.9, 0.9, SHAPE) == pytest.approx(0.9**10)
    assert reward([], 0.5, 1.0, SHAPE) == pytest.approx(0.5**6)
    assert reward([1.0], 0.0, 1.0, SHAPE) == reward([1.0], 1.0, 0.0, SHAPE) == 0.0


def findings(*failed: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(check=check, passed=check not in failed, subject="v", explanation="")  # type: ignore[arg-type]
        for check in CRITICAL
    )


def test_criticals_are_shares_of_the_citations_that_passed() -> None:
    good = DraftCitation(version_id="v", quote="q", findings=findings())
    bad = DraftCitation(version_id="v", quote="q", findings=findings("in_force"))
    unchecked = DraftCitation(version_id="v", quote="q")
    draft = Draft(sentences=(Sentence(text="x", citations=(good, bad)),))
    assert criticals_of(draft) == {"resolves": 1.0, "seen": 1.0, "in_force": 0.5, "verbatim": 1.0}
    alone = Draft(sentences=(Sentence(text="x", citations=(unchecked,)),))
    assert set(criticals_of(alone).values()) == {0.0}
    reasoned = Draft(sentences=(Sentence(text="x", reasoning=True),))
    assert set(criticals_of(reasoned).values()) == {0.0}


def test_a_failed_evaluator_gives_no_reward_and_not_0(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import date

    from agent.trace import GoverningDate, StopReason, Turn

    governing = GoverningDate(as_at=date(2001, 1, 1), ground="t")
    trace = a_trace(a_question(1)).model_copy(
        update={"governing": governing, "turns": (Turn(index=0),)}
    )

    def broken(*_: Any) -> Any:
        raise InForceError("the encoder failed")

    monkeypatch.setattr(rewards, "evaluated", broken)
    assert reward_of(trace, None, SHAPE) is None
    monkeypatch.setattr(rewards, "evaluated", lambda *_: None)
    assert reward_of(trace, None, SHAPE) == 0.0
    for stop in (StopReason.POLICY_ERROR, StopReason.TOOL_ERROR):
        assert reward_of(trace.model_copy(update={"stop": stop}), None, SHAPE) is None
