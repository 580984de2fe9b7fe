"""Distillation on the student's own states."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from pydantic import ValidationError  # noqa: E402

from rl.objective.methods.opd import Distillation, jensen_shannon, towards_teacher  # noqa: E402
from rl.objective.methods.settings import OpdSettings  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402


def test_a_teacher_that_agrees_teaches_nothing() -> None:
    batch = a_batch()
    same = a_batch(teacher_logps_N_T=batch.old_logps_N_T)
    assert bool((Distillation().add(same, torch.ones(8, 6)) == 0).all())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), clip=st.floats(0.01, 3))
def test_no_token_is_pulled_further_than_the_clip(seed: int, clip: float) -> None:
    batch = a_batch(seed=seed)
    found = towards_teacher(batch.teacher_logps_N_T, batch.old_logps_N_T, batch.mask_N_T, clip)
    assert float(found.abs().max()) <= torch.tensor(clip)
    assert bool((found[batch.mask_N_T == 0] == 0).all())


def test_what_the_teacher_did_not_score_is_left_alone() -> None:
    batch = a_batch(teacher_logps_N_T=torch.full((8, 6), torch.nan))
    assert bool((Distillation().add(batch, torch.ones(8, 6)) == 0).all())


def test_reverse_kl_is_what_sampling_from_the_student_measures() -> None:
    chance = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(1, 1, 8, generator=chance, dtype=torch.float64) for _ in "st")
    exact = float(jensen_shannon(student, teacher, torch.ones(1, 1), beta=1.0))
    p, q = student[0, 0].log_softmax(-1), teacher[0, 0].log_softmax(-1)
    drawn = torch.multinomial(p.exp(), 20_000, replacement=True, generator=chance)
    samples = (p - q)[drawn]
    half = 3 * float(samples.std()) / 20_000**0.5
    assert abs(float(samples.mean()) - exact) < half


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.5, 1.0])
def test_the_divergence_is_zero_at_the_teacher_and_blind_to_masked_tokens(beta: float) -> None:
    logits, other = torch.randn(2, 3, 5).double(), torch.randn(2, 3, 5).double()
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    assert float(jensen_shannon(logits, logits, mask, beta)) == pytest.approx(0, abs=1e-12)
    leaf = logits.clone().requires_grad_()
    loss = jensen_shannon(leaf, other, mask, beta)
    assert loss.item() > 0
    (gradient,) = torch.autograd.grad(loss, leaf)
    assert bool((gradient[mask == 0] == 0).all())
    assert float(gradient[mask == 1].abs().sum()) > 0


def test_forward_and_reverse_are_each_others_mirror() -> None:
    one, two = torch.randn(1, 2, 5).double(), torch.randn(1, 2, 5).double()
    mask = torch.ones(1, 2)
    forward = jensen_shannon(one, two, mask, beta=0.0)
    torch.testing.assert_close(forward, jensen_shannon(two, one, mask, beta=1.0))


def test_a_teacher_that_is_the_policy_must_know_more() -> None:
    with pytest.raises(ValidationError, match="must be shown the governing text"):
        OpdSettings(teacher="self", shows_governing_text=False)
    with pytest.raises(ValidationError, match="teacher_model"):
        OpdSettings(teacher="http://localhost:8000/v1")


def test_a_token_that_the_teacher_prefers_is_raised_by_the_weight_of_the_method() -> None:
    batch = a_batch(
        1,
        1,
        3,
        old_logps_N_T=torch.tensor([[-2.0, -1.0, -3.0]]),
        teacher_logps_N_T=torch.tensor([[-1.0, -2.0, -3.0]]),
        mask_N_T=torch.ones(1, 3),
    )
    added = Distillation(OpdSettings(lam=0.25)).add(batch, torch.zeros(1, 3))
    assert added.tolist() == [[0.25, -0.25, 0.0]]
