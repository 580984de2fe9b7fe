"""An adapter over weights in 4 bits: real steps on the CPU, with gradients that reach it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("bitsandbytes", reason="needs the extra qlora")
pytest.importorskip("peft", reason="needs the extra train")

from agent.models.prepare import prepare  # noqa: E402
from rl.recipes.recipe import ModelSettings  # noqa: E402
from rl.training.model_loading import load_model, reopened  # noqa: E402

SETTINGS = ModelSettings.model_validate(
    {"name": "tiny", "quantised": "nf4", "lora": {"rank": 2, "targets": ["q_proj", "down_proj"]}}
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFORCE_HOME", str(tmp_path_factory.mktemp("home")))
        prepare("tiny")
        yield load_model(SETTINGS, 0).model


def gradients(model: Any) -> dict[str, Any]:
    model.train()
    model.zero_grad()
    ids = torch.arange(40, 72).reshape(2, 16)
    model(input_ids=ids, labels=ids).loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad}


def test_only_the_adapter_is_trained_and_the_layers_take_half_a_byte_a_weight(model: Any) -> None:
    layer = model.base_model.model.model.layers[0].mlp.up_proj
    assert layer.weight.dtype == torch.uint8
    assert layer.weight.numel() * 2 == layer.in_features * layer.out_features
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert len(trained) == 2 * 2 * 2
    assert all("lora_" in name for name in trained)


def test_gradients_are_the_same_after_rollouts_in_evaluation_mode(model: Any) -> None:
    before = gradients(model)
    model.eval()
    with torch.inference_mode():
        model(input_ids=torch.arange(40, 56).reshape(1, 16))
    after = gradients(model)
    assert max(float(one.abs().max()) for one in before.values()) > 0
    for name, one in before.items():
        torch.testing.assert_close(after[name], one, msg=name)


def test_a_gradient_is_the_slope_of_the_loss(model: Any) -> None:
    found = gradients(model)
    name = next(n for n in found if "layers.0" in n and "lora_B" in n)
    weight = dict(model.named_parameters())[name]
    ids = torch.arange(40, 72).reshape(2, 16)

    def loss(moved: float) -> float:
        with torch.no_grad():
            weight.add_(moved * found[name])
            value = float(model(input_ids=ids, labels=ids).loss)
            weight.sub_(moved * found[name])
        return value

    slope = (loss(0.005) - loss(-0.005)) / 0.01
    assert slope == pytest.approx(float(found[name].square().sum()), rel=0.05)


def test_a_saved_adapter_is_opened_over_the_same_weights(model: Any, tmp_path: Path) -> None:
    step = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    gradients(model)
    step.step()
    model.save_pretrained(tmp_path)
    ids = torch.arange(40, 56).reshape(1, 16)
    with torch.no_grad():
        torch.testing.assert_close(
            reopened(SETTINGS, tmp_path).eval()(input_ids=ids).logits,
            model.eval()(input_ids=ids).logits,
        )
