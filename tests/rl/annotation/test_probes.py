"""The probes learn what there is to learn, balance their classes, and go on from their state."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from rl.annotation.probes.care import Care  # noqa: E402
from rl.annotation.probes.features import VOTE, vote_features  # noqa: E402
from rl.annotation.probes.probe import FEWEST, Probe  # noqa: E402
from rl.recipes.label_settings import LabelSettings  # noqa: E402
from tests.rl.annotation.test_selection import group_of  # noqa: E402
from tests.rl.conftest import an_episode  # noqa: E402


def examples(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    rows = torch.randn(count, 12, generator=chance)
    return rows, (rows[:, 0] + rows[:, 10] > 0).float()


@pytest.mark.parametrize("architecture", ["logistic", "perceptron"])
@pytest.mark.parametrize("kind", ["none", "linear", "haar", "pca"])
def test_a_probe_learns_a_linear_rule(architecture: str, kind: str) -> None:
    probe = Probe(8, 4, architecture=architecture, kind=kind, kept=8, learning_rate=0.03, steps=200)  # type: ignore[arg-type]
    probe.learn(*examples(400))
    rows, truths = examples(200, seed=1)
    right = ((probe.probability(rows) > 0.5).float() == truths).float().mean()
    assert right > 0.9


def test_an_untaught_probe_does_not_guess() -> None:
    assert Probe(8, 4).probability(torch.zeros(3, 12)).tolist() == [0.5] * 3


def test_a_rare_class_counts_as_much_as_the_other() -> None:
    """Features that say nothing: with balance the probability is near one half, not near 0.1."""
    rows = torch.zeros(200, 12)
    probe = Probe(8, 4, learning_rate=0.05, steps=300)
    probe.learn(rows, (torch.arange(200) % 8 == 0).float())
    assert probe.probability(rows[:1]).item() == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("kind", ["none", "linear", "pca"])
def test_a_probe_goes_on_from_its_state(kind: str) -> None:
    def made() -> Probe:
        return Probe(8, 4, kind=kind, kept=4, learning_rate=0.03)  # type: ignore[arg-type]

    straight, stopped, resumed = made(), made(), made()
    for probe in (straight, stopped):
        probe.learn(*examples(30))
    resumed.restore(stopped.state())
    for probe in (straight, resumed):
        probe.learn(*examples(20, seed=2))
    rows, _ = examples(10, seed=3)
    assert torch.equal(straight.probability(rows), resumed.probability(rows))


def test_features_are_weighed_by_all_examples_not_by_the_two_of_the_first_round() -> None:
    """Features that do not differ in the first round must not decide afterwards."""
    rows, _ = examples(400)
    truths = (rows[:, 0] > 0).float()
    rows[:2, 1:] = 0.25
    rows[0, 0], rows[1, 0] = -1.0, 1.0
    probe = Probe(8, 4, learning_rate=0.01)
    for start in range(0, 400, 2):
        probe.learn(rows[start : start + 2], truths[start : start + 2])
    tested, _ = examples(200, seed=1)
    right = (probe.probability(tested) > 0.5) == (tested[:, 0] > 0)
    assert right.float().mean() > 0.9


@pytest.mark.parametrize(("kind", "needed"), [("none", FEWEST), ("pca", 12)])
def test_a_probe_is_not_asked_before_it_has_enough_examples(kind: str, needed: int) -> None:
    probe = Probe(16, 4, kind=kind, kept=12)  # type: ignore[arg-type]
    rows = torch.randn(needed, 20, generator=torch.Generator().manual_seed(0))
    truths = torch.arange(needed) % 2.0
    probe.learn(rows[:-1], truths[:-1])
    assert not probe.ready
    assert probe.probability(rows).tolist() == [0.5] * needed
    again = Probe(16, 4, kind=kind, kept=12)  # type: ignore[arg-type]
    again.restore(probe.state())
    for one in (probe, again):
        one.learn(rows[-1:], truths[-1:])
        assert one.ready
    assert torch.equal(probe.probability(rows), again.probability(rows))


def test_principal_directions_are_those_of_the_standardised_features() -> None:
    """A feature in large units is not by itself a principal direction."""
    chance = torch.Generator().manual_seed(0)
    shared = torch.randn(200, 1, generator=chance)
    rows = 0.1 * torch.randn(200, 12, generator=chance) + shared
    rows[:, 8:] = 0.0
    rows[:, 7] = 100 * torch.randn(200, generator=chance)
    probe = Probe(8, 4, kind="pca", kept=1, learning_rate=0.05, steps=300)
    probe.learn(rows, (shared[:, 0] > 0).float())
    assert ((probe.probability(rows) > 0.5) == (shared[:, 0] > 0)).float().mean() > 0.9


def test_probes_leave_the_run_s_chance_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    Probe(8, 4, kind="linear", kept=4, architecture="perceptron").learn(*examples(20))
    assert torch.equal(torch.rand(3), expected)


def test_the_vote_is_told_without_the_order_of_the_clusters() -> None:
    tokens = [an_episode("q1", seed) for seed in range(8)]
    one, other = group_of("a", (4, 2, 1)), group_of("b", (1, 4, 2))
    assert torch.equal(vote_features(one, tokens), vote_features(other, tokens))
    assert vote_features(one, tokens)[:4].tolist() == [0.5, 0.25, 0.125, 0.0]
    assert vote_features(one, [])[-VOTE:].tolist() == [0.875, 0.0, 0.0, 0.0]


def care(**settings: object) -> Care:
    told = LabelSettings.model_validate({"probe_rate": 0.03, "probe_steps": 100, **settings})
    return Care(told, 4, 8, seed=0)


def told(row: float) -> torch.Tensor:
    return torch.cat([torch.full((4,), row), torch.zeros(8 + VOTE)])


def test_care_prefers_the_groups_whose_majority_is_wrong() -> None:
    groups = [group_of(f"q{n}", (5, 3)) for n in range(40)]
    features = torch.stack([told(float(n % 2)) for n in range(40)])
    probes = care()
    probes.learn(groups, features, [3 if n % 2 else None for n in range(40)])
    found = probes.scores(groups, features)
    wrong, right = ([found[f"q{n}"] for n in range(start, 40, 2)] for start in (1, 0))
    assert min(wrong) > max(right)
    sure, unsure = probes.trust(groups[:2], features[:2])
    assert sure > 0.8 > 0.2 > unsure


def test_a_unanimous_group_is_never_worth_a_label_and_a_silent_one_not_scored() -> None:
    groups = [group_of("one", (8,)), group_of("silent", ())]
    features = torch.stack([told(0.0), told(0.0)])
    assert care().scores(groups, features) == {"one": 0.0}


def test_without_any_label_the_vote_is_trusted_by_its_share() -> None:
    groups = [group_of("a", (6, 2)), group_of("b", ())]
    assert care().trust(groups, torch.stack([told(0.0)] * 2)) == [0.75, 0.0]


def test_care_goes_on_from_its_state() -> None:
    groups = [group_of(f"q{n}", (5, 2, 1)) for n in range(10)]
    features = torch.stack([told(float(n)) for n in range(10)])
    right = [None, 2, 0, 1, None, 2, 0, None, 1, 2]
    straight, resumed = care(), care()
    straight.learn(groups, features, right)
    resumed.restore(straight.state())
    for probes in (straight, resumed):
        probes.learn(groups[:4], features[:4], right[:4])
    assert straight.scores(groups, features) == resumed.scores(groups, features)
