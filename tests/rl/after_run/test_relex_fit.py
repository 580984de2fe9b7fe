"""A line through snapshots: what is on it is found, what is noise is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import Tensor  # noqa: E402

from rl.after_run.relex.candidates import averaging, bias_corrected, candidates  # noqa: E402
from rl.after_run.relex.explained import fit_all  # noqa: E402
from rl.after_run.relex.fit import fit_line, random_walk_shares, shares  # noqa: E402
from rl.after_run.relex.trajectory import ExtrapolationError, Trajectory  # noqa: E402

STEPS = (1, 2, 4, 7, 8)


def gram(changes: Tensor) -> Tensor:
    return changes.double() @ changes.double().T


def written(folder: Path, steps: Mapping[int, Mapping[str, Tensor]]) -> dict[int, Path]:
    folder.mkdir(exist_ok=True)
    files = {step: folder / f"step-{step}.safetensors" for step in steps}
    for step, path in files.items():
        save_file({name: one.contiguous() for name, one in steps[step].items()}, path)
    return files


def line_of(seed: int, size: int) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(size, generator=chance), torch.randn(size, generator=chance)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), size=st.integers(1, 60), target=st.floats(0.5, 200.0))
def test_an_exact_line_is_extrapolated_to_any_step(seed: int, size: int, target: float) -> None:
    _, velocity = line_of(seed, size)
    changes = torch.stack([step * velocity for step in STEPS])
    line = fit_line(gram(changes), STEPS)
    found = line.weights(target, 1.0) @ changes.double()
    wanted = target * velocity.double()
    assert float((found - wanted).norm() / wanted.norm()) < 1e-5
    explained = shares(line.eigenvalues)
    assert explained is not None
    assert abs(explained[0] - 1.0) < 1e-5


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), damping=st.floats(0.0, 1.0))
def test_the_sign_of_the_direction_is_irrelevant_and_damping_is_linear(
    seed: int, damping: float
) -> None:
    chance = torch.Generator().manual_seed(seed)
    changes = torch.randn(len(STEPS), 30, generator=chance).cumsum(0)
    line, mirrored = fit_line(gram(changes), STEPS), fit_line(gram(-changes), STEPS)
    assert torch.allclose(line.weights(20, 1.0), mirrored.weights(20, 1.0), atol=1e-9)
    assert torch.allclose(line.weights(20, damping), damping * line.weights(20, 1.0))


def test_a_line_under_orthogonal_zigzag_noise_is_found() -> None:
    start, velocity = torch.zeros(4000), torch.zeros(4000)
    velocity[:2000] = torch.randn(2000, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(2000, generator=torch.Generator().manual_seed(1))
    steps = tuple(range(1, 31))
    changes = torch.stack([step * velocity for step in steps])
    for place, step in enumerate(steps):
        changes[place, 2000:] = (-1.0) ** step * noise
    found = fit_line(gram(changes), steps).weights(300, 1.0) @ changes.double()
    wanted = start + 300 * velocity
    assert float((found - wanted).norm() / wanted.norm()) < 0.01


def test_an_observed_step_is_its_own_projection() -> None:
    changes = torch.stack([step * line_of(3, 40)[1] for step in STEPS]).double()
    line = fit_line(gram(changes), STEPS)
    for place, step in enumerate(STEPS):
        assert torch.allclose(line.weights(step, 1.0) @ changes, changes[place], atol=1e-5)


def test_a_tensor_that_never_changed_stays_as_it_is() -> None:
    line = fit_line(torch.zeros(5, 5, dtype=torch.float64), STEPS)
    assert line.weights(1000, 1.0).abs().max() == 0
    assert shares(line.eigenvalues) is None


def test_one_change_is_no_line() -> None:
    with pytest.raises(ValueError, match="at least 2 changes"):
        fit_line(torch.eye(1, dtype=torch.float64), (1,))


def test_a_random_walk_already_explains_most_of_itself() -> None:
    first, both = random_walk_shares(tuple(range(1, 51)), 10**9)
    assert (round(first, 2), round(both, 2)) == (0.81, 0.90)
    small, _ = random_walk_shares(tuple(range(1, 51)), 2000)
    assert abs(small - first) < 0.03
    alone, _ = random_walk_shares(tuple(range(1, 51)), 1)
    assert alone == pytest.approx(1.0)


def test_damping_zero_is_the_start_and_averages_stay_between_snapshots(tmp_path: Path) -> None:
    start, velocity = line_of(0, 12)
    held = {step: {"w": start + step * velocity, "b": torch.ones(2)} for step in (0, *STEPS)}
    with Trajectory(written(tmp_path, held)) as trajectory:
        fits = fit_all(trajectory, len(trajectory.steps))
        points = {one.name: one for one in candidates(fits, (2.0, 5.0), (0.0, 0.5, 1.0))}
        assert list(points) == [
            *("start", "last-snapshot", "average", "bema"),
            *("2x-0.5", "2x-1", "5x-0.5", "5x-1"),
        ]
        at_start = dict(points["start"].tensors(trajectory))
        assert all(torch.equal(at_start[name], one) for name, one in held[0].items())
        last = dict(points["last-snapshot"].tensors(trajectory))
        assert torch.equal(last["w"], held[8]["w"])
        far = dict(points["5x-1"].tensors(trajectory))
        assert torch.allclose(far["w"], start + 40 * velocity, rtol=1e-5, atol=1e-4)
        assert torch.equal(far["b"], torch.ones(2))
    assert fits.tensors["b"].first is None
    assert fits.together.held_out_r2 == pytest.approx(1.0)
    assert float(averaging(4).sum()) == pytest.approx(1 - 0.8**4)


def test_the_bias_corrected_average_is_that_of_the_trainer_library() -> None:
    from transformers import PretrainedConfig, PreTrainedModel, TrainerControl, TrainerState
    from transformers import TrainingArguments as Arguments
    from trl import BEMACallback

    class Walk(PreTrainedModel):
        config_class = PretrainedConfig

        def __init__(self, config: PretrainedConfig) -> None:
            super().__init__(config)
            self.w = torch.nn.Parameter(torch.zeros(7))

    chance = torch.Generator().manual_seed(5)
    walk = torch.randn(10, 7, generator=chance).cumsum(0)
    model, theirs = Walk(PretrainedConfig()), BEMACallback(update_freq=1)
    told = (Arguments(report_to=[]), TrainerState(), TrainerControl())
    model.w.data.copy_(walk[0])
    theirs.on_train_begin(*told, model=model)
    for step in range(1, 10):
        model.w.data.copy_(walk[step])
        told[1].global_step = step
        theirs.on_step_end(*told, model=model)
    changes = (walk[1:] - walk[0]).double()
    ours = walk[0].double() + bias_corrected(range(1, 10)) @ changes
    assert torch.allclose(ours, theirs.running_model.w.double(), atol=1e-5)


def test_large_tensors_are_read_in_pieces_and_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = torch.Generator().manual_seed(0)
    held = {step: {"w": torch.randn(9, 5, generator=chance)} for step in range(5)}
    with Trajectory(written(tmp_path, held)) as trajectory:
        whole = trajectory.gram("w"), trajectory.weighted("w", torch.arange(4).double())
        monkeypatch.setattr("rl.after_run.relex.trajectory.PIECE", 10)
        parts = trajectory.gram("w"), trajectory.weighted("w", torch.arange(4).double())
    assert all(torch.allclose(a, b) for a, b in zip(whole, parts, strict=True))


def test_held_out_r2_falls_where_a_run_bends(tmp_path: Path) -> None:
    steps = {step: {"w": torch.ones(20) * min(step, 6)} for step in range(13)}
    with Trajectory(written(tmp_path, steps)) as trajectory:
        bent = fit_all(trajectory, 7)
        early = dict(candidates(bent, (2.0,), (1.0,))[-1].tensors(trajectory))
    assert torch.allclose(early["w"], torch.full((20,), 12.0))  # later snapshots count nothing
    assert bent.held_out == tuple(range(7, 13))
    assert bent.together.held_out_r2 is None  # the coefficient does not vary: nothing to explain
    steps = {step: {"w": torch.ones(20) * step**0.5} for step in range(13)}
    with Trajectory(written(tmp_path, steps)) as trajectory:
        found = fit_all(trajectory, 7).together.held_out_r2
    assert found is not None
    assert found < 0.9


def test_snapshots_of_different_models_are_refused_by_file_and_tensor(tmp_path: Path) -> None:
    files = written(tmp_path, {0: {"w": torch.ones(2, 3)}, 1: {"w": torch.ones(3, 2)}})
    with pytest.raises(ExtrapolationError, match=r"step-1\.safetensors holds the tensor w in the"):
        Trajectory(files)
    files = written(tmp_path, {0: {"w": torch.ones(2)}, 1: {"v": torch.ones(2)}})
    with pytest.raises(ExtrapolationError, match="no shape"):
        Trajectory(files)


def test_a_damaged_snapshot_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "step-0.safetensors").write_bytes(b"nothing")
    with pytest.raises(ExtrapolationError, match="cannot be read"):
        Trajectory({0: tmp_path / "step-0.safetensors"})


def test_a_weight_that_is_no_number_stops_the_fit_and_names_its_snapshot(tmp_path: Path) -> None:
    steps = {step: {"w": torch.ones(3) * step} for step in range(4)}
    steps[2] = {"w": torch.tensor([1.0, float("nan"), 1.0])}
    with (
        Trajectory(written(tmp_path, steps)) as trajectory,
        pytest.raises(ExtrapolationError, match=r"step-2\.safetensors holds a non-finite weight"),
    ):
        fit_all(trajectory, 4)


def test_an_extrapolation_that_overflows_is_refused(tmp_path: Path) -> None:
    steps = {step: {"w": torch.ones(3) * step * 1e37} for step in range(4)}
    with Trajectory(written(tmp_path, steps)) as trajectory:
        far = candidates(fit_all(trajectory, 4), (100.0,), (1.0,))[-1]
        with pytest.raises(ExtrapolationError, match="tensor w holds a non-finite weight"):
            dict(far.tensors(trajectory))
        with pytest.raises(ExtrapolationError, match="inf is no factor"):
            candidates(fit_all(trajectory, 4), (float("inf"),), (1.0,))
