"""The snapshots of a run as one trajectory of weights, read in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from corpus.errors import BadInputError
from rl.run.run_directory import Run
from rl.run.snapshots import LEAST, snapshots

PIECE = 1 << 22
"""Most elements of one tensor of one snapshot that are in memory at once, about."""


class ExtrapolationError(BadInputError):
    """The snapshots of a run cannot be extrapolated; nothing was written."""


class Trajectory:
    """Snapshots of the same tensors, open for reading; a context manager.

    Args:
        files: snapshot by optimiser step, earliest first.

    Raises:
        ExtrapolationError: a file is damaged, or its tensors differ from those of the first one.
    """

    def __init__(self, files: dict[int, Path]) -> None:
        self.steps = tuple(files)
        self._paths = tuple(files.values())
        self._undo = ExitStack()
        try:
            self._files = [self._undo.enter_context(_opened(path)) for path in self._paths]
            self.shapes: dict[str, tuple[int, ...]] = _shapes(self._files[0])
            for path, file in zip(self._paths, self._files, strict=True):
                _check_shapes(self.shapes, _shapes(file), path)
        except BaseException:
            self._undo.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: object, __: TracebackType | None
    ) -> None:
        self._undo.close()

    def gram(self, name: str) -> Tensor:
        """Return the inner products of a tensor's changes from the first snapshot, ``(T, T)``.

        Raises:
            ExtrapolationError: a weight is not a finite number; names snapshot and tensor.
        """
        count = len(self.steps) - 1
        found = torch.zeros(count, count, dtype=torch.float64)
        for piece in self._pieces(name):
            changes = (piece[1:] - piece[0]).flatten(1)
            found += changes @ changes.T
            self._check_finite(name, piece)
        return found

    def weighted(self, name: str, weights_T: Tensor) -> Tensor:
        """Return ``W_0 + sum_t w_t (W_t - W_0)``, float32 in the shape of the tensor.

        Later snapshots than there are weights count nothing.

        Raises:
            ExtrapolationError: the result is not finite.
        """
        parts = []
        for piece in self._pieces(name):
            changes = (piece[1 : len(weights_T) + 1] - piece[0]).flatten(1)
            summed = piece[0] + (weights_T @ changes).view_as(piece[0])
            parts.append(summed.to(torch.float32))
        whole = torch.cat(parts) if self.shapes[name] else parts[0]
        if not bool(torch.isfinite(whole).all()):
            raise ExtrapolationError(f"The extrapolated tensor {name} holds a non-finite weight.")
        return whole

    def _pieces(self, name: str) -> Iterator[Tensor]:
        """Yield the tensor of all snapshots, some rows at a time, ``(T + 1, rows, ...)``."""
        shape = self.shapes[name]
        if not shape:
            yield torch.stack([file.get_tensor(name) for file in self._files]).double()
            return
        each = max(1, PIECE // max(1, torch.Size(shape[1:]).numel()))
        slices = [file.get_slice(name) for file in self._files]
        for start in range(0, shape[0], each):
            yield torch.stack([one[start : start + each] for one in slices]).double()

    def _check_finite(self, name: str, piece: Tensor) -> None:
        finite = torch.isfinite(piece.flatten(1)).all(dim=1)
        if not bool(finite.all()):
            path = self._paths[int((~finite).nonzero()[0])]
            raise ExtrapolationError(f"{path} holds a non-finite weight in the tensor {name}.")


def fitted_snapshots(run: Run, until: int | None) -> tuple[dict[int, Path], dict[int, Path]]:
    """Return the snapshots of a run up to a step, and the later ones.

    Raises:
        ExtrapolationError: there are none, or too few up to that step.
    """
    found = snapshots(run.folder)
    if not found:
        raise ExtrapolationError(
            f"{run.name} kept no snapshots: train with --set snapshots.every=1 to keep them."
        )
    last = max(found) if until is None else until
    fitted = {step: path for step, path in found.items() if step <= last}
    if len(fitted) < LEAST:
        raise ExtrapolationError(
            f"{run.name} has {len(fitted)} snapshots up to step {last}; a line needs {LEAST}."
        )
    return fitted, {step: path for step, path in found.items() if step > last}


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (OSError, SafetensorError) as fault:
        raise ExtrapolationError(f"The snapshot {path} cannot be read: {fault}.") from fault


def _shapes(file: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(file.get_slice(name).get_shape()) for name in sorted(file.keys())}


def _check_shapes(
    first: dict[str, tuple[int, ...]], shapes: dict[str, tuple[int, ...]], path: Path
) -> None:
    if shapes == first:
        return
    name = next(one for one in sorted({*first, *shapes}) if first.get(one) != shapes.get(one))
    raise ExtrapolationError(
        f"{path} holds the tensor {name} in the shape {_told(shapes.get(name))}, but the first"
        f" snapshot in {_told(first.get(name))}: they are of different models."
    )


def _told(shape: Sequence[int] | None) -> str:
    return "no shape (it is missing)" if shape is None else f"({', '.join(map(str, shape))})"
