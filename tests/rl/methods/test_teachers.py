"""Teachers score the student's own ids; a pool keeps who sampled what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

from corpus.questions import Question  # noqa: E402
from rl.objective.methods.settings import OpdSettings  # noqa: E402
from rl.objective.methods.teachers import EndpointTeacher, ModelTeacher, prefixed, teacher  # noqa: E402
from rl.recipes.recipe import RecipeError  # noqa: E402
from rl.rollouts.pool import Pool, mixing, pool_file, read_pool  # noqa: E402
from rl.rollouts.rollout import Rollout  # noqa: E402
from tests.rl.conftest import a_question, a_rollout, tiny_model  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402


def padded(rollouts: Sequence[Rollout]) -> dict[str, torch.Tensor]:
    """Prompts padded on the left and completions on the right, as the trainer has them."""
    prompts = [list(r.episode.prompt_ids) for r in rollouts]
    written = [list(r.episode.completion_ids) for r in rollouts]
    wide, long = max(map(len, prompts)), max(map(len, written))
    return {
        "prompt_ids": torch.tensor([[2] * (wide - len(p)) + p for p in prompts]),
        "prompt_mask": torch.tensor([[0] * (wide - len(p)) + [1] * len(p) for p in prompts]),
        "completion_ids": torch.tensor([w + [2] * (long - len(w)) for w in written]),
        "completion_mask": torch.tensor([[1] * len(w) + [0] * (long - len(w)) for w in written]),
    }


def a_round() -> tuple[list[Rollout], dict[str, torch.Tensor], Any]:
    rollouts = [a_rollout(number, number) for number in range(4)]
    out = padded(rollouts)
    tokens = out["completion_ids"].size(1)
    batch = a_batch(1, 4, tokens, completion_ids_N_T=out["completion_ids"])
    return rollouts, out, batch


def alone(model: Any, prefix: Sequence[int], rollout: Rollout) -> torch.Tensor:
    """Log-probabilities of one rollout's completion, without padding."""
    prompt = [*prefix, *rollout.episode.prompt_ids]
    ids = torch.tensor([[*prompt, *rollout.episode.completion_ids]])
    with torch.no_grad():
        logps = model(input_ids=ids).logits[0].log_softmax(-1)
    return logps[len(prompt) - 1 : -1].gather(1, ids[0, len(prompt) :].unsqueeze(1)).squeeze(1)


def prefix_of(question: Question) -> list[int]:
    return [5, 6, 7][: int(question.id.removeprefix("q"))]


def test_a_teacher_scores_each_rollout_as_it_would_alone() -> None:
    rollouts, out, batch = a_round()
    model = tiny_model()
    found = ModelTeacher(model, prefix_of, rows=3)(rollouts, batch, out)
    for row, rollout in enumerate(rollouts):
        expected = alone(model, prefix_of(rollout.question), rollout)
        torch.testing.assert_close(found[row, : len(expected)], expected, atol=1e-5, rtol=1e-5)


def test_the_text_before_the_prompt_changes_what_the_teacher_thinks() -> None:
    rollouts, out, batch = a_round()
    model = tiny_model()
    blind = ModelTeacher(model, lambda _: ())(rollouts, batch, out)
    shown = ModelTeacher(model, lambda _: [9, 10, 11])(rollouts, batch, out)
    assert float((blind - shown).abs().max()) > 1e-4


def test_padding_stays_on_the_left() -> None:
    ids, seen = prefixed(
        [[8, 9], []], torch.tensor([[2, 5], [6, 7]]), torch.tensor([[0, 1], [1, 1]])
    )
    assert ids.tolist() == [[8, 9, 5], [0, 6, 7]]
    assert seen.tolist() == [[1, 1, 1], [0, 1, 1]]


class FakeEndpoint:
    """Scores token ``i`` at place ``p`` as ``-i - p / 100``, as vLLM would answer."""

    url = "http://nowhere/v1"

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append({"path": path, **body})
        ids = body["prompt"]
        places = [None, *({str(i): {"logprob": -i - p / 100}} for p, i in enumerate(ids[1:], 1))]
        return {"choices": [{"prompt_logprobs": places}]}


def test_an_endpoint_is_sent_ids_and_its_scores_land_on_the_right_tokens() -> None:
    rollouts, out, batch = a_round()
    endpoint = FakeEndpoint()
    found = EndpointTeacher(endpoint, "m", prefix_of)(rollouts, batch, out)
    for row, rollout in enumerate(rollouts):
        before = [*prefix_of(rollout.question), *rollout.episode.prompt_ids]
        written = rollout.episode.completion_ids
        assert endpoint.asked[row]["prompt"] == [*before, *written]
        expected = [-i - (len(before) + p) / 100 for p, i in enumerate(written)]
        torch.testing.assert_close(found[row, : len(written)], torch.tensor(expected))
        assert bool(torch.isnan(found[row, len(written) :]).all())


def test_an_endpoint_without_scores_is_named_in_one_sentence() -> None:
    from agent.policy import PolicyError

    rollouts, out, batch = a_round()
    endpoint = FakeEndpoint()
    endpoint.call = lambda *_: {"choices": [{"text": "no"}]}
    with pytest.raises(PolicyError, match="must be served by vLLM"):
        EndpointTeacher(endpoint, "m", prefix_of)(rollouts, batch, out)


def test_the_teacher_has_the_students_temperature() -> None:
    rollouts, out, batch = a_round()
    model = tiny_model()
    warm = teacher(OpdSettings(), type("S", (), {"model": model}), prefix_of, 8, 2.0)
    found = warm(rollouts, batch, out)
    expected = torch.stack([alone(lambda input_ids: _halved(model, input_ids), (), rollouts[0])])[0]
    torch.testing.assert_close(found[0, : len(expected)], expected, atol=1e-5, rtol=1e-5)
    afar = OpdSettings(teacher="http://x/v1", teacher_model="m")
    with pytest.raises(RecipeError, match="temperature 1"):
        teacher(afar, None, prefix_of, 8, 0.7)


def _halved(model: Any, input_ids: torch.Tensor) -> Any:
    found = model(input_ids=input_ids)
    return type("O", (), {"logits": found.logits / 2})


def test_self_teaches_with_the_students_own_weights() -> None:
    class TrainedModel:
        model, tokenizer = tiny_model(), None

    made = teacher(OpdSettings(), TrainedModel, prefix_of)
    assert made.model is TrainedModel.model
    assert made.shown is prefix_of, "a teacher that is the policy itself is shown the law"


# -- the pool --


def foreign(number: int, count: int) -> Pool:
    made = [a_rollout(number, 50 + seed) for seed in range(count)]
    return Pool({f"q{number}": tuple(r.model_copy(update={"own": False}) for r in made)})


def test_a_share_of_every_group_comes_from_the_pool() -> None:
    asked: list[Question] = []

    def play(_: Any, questions: Sequence[Question], seed: int) -> list[Rollout]:
        asked.extend(questions)
        return [a_rollout(int(q.id.removeprefix("q")), seed) for q in questions]

    questions = [a_question(0)] * 4 + [a_question(1)] * 4
    found = mixing(play, foreign(0, 9), 0.5, 4)(None, questions, 3)
    assert [r.question.id for r in found] == [q.id for q in questions]
    assert [r.own for r in found] == [True, True, False, False, True, True, True, True]
    assert len(asked) == 6
    assert len({r.episode.completion_ids for r in found[2:4]}) == 2


def test_a_pool_that_knows_too_few_gives_what_it_has() -> None:
    def play(_: Any, questions: Sequence[Question], seed: int) -> list[Rollout]:
        return [a_rollout(0, seed) for _ in questions]

    found = mixing(play, foreign(0, 1), 0.75, 4)(None, [a_question(0)] * 4, 0)
    assert [r.own for r in found] == [True, True, True, False]


def test_a_missing_pool_is_named(tmp_path) -> None:
    with pytest.raises(RecipeError, match="no pool of rollouts at none, nor a run of that name in"):
        pool_file(Path("none"), tmp_path)


def test_a_pool_is_a_file_a_folder_or_a_run_beside_this_one(tmp_path) -> None:
    file = tmp_path / "runs" / "one" / "traces.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("")
    for named in (file, file.parent, Path("one")):
        assert pool_file(named, tmp_path / "runs") == file
    with pytest.raises(RecipeError, match="has no rollouts with token ids"):
        read_pool(file)
