"""What a user can say is documented, and what is documented exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer import Typer
from typer.main import get_command

from corpus.settings import Settings
from inforce import app
from retrieval.citations.law_answers import LawAnswer, VersionLine, VersionsAnswer

ROOT = Path(__file__).parents[2]
CLI = (ROOT / "docs/cli.md").read_text(encoding="utf-8")


def verbs(typer_app: Typer) -> Iterator[tuple[str, object]]:
    yield from get_command(typer_app).commands.items()  # type: ignore[attr-defined]


@pytest.mark.parametrize("verb", [name for name, _ in verbs(app)])
def test_every_verb_is_documented(verb: str) -> None:
    assert f"## `inforce {verb}" in CLI


@pytest.mark.parametrize(("name", "command"), list(verbs(app)))
def test_every_verb_has_help_with_an_example(name: str, command: object) -> None:
    assert getattr(command, "help", None), name
    parts = getattr(command, "commands", {"": command}).values()
    assert all("Example:" in (part.epilog or "") for part in parts), name


def test_documented_verbs_exist() -> None:
    documented = set(re.findall(r"^## `inforce (\w[\w-]*)", CLI, re.MULTILINE))
    assert documented == {name for name, _ in verbs(app)}


@pytest.mark.parametrize("model", [LawAnswer, VersionsAnswer, VersionLine])
def test_every_json_key_is_documented(model: type[LawAnswer]) -> None:
    assert [key for key in model.model_fields if f"`{key}`" not in CLI] == []


def test_every_setting_is_documented() -> None:
    names = {*Settings(store_url="s", index_url="i").environment(), "INFORCE_TODAY", "INFORCE_HOME"}
    assert [name for name in names if f"`{name}`" not in CLI] == []


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_pages_point_to_files_that_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"`([a-z]+/[\w./-]+\.\w+)`", text)
    assert [link for link in links if not (ROOT / link).exists()] == []
