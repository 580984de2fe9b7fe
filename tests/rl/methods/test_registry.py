"""An eleventh method is one file, one line and one entry in the docs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from rl.objective.methods import METHODS, MODULES  # noqa: E402

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs" / "methods.md"
TOY = '''"""Doubles every advantage. Paper: none; a test."""

from typing import Literal

from torch import Tensor

from rl.objective.slots import Batch, PostSlot


class Double(PostSlot):
    """Twice as much."""

    kind: Literal["double"] = "double"
    times: float = 2.0

    def adjust(self, batch: Batch, advantages_N: Tensor) -> Tensor:
        """Return ``(N,)``."""
        return self.times * advantages_N
'''
USE = """
import torch
from rl.recipes.recipe import ObjectiveSettings
from rl.objective.compose import build_objective
settings = ObjectiveSettings.model_validate({"post": {"kind": "double", "times": 3}})
(post,) = build_objective(settings).post
print(post.adjust(None, torch.ones(2)).tolist())
"""


def test_an_eleventh_method_is_one_file_and_one_line(tmp_path: Path) -> None:
    for room in ("rl", "corpus", "agent", "retrieval"):
        shutil.copytree(
            ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "demo")
        )
    (tmp_path / "rl/objective/methods/double.py").write_text(TOY)
    registry = tmp_path / "rl/objective/methods/__init__.py"
    registry.write_text(
        registry.read_text().replace('    "entropy",\n', '    "entropy",\n    "double",\n')
    )
    found = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}){USE}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert found.stdout == "[3.0, 3.0]\n", found.stderr


@pytest.mark.parametrize("kind", sorted(METHODS))
def test_every_method_has_its_entry_in_the_docs(kind: str) -> None:
    assert re.search(rf"^#+ .*`{kind}`", DOCS.read_text(encoding="utf-8"), re.MULTILINE), kind


@pytest.mark.parametrize("name", MODULES)
def test_every_setting_and_paper_of_a_method_is_in_the_docs(name: str) -> None:
    page = DOCS.read_text(encoding="utf-8")
    module = sys.modules[f"rl.objective.methods.{name}"]
    papers = re.findall(r"\b\d{4}\.\d{5}\b", module.__doc__ or "")
    assert papers, name
    settings = {
        field
        for slot in METHODS.values()
        if slot.__module__ == module.__name__
        for field in slot.model_fields
    } - {"kind"}
    missing = [paper for paper in papers[:1] if paper not in page]
    missing += [field for field in settings if not re.search(rf"`{field}\b", page)]
    assert not missing


def test_every_kind_is_named_once() -> None:
    assert len(METHODS) == 17
    assert all(kind == slot().kind for kind, slot in METHODS.items())
