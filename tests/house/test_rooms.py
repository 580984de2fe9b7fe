"""The rooms of the house know only the rooms to their left."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("corpus", "retrieval", "agent", "rl", "eval", "ui")
ENGINES = {"tantivy", "elasticsearch"}
TORCH = {"torch", "transformers", "trl", "peft", "vllm"}


def sources(room: str) -> Iterator[Path]:
    return (ROOT / room).rglob("*.py")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_to_its_left(room: str) -> None:
    forbidden = set(ROOMS[ROOMS.index(room) + 1 :]) | {"inforce", "tests"}
    wrong = {str(path): found for path in sources(room) if (found := imported(path) & forbidden)}
    assert wrong == {}


def test_only_retrieval_knows_the_engines() -> None:
    above = [room for room in ROOMS if room not in {"retrieval"}]
    wrong = {
        str(path.relative_to(ROOT))
        for room in above
        for path in sources(room)
        if imported(path) & ENGINES and "bench" not in path.parts
    }
    assert wrong == set()


def test_only_training_models_and_measuring_know_torch() -> None:
    free = {("agent", "policies"), ("agent", "models"), ("retrieval", "vectors")}
    wrong = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in sources(room)
        if imported(path) & TORCH
        and room not in {"rl", "eval"}
        and path.relative_to(ROOT).parts[:2] not in free
    }
    assert wrong == set()


def test_today_is_asked_in_one_place() -> None:
    wrong = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in sources(room)
        if any(call in path.read_text(encoding="utf-8") for call in ("date.today(", ".now("))
        and path.relative_to(ROOT).parts != ("corpus", "clock.py")
    }
    assert wrong == set()


def test_help_loads_no_engine_no_database_and_no_graph() -> None:
    heavy = {
        "pydantic",
        "numpy",
        "sqlalchemy",
        "tantivy",
        "elasticsearch",
        "langgraph",
        "streamlit",
        "torch",
        "alembic",
    }
    code = f"import sys, inforce; sys.exit(', '.join(sorted({heavy!r} & set(sys.modules))) or 0)"
    run = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert run.stderr == ""
    assert run.returncode == 0
