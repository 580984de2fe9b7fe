"""RELEX on a run: what is written opens, is never worse than the raw checkpoint, and is resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

import rl.after_run.relex.extrapolate as relex  # noqa: E402
from corpus.errors import BadInputError  # noqa: E402
from rl.after_run.guard import Scored, best  # noqa: E402
from rl.after_run.opened_weights import factors, save_weights  # noqa: E402
from rl.after_run.relex.extrapolate import Extrapolation, RelexReport, extrapolate  # noqa: E402
from rl.after_run.relex.trajectory import ExtrapolationError, fitted_snapshots  # noqa: E402
from rl.recipes.load import read_recipe  # noqa: E402
from rl.recipes.recipe import RecipeError, SnapshotSettings  # noqa: E402
from rl.run.checkpoints import SEAL  # noqa: E402
from rl.run.run_directory import Run  # noqa: E402
from rl.run.snapshots import snapshot_path, snapshot_steps, snapshots  # noqa: E402
from rl.training.model_loading import load_model, reopened  # noqa: E402
from rl.training.weight_snapshots import SnapshotKeeper, trained_weights, write_weights  # noqa: E402
from tests.rl.conftest import a_question  # noqa: E402
from tests.rl.forked import LIBRARY, model_folder, table  # noqa: E402

LORA = {"rank": 2, "alpha": 4, "targets": ["q_proj", "v_proj"]}
WANTED = Extrapolation(at=(2.0, 5.0), damping=(0.5, 1.0))


@pytest.fixture(autouse=True)
def few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relex, "held_out", lambda *_, **__: [a_question(1), a_question(2)])


@pytest.fixture(params=[None, LORA], ids=["full", "lora"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """A run whose trained weights moved along a line, with a checkpoint at its end."""
    named = table(model_folder(tmp_path / "model"))
    if request.param is not None:
        named["model"] |= {"lora": request.param}
    recipe = read_recipe(named, "r.toml")
    run = Run.create(tmp_path / "run", recipe, [a_question(1)], LIBRARY.corpus_hash)
    model = load_model(recipe.model, 0).model
    weights = trained_weights(model)
    chance = torch.Generator().manual_seed(0)
    pull = {name: torch.randn(one.shape, generator=chance) for name, one in weights.items()}
    for step in range(5):
        moved = {name: one + 0.01 * step * pull[name] for name, one in weights.items()}
        write_weights(snapshot_path(run.folder, step), moved)
    last = run.checkpoints / "checkpoint-4"
    last.mkdir(parents=True)
    save_weights(recipe, moved.items(), last)
    (last / SEAL).write_text("{}")
    return run


def judged(monkeypatch: pytest.MonkeyPatch, likes: str) -> list[float]:
    """Let a point be as right as its weights are far from the start, or near to it."""
    seen: list[float] = []

    def answers(recipe: Any, _library: Any, _codec: Any, model: Any, asked: Any) -> list[Any]:
        base = trained_weights(load_model(recipe.model, 0).model)
        away = sum(float((w - base[n]).norm()) for n, w in trained_weights(model).items())
        seen.append(away)
        return [away] * len(asked)

    sign = 1.0 if likes == "far" else -1.0
    monkeypatch.setattr(relex, "answers", answers)
    monkeypatch.setattr(relex, "share_right", lambda found: 1e-3 * sign * round(found[0], 3))
    return seen


def test_the_best_point_is_written_and_opens_with_the_weights_of_the_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(monkeypatch, "far")
    found = extrapolate(run, LIBRARY, WANTED, tmp_path / "out")
    assert found.written == "5x-1"
    opened = trained_weights(reopened(run.recipe().model, Path(found.folder)))
    files = snapshots(run.folder)
    from safetensors.torch import load_file

    start, last = load_file(files[0]), load_file(files[4])
    for name, one in opened.items():
        assert torch.allclose(one, start[name] + 5 * (last[name] - start[name]), atol=1e-5)
    assert found.together.first == pytest.approx(1.0)
    assert found.together.held_out_r2 == pytest.approx(1.0)
    assert (Path(found.folder) / "tokenizer.json").is_file()


@pytest.mark.parametrize("likes", ["far", "near"])
def test_what_is_written_is_never_worse_than_the_raw_checkpoint(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, likes: str
) -> None:
    judged(monkeypatch, likes)
    found = extrapolate(run, LIBRARY, WANTED, tmp_path / "out")
    scores = {one.name: one.right for one in found.candidates}
    assert next(iter(scores)) == "raw-last-checkpoint"
    assert scores[found.written] == max(scores.values()) >= scores["raw-last-checkpoint"]
    assert scores["raw-last-checkpoint"] == pytest.approx(scores["last-snapshot"], abs=1e-6)


def test_a_tie_writes_the_raw_checkpoint(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(monkeypatch, "far")
    monkeypatch.setattr(relex, "share_right", lambda _: 0.5)
    found = extrapolate(run, LIBRARY, WANTED, tmp_path / "out")
    assert found.written == "raw-last-checkpoint"
    raw = trained_weights(reopened(run.recipe().model, run.checkpoints / "checkpoint-4"))
    opened = trained_weights(reopened(run.recipe().model, Path(found.folder)))
    assert all(torch.equal(one, raw[name]) for name, one in opened.items())


class Killed(BaseException):
    """A kill."""


def test_a_killed_comparison_goes_on_and_ends_as_if_it_had_not_been(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = judged(monkeypatch, "far")
    straight = extrapolate(run, LIBRARY, WANTED, tmp_path / "straight")
    whole, scored = len(seen), relex.answers
    seen.clear()

    def dying(*given: Any) -> list[Any]:
        if len(seen) == 3:
            raise Killed
        return scored(*given)

    monkeypatch.setattr(relex, "answers", dying)
    with pytest.raises(Killed):
        extrapolate(run, LIBRARY, WANTED, tmp_path / "out")
    with (tmp_path / "out/scores.jsonl").open("a") as file:
        file.write('{"name": "2x-0')
    monkeypatch.setattr(relex, "answers", scored)
    again = extrapolate(run, LIBRARY, WANTED, tmp_path / "out")
    assert len(seen) == whole
    assert same(again) == same(straight)
    for name in (path.name for path in Path(straight.folder).glob("*.safetensors")):
        one, other = Path(straight.folder) / name, Path(again.folder) / name
        assert one.read_bytes() == other.read_bytes()


def same(found: RelexReport) -> dict[str, Any]:
    return found.model_dump(exclude={"folder"})


def test_results_of_other_settings_are_not_mixed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(monkeypatch, "far")
    extrapolate(run, LIBRARY, WANTED, tmp_path / "out")
    with pytest.raises(BadInputError, match=r"holds other results, of setting\.json"):
        extrapolate(run, LIBRARY, Extrapolation(at=(3.0,)), tmp_path / "out")


def test_a_run_without_snapshots_says_how_to_keep_them(run: Run) -> None:
    for path in snapshots(run.folder).values():
        path.unlink()
    with pytest.raises(ExtrapolationError, match=r"run kept no snapshots: train with --set"):
        fitted_snapshots(run, None)


def test_too_few_snapshots_are_counted(run: Run) -> None:
    with pytest.raises(ExtrapolationError, match="run has 2 snapshots up to step 1; a line needs"):
        fitted_snapshots(run, 1)
    fitted, later = fitted_snapshots(run, 2)
    assert (list(fitted), list(later)) == ([0, 1, 2], [3, 4])


def test_a_change_is_factored_into_an_adapter_exactly() -> None:
    chance = torch.Generator().manual_seed(0)
    change = torch.randn(9, 3, generator=chance) @ torch.randn(3, 7, generator=chance)
    up, down = factors(change)
    assert down.shape == (3, 7)
    assert torch.allclose(up @ down, change, atol=1e-5)
    assert factors(torch.zeros(4, 4))[0].abs().max() == 0


def test_the_guard_takes_the_first_of_the_best() -> None:
    told = [Scored(name=n, right=r, questions=2) for n, r in (("a", 0.5), ("b", 0.5), ("c", 0.25))]
    assert best(told).name == "a"


@pytest.mark.parametrize(
    ("settings", "size", "steps"),
    [
        (SnapshotSettings(share=1.0), 1, list(range(11))),
        (SnapshotSettings(share=0.5, every=2), 1, [0, 2, 4]),
        (SnapshotSettings(share=1.0, most_mib=5), 2**20, [0, 3, 6, 9]),
    ],
)
def test_snapshots_stay_in_their_budget(
    settings: SnapshotSettings, size: int, steps: list[int]
) -> None:
    assert snapshot_steps(settings, 10, size) == steps
    assert len(steps) * size <= settings.most_mib * 2**20


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (SnapshotSettings(share=0.1), r"share = 0\.1 of 10 steps, every 1, keeps 2 snapshots"),
        (SnapshotSettings(share=1, most_mib=2), "has room for 2 snapshots of 1 MiB; a line needs"),
    ],
)
def test_a_budget_for_no_line_is_refused(settings: SnapshotSettings, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        snapshot_steps(settings, 10, 2**20)


@pytest.fixture
def trained(tmp_path: Path) -> Run:
    from rl.run.progress import NoProgress
    from tests.rl import forked

    model = forked.model_folder(tmp_path / "model")
    named = table(model) | {"snapshots": {"share": 1.0}}
    recipe = read_recipe(named, "r.toml")
    run = Run.create(tmp_path / "run", recipe, forked.QUESTIONS, LIBRARY.corpus_hash)
    with forked.patched():
        forked.training.train(recipe, run, LIBRARY, forked.QUESTIONS, NoProgress())
    return run


@pytest.mark.slow
def test_a_run_keeps_the_weights_after_each_step_in_float32(trained: Run) -> None:
    from safetensors.torch import load_file

    found = snapshots(trained.folder)
    assert list(found) == list(range(11))
    kept = [load_file(path) for path in found.values()]
    start = trained_weights(load_model(trained.recipe().model, 0).model)
    assert all(torch.equal(kept[0][name], one) for name, one in start.items())
    end = trained_weights(reopened(trained.recipe().model, trained.checkpoints / "checkpoint-10"))
    assert all(torch.equal(kept[10][name], one) for name, one in end.items())
    assert all(one.dtype == torch.float32 for one in kept[3].values())
    assert not torch.equal(kept[1]["model.norm.weight"], kept[2]["model.norm.weight"])


def test_a_run_says_when_its_budget_thins_the_snapshots(tmp_path: Path) -> None:
    from types import SimpleNamespace

    model = load_model(
        read_recipe(table(model_folder(tmp_path / "model")), "r.toml").model, 0
    ).model
    size = sum(4 * one.numel() for one in model.parameters()) / 2**20
    said: list[str] = []
    for room in (3.5, 20.0):
        settings = SnapshotSettings(share=1.0, most_mib=room * size)
        keeper = SnapshotKeeper(tmp_path, settings, 10, said.append)
        start = SimpleNamespace(global_step=0, is_world_process_zero=True)
        keeper.on_train_begin(None, start, None, model=model)
    (words,) = said
    assert "holds 3 snapshots" in words
    assert "every 4 steps, not every 1" in words


def test_the_merged_change_is_kept_and_not_its_factors(tmp_path: Path) -> None:
    named = table(model_folder(tmp_path / "model"))
    named["model"] |= {"lora": LORA}
    model = load_model(read_recipe(named, "r.toml").model, 0).model
    layer = model.base_model.model.model.layers[0].self_attn.q_proj
    torch.nn.init.normal_(layer.lora_B["default"].weight)
    weights = trained_weights(model)
    assert sorted(weights) == [f"model.layers.0.self_attn.{n}_proj.weight" for n in "qv"]
    change = layer.get_delta_weight("default")
    assert torch.allclose(weights["model.layers.0.self_attn.q_proj.weight"], change, atol=1e-6)


def test_the_verb_prints_the_fit_and_the_scores(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import nullcontext

    from typer.testing import CliRunner

    from inforce import app

    judged(monkeypatch, "far")
    monkeypatch.setattr(
        "rl.questions.training_questions.open_library", lambda _: nullcontext(LIBRARY)
    )
    asked = ["after", "relex", str(run.folder), "--at", "2x", "--damping", "1"]
    said = CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False)
    found = json.loads(said.stdout)
    assert found["written"] == "2x-1"
    said = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert "all tensors  first component, first two: 1.000, 1.000  (random walk" in said.stdout
    said = CliRunner().invoke(app, [*asked[:3], "--at", "twice"])
    assert isinstance(said.exception, BadInputError)
    assert str(said.exception).startswith("--at: 'twice' is no list of numbers")
