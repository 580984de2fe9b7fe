"""The closed form against brute force, and what choosers may and may not do."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from corpus.questions import Posed
from rl.annotation.selection.advantage_gap import advantage_gap
from rl.annotation.selection.choosers import choose, choosers, entropy, low_confidence
from rl.annotation.selection.clusters import AnswerGroup, Cluster


def brute_force(n: int, x: int, y: int | None) -> float:
    """Both reward vectors written out: places 0 to x hold the majority, the next y the truth."""

    def advantages(rewarded: range) -> np.ndarray:
        rewards = np.array([float(place in rewarded) for place in range(n)])
        spread = rewards.std()
        return (rewards - rewards.mean()) / spread if spread >= 1e-8 else np.zeros(n)

    gold = range(x) if y is None else range(x, x + y)
    return float(np.linalg.norm(advantages(gold) - advantages(range(x))))


@pytest.mark.parametrize("n", range(1, 17))
def test_closed_form_equals_brute_force(n: int) -> None:
    for x in range(1, n + 1):
        for y in [None, *range(min(x, n - x) + 1)]:
            assert advantage_gap(n, x, y) == pytest.approx(brute_force(n, x, y), abs=1e-9)


def test_the_gap_is_0_exactly_where_the_label_changes_no_advantage() -> None:
    for n, x in itertools.product(range(1, 17), repeat=2):
        for y in [None, *range(min(x, n - x) + 1)] if x <= n else []:
            assert (advantage_gap(n, x, y) == 0) == (y is None or x == n)


def test_the_gap_is_largest_where_two_clusters_share_all_rollouts() -> None:
    assert advantage_gap(8, 5, 3) == pytest.approx(2 * math.sqrt(8))


@pytest.mark.parametrize(("n", "x", "y"), [(8, 0, 0), (8, 9, 0), (8, 3, 4), (8, 6, 3), (8, 3, -1)])
def test_impossible_groups_are_refused(n: int, x: int, y: int) -> None:
    with pytest.raises(ValueError, match="no group"):
        advantage_gap(n, x, y)


def group_of(name: str, sizes: tuple[int, ...], n: int = 8) -> AnswerGroup:
    places = iter(range(n))
    clusters = tuple(
        Cluster(key=f"{name} {size} {k}", members=tuple(next(places) for _ in range(size)))
        for k, size in enumerate(sizes)
    )
    posed = Posed(id=name, text="?", language="en", as_at=None, jurisdiction=None)
    return AnswerGroup(question=posed, n=n, clusters=clusters)


GROUPS = [
    group_of("agreed", (8,)),
    group_of("split", (4, 4)),
    group_of("scattered", (2, 2, 2, 2)),
    group_of("silent", ()),
    group_of("few", (1,)),
]


def test_entropy_and_confidence_read_the_clusters() -> None:
    assert entropy(GROUPS[0]) == 0
    assert entropy(GROUPS[1]) == pytest.approx(math.log(2))
    assert low_confidence(GROUPS[2]) == pytest.approx(0.75)
    assert low_confidence(GROUPS[4]) == pytest.approx(1 - 1 / 8)
    assert GROUPS[1].tied
    assert GROUPS[1].majority == GROUPS[1].clusters[0]


@pytest.mark.parametrize("name", ["random", "entropy", "low_confidence"])
@pytest.mark.parametrize(("budget", "expected"), [(0.0, 0), (0.2, 1), (0.21, 2), (1.0, 4)])
def test_so_many_are_chosen_and_no_group_without_an_answer(
    name: str, budget: float, expected: int
) -> None:
    chosen = choose(choosers()[name], GROUPS, budget)
    assert len(chosen) == expected
    assert 3 not in [place for place, _ in chosen]


def test_equal_scores_go_by_place_and_a_seed_decides_chance() -> None:
    twins = [group_of(f"q{n}", (4, 4)) for n in range(6)]
    by_entropy = choosers()["entropy"]
    assert [place for place, _ in choose(by_entropy, twins, 0.5)] == [0, 1, 2]
    draws = {tuple(p for p, _ in choose(choosers(s)["random"], twins, 0.5)) for s in range(20)}
    assert len(draws) > 5
    assert choose(choosers(3)["random"], twins, 0.5) == choose(choosers(3)["random"], twins, 0.5)


def test_a_question_as_posed_holds_no_gold_answer() -> None:
    assert not [name for name in Posed.model_fields if name.startswith(("gold", "decline", "why"))]
