"""Real rewards through GDPO: what is not scored, and what does not differ, teaches nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from agent.library import Library  # noqa: E402
from agent.trace import AbstentionReason  # noqa: E402
from corpus.questions import Family  # noqa: E402
from rl.objective.methods.stock import Gdpo  # noqa: E402
from rl.objective.slots import Batch  # noqa: E402
from rl.rewards import outcome, score_all  # noqa: E402
from tests.agent.conftest import opened  # noqa: E402
from tests.rl.statutes import (  # noqa: E402
    DAY,
    FAIRS,
    OLD,
    RULE,
    abstain,
    answer,
    play,
    question,
    search,
)

VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)
NAMES = ("task", "temporal", "abstention")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


def advantages(rewards: object, weights: tuple[float, ...] = (1.0, 1.0, 1.0)) -> object:
    rewards_N_F = torch.tensor(rewards, dtype=torch.float32)
    n = len(rewards_N_F)
    return Gdpo().estimate(
        Batch(
            group_size=n,
            channels=NAMES,
            channel_weights_F=torch.tensor(weights),
            rewards_N_F=rewards_N_F,
            completion_ids_N_T=torch.zeros(n, 1, dtype=torch.long),
            mask_N_T=torch.ones(n, 1),
            outcomes_N=torch.zeros(n, dtype=torch.long),
            answer_keys_N=torch.zeros(n, dtype=torch.long),
            own_N=torch.ones(n, dtype=torch.bool),
        )
    )


def test_right_beats_declined_beats_struck_and_void_stays_out(library: Library) -> None:
    right = play(library, VALUE, search(DAY), answer((OLD, RULE.format(40).strip()), text="£40."))
    declined = play(library, VALUE, abstain(AbstentionReason.NOT_FOUND))
    struck = play(library, VALUE, search(DAY), answer(("nowhere", "Waived.")))
    group = [(right, VALUE), (declined, VALUE), (struck, VALUE), (None, VALUE)]
    assert [outcome(*one).name for one in group] == ["CORRECT", "ABSTAINED", "WRONG", "EXCLUDED"]
    found = advantages(score_all(group, NAMES))
    assert found[0] > found[1] > found[2]
    assert found[3] == 0.0


def test_a_group_that_always_abstains_teaches_nothing(library: Library) -> None:
    declined = play(library, VALUE, abstain(AbstentionReason.NOT_FOUND))
    assert advantages(score_all([(declined, VALUE)] * 4, NAMES)).tolist() == [0.0] * 4
