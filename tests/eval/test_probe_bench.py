"""The probes' bench: an area is one, and what a run stored is enough or is said not to be."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from corpus.errors import BadInputError  # noqa: E402
from eval.bench.probes import area, probe_report  # noqa: E402
from rl.recipes.load import read_recipe  # noqa: E402
from rl.run.run_directory import Run  # noqa: E402


def test_an_area_counts_pairs_and_half_of_ties() -> None:
    truths = torch.tensor([1.0, 1.0, 0.0, 0.0])
    assert area(torch.tensor([0.9, 0.8, 0.2, 0.1]), truths) == 1.0
    assert area(torch.tensor([0.1, 0.2, 0.8, 0.9]), truths) == 0.0
    assert area(torch.full((4,), 0.5), truths) == 0.5
    with pytest.raises(ValueError, match="both truths"):
        area(torch.ones(2), torch.ones(2))


def stored(folder: Path, count: int) -> Run:
    """A run whose first hidden feature tells the truth, and whose 11 others say nothing."""
    table = {"name": "r", "objective": {"post": "soft_adv"}, "labels": {}}
    run = Run.create(folder / "r", read_recipe(table, "r.toml"), [], "c" * 64)
    features = torch.randn(count, 12 + 8 + 4, generator=torch.Generator().manual_seed(0))
    checkpoint = run.checkpoints / "checkpoint-1"
    checkpoint.mkdir(parents=True)
    (checkpoint / "inforce.json").write_text("{}")
    state = {"vote": {"features": features, "truths": (features[:, 0] > 0).float()}}
    torch.save(state, checkpoint / "labels.pt")
    return run


def test_a_projection_that_keeps_all_is_as_good_as_none(tmp_path: Path) -> None:
    run = stored(tmp_path, 200)
    run.metrics.append([{"round": 0, "seconds": {"step_time": 2.0 - step}} for step in (0, 1)])
    report = probe_report(run, seeds=1)
    assert report.step == 3.0
    assert [p.ratio for p in report.probes if p.bottleneck == "none"] == [1.0, 1.0]
    found = {(p.architecture, p.bottleneck, p.kept): p.auc for p in report.probes}
    assert found["logistic", "none", 12] > 0.95
    assert found["logistic", "haar", 12] > 0.95
    assert found["logistic", "haar", 4] < found["logistic", "haar", 12]
    assert (report.examples, report.width) == (200, 12)


def test_too_little_to_measure_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"holds 9 labelled questions, .* too few"):
        probe_report(stored(tmp_path, 9))
    empty = Run.create(tmp_path / "e", stored(tmp_path / "x", 9).recipe(), [], "c" * 64)
    with pytest.raises(BadInputError, match="e has no checkpoint with probes; it needs"):
        probe_report(empty)
