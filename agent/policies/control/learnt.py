"""A controller that was learnt: a small network values the strategies of a state.

A folder holds it: ``controller.json`` says what it was trained for, ``weights.npz`` are the layers.
It runs without torch; ``inforce control train`` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from agent.policies.control.features import FEATURES, features
from agent.policies.controllers import Strategy
from agent.policy import PolicyState
from corpus.errors import BadInputError
from corpus.model import Frozen

CARD, WEIGHTS = "controller.json", "weights.npz"

Matrix = NDArray[np.float32]


class ControllerCard(Frozen):
    """What a controller was trained for.

    Attributes:
        strategies: the strategies that it values, in order.
        features: the features that it reads, in order.
        widths: features, widths of the hidden layers, number of strategies.
        bottleneck: dimensions of the fixed orthogonal projection of the features; null for none.
        parameters: number of trained weights.
        policy: name of the policy that it was trained over.
        prompt_format: format of that policy's prompts; ``learnt`` is the short one.
        explorer: how strategies were tried out.
        questions: number of questions answered in training.
        dropped: runs whose transitions were dropped because the evaluator or a server failed.
        seed: seed of the training.
    """

    strategies: tuple[str, ...]
    features: tuple[str, ...]
    widths: tuple[int, ...]
    bottleneck: int | None = None
    parameters: int
    policy: str
    prompt_format: str
    explorer: str
    questions: int
    dropped: int
    seed: int


@dataclass(frozen=True)
class ValueNetwork:
    """A perceptron with rectified hidden layers. ``layers`` are weights ``(out, in)`` and biases;
    ``basis`` ``(features, k)`` projects the features first, if it is given.
    """

    layers: tuple[tuple[Matrix, Matrix], ...]
    basis: Matrix | None = None

    def values(self, seen: Sequence[float]) -> Matrix:
        """Return the value of every strategy, ``(A,)``."""
        hidden: Matrix = np.asarray(seen, dtype=np.float32)
        if self.basis is not None:
            hidden = hidden @ self.basis
        for number, (weight, bias) in enumerate(self.layers, start=1):
            hidden = weight @ hidden + bias
            if number < len(self.layers):
                hidden = np.maximum(hidden, np.float32(0.0))
        return hidden


@dataclass(frozen=True)
class LearntController:
    """Chooses the strategy of greatest value; of equal ones the first, which is cheapest."""

    card: ControllerCard
    network: ValueNetwork

    @property
    def name(self) -> str:
        """Return the name for reports."""
        return f"learnt:{self.card.policy}"

    def choose(self, state: PolicyState) -> Strategy:
        """Return the strategy for the turn of ``state``."""
        return list(Strategy)[int(np.argmax(self.network.values(features(state))))]


def read_controller(folder: Path) -> LearntController:
    """Return the controller of a folder.

    Raises:
        BadInputError: it is missing or damaged, or was trained for other strategies or features.
    """
    card = _card(folder)
    _check("strategies", card.strategies, tuple(Strategy), folder)
    _check("features", card.features, FEATURES, folder)
    try:
        with np.load(folder / WEIGHTS, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        network = _network(arrays, card)
    except (OSError, ValueError, KeyError, BadZipFile) as fault:
        raise BadInputError(f"{folder / WEIGHTS} cannot be read: {fault}.") from fault
    return LearntController(card, network)


def write_controller(folder: Path, card: ControllerCard, network: ValueNetwork) -> None:
    """Write a controller into an existing folder."""
    arrays: dict[str, Any] = {}
    for number, (weight, bias) in enumerate(network.layers):
        arrays |= {f"weight_{number}": weight, f"bias_{number}": bias}
    if network.basis is not None:
        arrays["basis"] = network.basis
    np.savez(folder / WEIGHTS, **arrays)
    text = json.dumps(card.model_dump(mode="json"), indent=1) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")


def _card(folder: Path) -> ControllerCard:
    file = folder / CARD
    try:
        return ControllerCard.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError as fault:
        raise BadInputError(f"{folder} holds no controller: {CARD} is not there.") from fault
    except ValidationError as fault:
        where = ".".join(map(str, fault.errors()[0]["loc"]))
        raise BadInputError(f"{file} is damaged, field '{where}'.") from fault


def _check(what: str, trained: tuple[str, ...], present: tuple[str, ...], folder: Path) -> None:
    if trained == present:
        return
    differing = sorted({*trained} ^ {*present}) or ["their order"]
    raise BadInputError(
        f"The controller in {folder} was trained for other {what} ({', '.join(differing)}): train"
        " it again."
    )


def _network(arrays: dict[str, Any], card: ControllerCard) -> ValueNetwork:
    """Return the network of a file.

    Raises:
        ValueError: its shapes are not those of the card, or a weight is not finite.
    """
    widths = list(card.widths)
    basis = arrays.get("basis")
    if card.bottleneck is not None:
        if basis is None or basis.shape != (widths[0], card.bottleneck):
            raise ValueError("the projection has another shape than the card says")
        widths[0] = card.bottleneck
    layers = []
    for number, (into, out) in enumerate(pairwise(widths)):
        weight, bias = arrays[f"weight_{number}"], arrays[f"bias_{number}"]
        if weight.shape != (out, into) or bias.shape != (out,):
            raise ValueError(f"layer {number} has another shape than the card says")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise ValueError(f"layer {number} holds a weight that is no number")
        layers.append((weight.astype(np.float32), bias.astype(np.float32)))
    return ValueNetwork(tuple(layers), basis if card.bottleneck is not None else None)
