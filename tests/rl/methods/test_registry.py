"""An eleventh method is its settings, one file and one entry in the docs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from rl.objective.methods.registry import METHODS  # noqa: E402
from rl.objective.methods.settings import SETTINGS, SLOTS  # noqa: E402

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs" / "methods.md"
SETTINGS_OF_TOY = '''class DoubleSettings(MethodSettings):
    """Twice as much."""

    kind: Literal["double"] = "double"
    times: float = 2.0


'''
TOY = '''"""Doubles every advantage. Paper: none; a test."""

from dataclasses import dataclass, field

from torch import Tensor

from rl.objective.methods.settings import DoubleSettings
from rl.objective.slots import Batch, PostSlot


@dataclass(frozen=True)
class Double(PostSlot):
    """Twice as much."""

    settings: DoubleSettings = field(default_factory=DoubleSettings)

    def adjust(self, batch: Batch, advantages_N: Tensor) -> Tensor:
        """Return ``(N,)``."""
        return self.settings.times * advantages_N
'''
USE = """
import torch
from rl.recipes.recipe import ObjectiveSettings
from rl.objective.compose import build_objective
settings = ObjectiveSettings.model_validate({"post": {"kind": "double", "times": 3}})
(post,) = build_objective(settings).post
print(post.adjust(None, torch.ones(2)).tolist())
"""


def test_an_eleventh_method_is_its_settings_one_name_and_one_file(tmp_path: Path) -> None:
    for room in ("rl", "corpus", "agent", "retrieval"):
        shutil.copytree(
            ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "demo")
        )
    (tmp_path / "rl/objective/methods/double.py").write_text(TOY)
    declared = tmp_path / "rl/objective/methods/settings.py"
    text = declared.read_text()
    for before, after in (
        ("_KIND = Field", f"{SETTINGS_OF_TOY}_KIND = Field"),
        ("TiarSettings | Ftis", "DoubleSettings | TiarSettings | Ftis"),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    declared.write_text(text)
    found = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}){USE}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert found.stdout == "[3.0, 3.0]\n", found.stderr


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_every_method_has_its_entry_in_the_docs(kind: str) -> None:
    assert re.search(rf"^#+ .*`{kind}`", DOCS.read_text(encoding="utf-8"), re.MULTILINE), kind


@pytest.mark.parametrize("name", sorted({slot.__module__ for slot in METHODS.values()}))
def test_every_setting_and_paper_of_a_method_is_in_the_docs(name: str) -> None:
    page = DOCS.read_text(encoding="utf-8")
    papers = re.findall(r"\b\d{4}\.\d{5}\b", sys.modules[name].__doc__ or "")
    assert papers, name
    settings = {
        field
        for takes, slot in METHODS.items()
        if slot.__module__ == name
        for field in takes.model_fields
    } - {"kind"}
    missing = [paper for paper in papers[:1] if paper not in page]
    missing += [field for field in settings if not re.search(rf"`{field}\b", page)]
    assert not missing


def test_every_kind_is_named_once_and_has_its_code() -> None:
    assert len(METHODS) == len(SETTINGS) == sum(map(len, SLOTS.values())) == 18
    assert set(METHODS) == set(SETTINGS.values())
    assert all(kind == METHODS[takes](takes()).kind for kind, takes in SETTINGS.items())
