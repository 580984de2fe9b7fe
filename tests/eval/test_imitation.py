"""Rewards against more imitation: same time, same questions, and an interval over seeds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from eval.claims import imitation
from eval.claims.imitation import OneSeed
from eval.claims.imitation_scores import (
    ARMS,
    DEMONSTRATIONS,
    REJECTION,
    REWARDS,
    START,
    ArmOfSeed,
    summed,
    together,
)
from rl.rollouts.rollout import Rollout

GROUPS = [
    (0, "distractor", 0.0),
    (0, "value_at_date", 0.5),
    (1, "distractor", 1.0),
    (1, "value_at_date", 0.9),
]


def arm(plain: float, harder: float, seconds: float = 60.0) -> ArmOfSeed:
    shares = {"value_at_date": plain, "distractor": harder}
    return ArmOfSeed(right=shares, seconds=seconds, learnt=10)


def seeds() -> list[dict[str, ArmOfSeed]]:
    return [
        {
            START: arm(0.2, 0.1, 0.0),
            REWARDS: arm(0.4 + gain, 0.5 + gain),
            DEMONSTRATIONS: arm(0.5, 0.2),
            REJECTION: arm(0.3, 0.3),
        }
        for gain in (0.0, 0.02, 0.04)
    ]


def test_each_control_is_subtracted_from_the_arm_with_rewards_by_seed() -> None:
    found = together(seeds(), GROUPS, rounds=2, questions=40)
    assert list(found.arms) == list(ARMS)
    assert found.arms[REWARDS].less is None
    less = found.arms[DEMONSTRATIONS].less
    assert less is not None
    assert less.mean == pytest.approx(0.12)  # of both families
    harder = found.arms[DEMONSTRATIONS].less_harder
    assert harder is not None
    assert harder.mean == pytest.approx(0.32)
    assert harder.low < harder.mean < harder.high
    assert found.arms[START].right == pytest.approx(0.15)
    assert found.arms[START].harder == pytest.approx(0.1)


def test_groups_are_counted_by_what_they_can_teach() -> None:
    found = summed(GROUPS)
    assert found.right == pytest.approx(0.6)
    assert found.unvaried == 0.5
    assert found.middle == 0.25
    halves = together(seeds(), GROUPS, rounds=2, questions=40)
    assert (halves.first.right, halves.last.right) == (pytest.approx(0.25), pytest.approx(0.95))
    assert halves.groups["distractor"].unvaried == 1.0


def test_imitation_goes_on_for_the_seconds_that_the_rewards_took(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    clock = [0.0]
    learnt: list[int] = []

    def imitating(*given: Any, advance: Any = None) -> None:
        shown, settings = given[2:4]
        steps = len(shown) // settings.batch
        learnt.append(steps)
        clock[0] += 7.0  # what it takes before the first step
        for done in range(steps):
            clock[0] += 0.5
            if advance is not None:
                advance(done, steps)

    ground = SimpleNamespace(
        home=tmp_path,
        student=SimpleNamespace(tokenizer=None),
        scored=lambda seed, model, seconds, count: ArmOfSeed(
            right={"distractor": 1.0}, seconds=seconds, learnt=count
        ),
        say=lambda _: None,
    )
    one = OneSeed(ground, 3)  # type: ignore[arg-type]
    monkeypatch.setattr(imitation, "imitate", imitating)
    monkeypatch.setattr(imitation.time, "process_time", lambda: clock[0])
    monkeypatch.setattr(OneSeed, "_started", lambda _self: None)
    monkeypatch.setattr(OneSeed, "_rewards", lambda _self: arm(0.0, 0.0, seconds=40.0))
    shown: list[Rollout] = [SimpleNamespace() for _ in range(5)]  # type: ignore[misc]
    found = one._imitating(shown, imitation.LONGER)
    assert learnt == [imitation.TIMED, 80]
    assert found.seconds == pytest.approx(47.0)
    assert found.learnt == 5
    assert (tmp_path / "imitation-s3" / "rewards.json").is_file()
