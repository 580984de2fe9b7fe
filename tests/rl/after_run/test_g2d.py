"""The DPO pass: tool tokens teach nothing, it begins at log 2, and a kill changes nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

import rl.after_run.g2d.distil as g2d  # noqa: E402
from corpus.errors import BadInputError, InForceError  # noqa: E402
from rl.after_run.g2d.distil import Preference, distil, preference_of  # noqa: E402
from rl.after_run.g2d.dpo import DpoSettings, MaskedPairs, pair_trainer, prefer  # noqa: E402
from rl.after_run.g2d.labelled import Rank  # noqa: E402
from rl.after_run.g2d.pairs import Pair, PairTally, read_pairs  # noqa: E402
from rl.after_run.start_weights import last_step, model_at  # noqa: E402
from rl.recipes.label_settings import LabelSettings  # noqa: E402
from rl.recipes.load import read_recipe  # noqa: E402
from rl.run.checkpoints import SEAL  # noqa: E402
from rl.run.run_directory import Run  # noqa: E402
from rl.run.snapshots import snapshot_path  # noqa: E402
from rl.training.model_loading import load_model, reopened  # noqa: E402
from rl.training.weight_snapshots import trained_weights, write_weights  # noqa: E402
from tests.rl.conftest import a_question, an_episode, tiny_model, tiny_tokenizer  # noqa: E402
from tests.rl.forked import LIBRARY, model_folder, table  # noqa: E402

LORA = {"rank": 2, "alpha": 4, "targets": ["q_proj", "v_proj"]}
FAST = DpoSettings(learning_rate=0.01, batch=2, checkpoint_every=2, device="cpu")


def a_pair(seed: int) -> Pair:
    good, bad = an_episode("q", 2 * seed), an_episode("q", 2 * seed + 1)
    return Pair(
        question=f"q{seed}",
        prompt_ids=good.prompt_ids,
        chosen_ids=good.completion_ids,
        chosen_mask=good.mask,
        rejected_ids=bad.completion_ids,
        rejected_mask=bad.mask,
        chosen=Rank.RIGHT,
        rejected=Rank.WRONG,
    )


PAIRS = [a_pair(seed) for seed in range(12)]


def gradient(pairs: list[Pair], folder: Path) -> tuple[float, list[Any]]:
    """Return the loss of a batch, and the gradient of every weight."""
    model = tiny_model()
    trainer = pair_trainer(model, tiny_tokenizer(), pairs, FAST, folder)
    rows = [dict(trainer.train_dataset[place]) for place in range(len(pairs))]
    batch = MaskedPairs(pad_token_id=2)(rows)
    loss = trainer.compute_loss(model, batch)
    loss.backward()
    return loss.item(), [one.grad.clone() for one in model.parameters() if one.grad is not None]


def test_the_loss_begins_at_log_2(tmp_path: Path) -> None:
    loss, _ = gradient(PAIRS[:4], tmp_path)
    assert abs(loss - math.log(2)) < 1e-4


def test_the_tokens_of_tools_have_no_gradient(tmp_path: Path) -> None:
    """The embedding row that predicts only tool tokens gets no gradient from them."""
    pair = PAIRS[0]
    model = tiny_model()
    trainer = pair_trainer(model, tiny_tokenizer(), [pair], FAST, tmp_path)
    batch = MaskedPairs(pad_token_id=2)([dict(trainer.train_dataset[0])])
    rows = [(pair.chosen_ids, pair.chosen_mask), (pair.rejected_ids, pair.rejected_mask)]
    for row, (ids, mask) in enumerate(rows):
        start = len(pair.prompt_ids)
        assert batch["completion_mask"][row, : start + len(ids)].tolist() == [0] * start + [*mask]
        assert batch["completion_mask"][row, start + len(ids) :].sum() == 0
    inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    states = model.model(**inputs).last_hidden_state.detach().requires_grad_()
    scores = model.lm_head(states).log_softmax(-1)[:, :-1]
    taken = scores.gather(-1, batch["input_ids"][:, 1:, None]).squeeze(-1)
    (taken * batch["completion_mask"][:, 1:]).sum().backward()
    assert states.grad is not None
    silent = batch["completion_mask"][:, 1:] == 0
    assert float(states.grad[:, :-1][silent].abs().max()) == 0.0
    assert float(states.grad[:, :-1][~silent].abs().min(dim=-1).values.max()) > 0.0


def test_a_masked_target_does_not_move_the_gradient(tmp_path: Path) -> None:
    """A rollout that ends in a tool's token: another such token changes no weight's gradient."""
    ends = [
        pair.model_copy(
            update={
                "chosen_ids": (*pair.chosen_ids, last),
                "chosen_mask": (*pair.chosen_mask, 0),
                "rejected_ids": (*pair.rejected_ids, last),
                "rejected_mask": (*pair.rejected_mask, 0),
            }
        )
        for pair in PAIRS[:1]
        for last in (5, 40)
    ]
    one, other = (gradient([pair], tmp_path / str(n)) for n, pair in enumerate(ends))
    assert one[0] == other[0]
    assert all(torch.equal(a, b) for a, b in zip(one[1], other[1], strict=True))
    counted = ends[0].model_copy(update={"chosen_mask": (*PAIRS[0].chosen_mask, 1)})
    _, moved = gradient([counted], tmp_path / "counted")
    assert not all(torch.equal(a, b) for a, b in zip(one[1], moved, strict=True))


def test_the_chosen_becomes_likelier_and_the_same_pass_gives_the_same_weights(
    tmp_path: Path,
) -> None:
    one, other, again = tiny_model(), tiny_model(), [PAIRS[0]] * 12
    curve = prefer(one, tiny_tokenizer(), again, FAST, tmp_path / "one")
    assert curve.steps == 6
    assert curve.first_loss == pytest.approx(math.log(2), abs=1e-4)
    assert curve.last_loss < curve.first_loss
    assert curve.margin > 0
    prefer(other, tiny_tokenizer(), again, FAST, tmp_path / "other")
    assert all(map(torch.equal, one.parameters(), other.parameters()))


class Killed(BaseException):
    """A kill."""


def test_a_killed_pass_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rl.after_run.g2d.dpo import PairTrainer

    straight, killed = tiny_model(), tiny_model()
    prefer(straight, tiny_tokenizer(), PAIRS, FAST, tmp_path / "straight")
    whole = PairTrainer.training_step

    def dying(self: Any, *given: Any, **named: Any) -> Any:
        if self.state.global_step == 3:
            raise Killed
        return whole(self, *given, **named)

    monkeypatch.setattr(PairTrainer, "training_step", dying)
    with pytest.raises(Killed):
        prefer(killed, tiny_tokenizer(), PAIRS, FAST, tmp_path / "killed")
    monkeypatch.setattr(PairTrainer, "training_step", whole)
    again = tiny_model()
    curve = prefer(again, tiny_tokenizer(), PAIRS, FAST, tmp_path / "killed")
    assert all(map(torch.equal, straight.parameters(), again.parameters()))
    assert curve.first_loss == pytest.approx(math.log(2), abs=1e-4)


@pytest.fixture(params=[None, LORA], ids=["full", "lora"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with a checkpoint after step 2, and pairs."""
    named = table(model_folder(tmp_path / "model"), learning_rate=0.02)
    if request.param is not None:
        named["model"] |= {"lora": request.param}
    recipe = read_recipe(named, "r.toml")
    run = Run.create(tmp_path / "run", recipe, [a_question(1)], LIBRARY.corpus_hash)
    model = load_model(recipe.model, 0).model
    last = run.checkpoints / "checkpoint-2"
    last.mkdir(parents=True)
    model.save_pretrained(last)
    (last / SEAL).write_text("{}")
    run.traces.path.touch()
    run.metrics.append([{"step": step, "entropy": 1.0 * step} for step in (1, 2, 3)])
    tally = PairTally(rollouts=24, questions=12, usable=12, pairs=12, pass_rate=0.5)
    monkeypatch.setattr(g2d, "pairs_of", lambda *_: (PAIRS, tally))
    monkeypatch.setattr(g2d, "held_out", lambda *_, **__: [a_question(1)])
    monkeypatch.setattr(g2d, "answers", lambda *_: [None])
    monkeypatch.setattr(g2d, "share_right", lambda _: 0.5)
    return run


def wanted(run: Run) -> Preference:
    return preference_of(run, None, None).model_copy(update={"dpo": FAST})


def test_the_result_opens_and_differs_from_its_start(run: Run, tmp_path: Path) -> None:
    found = distil(run, LIBRARY, wanted(run), tmp_path / "out")
    recipe = run.recipe()
    assert (found.until, found.curve.steps, found.entropy) == (2, 6, 1.5)
    start = trained_weights(model_at(run, 2))
    opened = trained_weights(reopened(recipe.model, Path(found.folder)))
    assert start.keys() == opened.keys()
    assert any(not torch.equal(one, start[name]) for name, one in opened.items())
    again = distil(run, LIBRARY, wanted(run), tmp_path / "out")
    assert again == found


def test_by_default_the_pass_learns_at_half_the_rate_of_the_run(run: Run) -> None:
    assert preference_of(run, None, None).dpo.learning_rate == 0.01
    assert preference_of(run, 0, 3e-4).dpo.learning_rate == 3e-4


def test_pairs_of_labels_are_a_second_source(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that learnt from labels has no gold answers: the given pairs are all it has."""
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(f"{pair.model_dump_json()}\n" for pair in PAIRS[:4]))
    given = read_pairs(file)
    assert given == PAIRS[:4]
    alone = distil(run, LIBRARY, wanted(run), tmp_path / "alone")
    both = distil(run, LIBRARY, wanted(run), tmp_path / "both", given=given)
    assert (both.tally.pairs, both.tally.given) == (alone.tally.pairs, 4)
    assert both.curve.steps == alone.curve.steps + 2
    none = PairTally(rollouts=0, questions=0, usable=0, pairs=0, pass_rate=None)
    monkeypatch.setattr(g2d, "pairs_of", lambda records, *_: (list(records), none))
    labelled = run.recipe().model_copy(update={"labels": LabelSettings()})
    monkeypatch.setattr(Run, "recipe", lambda _: labelled)
    run.traces.append([{"question": "without a gold answer"}])
    only = distil(run, LIBRARY, wanted(run), tmp_path / "only", given=given)
    assert (only.tally.rollouts, only.tally.given, only.curve.steps) == (0, 4, 2)


def test_a_damaged_file_of_pairs_names_line_and_field(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    whole = PAIRS[0].model_dump_json()
    file.write_text(whole + "\n" + whole.replace('"chosen":2', '"chosen":"good"') + "\n")
    with pytest.raises(InForceError, match=r"pairs.jsonl:2, field 'chosen': not a pair"):
        read_pairs(file)


def test_no_usable_pair_is_said_with_its_numbers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = PairTally(rollouts=16, questions=2, usable=0, pairs=0, pass_rate=0.0)
    monkeypatch.setattr(g2d, "pairs_of", lambda *_: ([], tally))
    with pytest.raises(BadInputError, match="no usable pair up to step 2: of 2 questions with 16"):
        distil(run, LIBRARY, wanted(run), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_of_a_step_that_was_not_kept_are_named(run: Run) -> None:
    write_weights(snapshot_path(run.folder, 1), trained_weights(model_at(run, 0)))
    assert last_step(run) == 2
    with pytest.raises(BadInputError, match="run kept no weights of step 7; it kept those of 0, 1"):
        model_at(run, 7)
    from_snapshot, start = trained_weights(model_at(run, 1)), trained_weights(model_at(run, 0))
    for name, one in from_snapshot.items():
        assert torch.allclose(one, start[name], atol=1e-6)
