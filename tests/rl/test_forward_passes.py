"""What is read beside the log-probs must be the naive value, token by token, at the right model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from rl.objective.compose import build_objective  # noqa: E402
from rl.objective.forward_passes import ForwardPasses  # noqa: E402
from rl.objective.slots import Batch  # noqa: E402
from rl.recipes.recipe import ObjectiveSettings  # noqa: E402
from rl.rollouts.rollout import Rollout  # noqa: E402
from rl.training.trainer import PolicyTrainer  # noqa: E402
from tests.rl.conftest import Fake, tiny_model, trl_pieces  # noqa: E402
from tests.rl.methods.test_all_ten import judge  # noqa: E402

KEPT = (1 << 30, 0)
"""Hidden states are recorded, or read by a forward pass of their own."""


@dataclass
class Watched(ForwardPasses):
    """Keeps every batch that it completed, with the weights of that moment and the tokens."""

    seen: list[tuple[Batch, dict[str, Any], Any]] = field(default_factory=list)

    def complete(self, trainer: Any, batch: Batch, rollouts: Sequence[Rollout], out: Any) -> Batch:
        found = super().complete(trainer, batch, rollouts, out)
        if found.hidden_chunks is not None:
            parts = [(rows, part.clone()) for rows, part in found.hidden_chunks()]
            found = SimpleNamespace(**vars(found), hidden=torch.cat([part for _, part in parts]))  # type: ignore[assignment]
        model = trainer.accelerator.unwrap_model(trainer.model)
        weights = {name: p.detach().clone() for name, p in model.state_dict().items()}
        self.seen.append((found, dict(out.items()), weights))
        return found


def watched(folder: Path, objective: dict[str, Any], **more: Any) -> Watched:
    filled = build_objective(ObjectiveSettings.model_validate(objective))
    passes = Watched(filled.needs)
    pieces = trl_pieces(folder, Fake(), **{"learning_rate": 0.1, "num_iterations": 1, **more})
    if more.get("beta"):
        pieces["model"].save_pretrained(folder / "start")
        pieces["model"] = type(pieces["model"]).from_pretrained(folder / "start")
    PolicyTrainer(objective=filled, judge=judge, passes=passes, **pieces).train()
    return passes


def each_token(weights: Any, out: Any, row: int) -> list[tuple[int, Any, Any]]:
    """Return place, hidden state and logits that predict each completion token, without padding."""
    model = tiny_model()
    model.load_state_dict(weights)
    prompt = out["prompt_ids"][row][out["prompt_mask"][row] > 0]
    written = out["completion_ids"][row][out["completion_mask"][row] > 0]
    ids = torch.cat([prompt, written]).unsqueeze(0)
    with torch.no_grad():
        hidden = model.model(input_ids=ids).last_hidden_state[0]
        logits = model.lm_head(hidden)
    first = len(prompt) - 1
    return [(place, hidden[first + place], logits[first + place]) for place in range(len(written))]


@pytest.mark.parametrize("kept", KEPT)
def test_certainty_is_the_divergence_from_uniform_at_the_sampler_s_temperature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("rl.objective.forward_passes.KEPT", kept)
    passes = watched(tmp_path, {"channels": ["certainty"]}, temperature=0.5, max_steps=2)
    assert len(passes.seen) == 2
    for batch, out, weights in passes.seen:
        checked = 0
        for row in range(len(batch.mask_N_T)):
            for place, _, logits in each_token(weights, out, row):
                if not batch.mask_N_T[row, place]:
                    continue
                logps = (logits / 0.5).log_softmax(-1)
                uniform = torch.full_like(logps, 1 / len(logps))
                divergence = float((uniform * (uniform.log() - logps)).sum())
                assert float(batch.certainty_N_T[row, place]) == pytest.approx(divergence, abs=1e-4)
                assert divergence > 0
                checked += 1
        assert checked > 20


@pytest.mark.parametrize("kept", KEPT)
def test_hidden_states_are_those_that_predict_each_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("rl.objective.forward_passes.KEPT", kept)
    passes = watched(tmp_path, {"weights": ["delta"]}, max_steps=2)
    for batch, out, weights in passes.seen:
        for row in range(len(batch.mask_N_T)):
            for place, hidden, _ in each_token(weights, out, row):
                if batch.mask_N_T[row, place]:
                    torch.testing.assert_close(batch.hidden[row, place], hidden, atol=1e-5, rtol=0)


@pytest.mark.parametrize("beta", [0.0, 0.1])
@pytest.mark.parametrize("kept", KEPT)
def test_the_reference_of_the_proximal_term_is_the_model_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int, beta: float
) -> None:
    monkeypatch.setattr("rl.objective.forward_passes.KEPT", kept)
    passes = watched(tmp_path, {"additives": ["wpg"]}, beta=beta, max_steps=3)
    start = passes.seen[0][2]
    batch, out, weights = passes.seen[-1]
    apart = 0.0
    for row in range(len(batch.mask_N_T)):
        for (place, _, now), (_, _, then) in zip(
            each_token(weights, out, row), each_token(start, out, row), strict=True
        ):
            if not batch.mask_N_T[row, place]:
                continue
            for ids, logps, logits in (
                (batch.top_k.old_ids, batch.top_k.old_logps, now),
                (batch.top_k.ref_ids, batch.top_k.ref_logps, then),
            ):
                expected = logits.log_softmax(-1)[ids[row, place]]
                torch.testing.assert_close(logps[row, place], expected, atol=1e-4, rtol=0)
            apart = max(apart, float((now - then).abs().max()))
    assert apart > 0.01, "the policy moved away from its reference"


def test_a_recording_that_ended_early_is_not_used() -> None:
    passes = ForwardPasses(frozenset({"hidden"}))
    model = tiny_model()
    with passes.recording(model, 2):
        model(input_ids=torch.ones(1, 5, dtype=torch.long))
    assert len(passes._of(model, torch.ones(1, 2))) == 1
    assert passes._of(model, torch.ones(2, 2)) == ()
