"""What an installed package adds is found, used where it is named, and named where it is broken."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.graph.run import ask
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.policies.registry import PolicyChoice, open_policy
from agent.policy import ToolRequest
from agent.tools.installed import chosen_tools
from agent.tools.statutes import Scope
from agent.tools.toolbox import SCHEMAS, run_tool, schemas_in_use
from corpus.errors import BadInputError
from corpus.questions import Family
from inforce import app
from rl.recipes.load import load_recipe
from rl.recipes.recipe import RecipeError
from rl.recipes.toml_writer import dump
from rl.rewards import REWARDS
from rl.rewards.plugins import available_rewards
from tests.agent.conftest import opened
from tests.rl.statutes import DAY, FAIRS, OLD, RULE, answer, play, question, search

MODULES = {
    "firm_rewards": '''
from rl.rewards.plugins import reward

@reward(weight=0.3)
def polite(trace, question):
    """1 if the reply says please."""
    return 0.5
''',
    "firm_methods": '''
from typing import ClassVar, Literal
from pydantic import Field
from rl.objective.methods.settings import InstalledMethod

class HalvedSettings(InstalledMethod):
    """Halves the advantages."""
    kind: Literal["halved"] = "halved"
    factor: float = Field(default=0.5, gt=0.0)
    slot: ClassVar[str] = "post"
    implementation: ClassVar[str] = "firm_code:Halved"
''',
    "firm_code": """
from rl.objective.slots import PostSlot, ChannelSlot

class Halved(PostSlot):
    def adjust(self, batch, advantages_N):
        return advantages_N * self.settings.factor
""",
    "firm_tools": '''
from agent.tools.statutes import read_provision

def read_first(scope, act: str, as_at: str):
    """Read the first section of an act.

    Args:
        act: The act's id.
        as_at: The day whose law is wanted.
    """
    if act == "fault":
        return 1 / 0
    if act == "text":
        return "no result"
    return read_provision(scope, f"{act}#fee", as_at)

def undated(scope, act: str):
    """Read.

    Args:
        act: The act's id.
    """

def silent(scope, act: str, as_at: str):
    """Read."""
''',
    "firm_policies": '''
from agent.policies.extractive import ExtractivePolicy

def house(works, sampling):
    """Quote what scores best."""
    return ExtractivePolicy(works)

def nothing(works, sampling):
    return 3
''',
}
ENTRIES = """
[inforce.rewards]
polite = firm_rewards:polite
[inforce.methods]
halved = firm_methods:HalvedSettings
[inforce.tools]
read_first = firm_tools:read_first
undated = firm_tools:undated
silent = firm_tools:silent
[inforce.policies]
house = firm_policies:house
gone = firm_nowhere:house
nothing = firm_policies:nothing
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed distribution, as pip leaves it."""
    for name, code in MODULES.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    folder = tmp_path / "firm_pack-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: firm-pack\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(ENTRIES, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    chosen_tools.cache_clear()
    yield folder
    chosen_tools.cache_clear()
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


def test_every_part_is_listed_with_its_package_and_a_broken_one_with_its_fault() -> None:
    said = CliRunner().invoke(app, ["plugins", "--json"])
    parts = {row["name"]: row for row in map(json.loads, said.stdout.splitlines())}
    assert said.exit_code == 1
    assert {name: row["kind"] for name, row in parts.items()} == {
        "polite": "reward", "halved": "method", "read_first": "tool", "undated": "tool",
        "silent": "tool", "gone": "policy", "house": "policy", "nothing": "policy",
    }  # fmt: skip
    assert {row["source"] for row in parts.values()} == {"firm-pack"}
    assert parts["halved"]["about"] == "Halves the advantages."
    assert parts["house"]["problem"] is None
    assert "does not take the day" in parts["undated"]["problem"]
    assert "does not describe its argument 'act'" in parts["silent"]["problem"]
    assert "cannot be loaded: ModuleNotFoundError" in parts["gone"]["problem"]


def test_without_packages_nothing_is_listed(package: Path) -> None:
    (package / "entry_points.txt").unlink()
    said = CliRunner().invoke(app, ["plugins"])
    assert (said.exit_code, said.stdout.strip()) == (0, "No installed package adds anything.")


def test_a_reward_is_one_among_others() -> None:
    assert set(available_rewards()) == {*REWARDS, "judge", "polite"}


def test_a_recipe_takes_a_method_and_keeps_its_settings(tmp_path: Path) -> None:
    found = load_recipe("tiny-grpo", ["objective.post={kind='halved', factor=0.25}"])
    assert found.objective.post[0].model_dump() == {"kind": "halved", "factor": 0.25}
    again = tmp_path / "again.toml"
    again.write_text(dump(found.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    assert load_recipe(str(again)) == found
    with pytest.raises(RecipeError, match=r"fills the slot post, not clip"):
        load_recipe("tiny-grpo", ["objective.clip=halved"])
    with pytest.raises(RecipeError, match=r"factor.*greater than 0"):
        load_recipe("tiny-grpo", ["objective.post={kind='halved', factor=-1}"])
    with pytest.raises(RecipeError, match="no such setting"):
        load_recipe("tiny-grpo", ["objective.post={kind='halved', share=1}"])
    with pytest.raises(RecipeError, match="'doubled' is no method"):
        load_recipe("tiny-grpo", ["objective.post=doubled"])


@pytest.mark.torch
def test_the_objective_uses_the_method(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra train")
    from rl.objective.compose import build_objective
    from rl.objective.methods.registry import method

    found = load_recipe("tiny-grpo", ["objective.post=halved"]).objective
    (post,) = build_objective(found).post
    assert post.adjust(None, torch.tensor([2.0, -1.0])).tolist() == [1.0, -0.5]  # type: ignore[arg-type]
    for broken, said in (("firm_code:Thirds", "cannot be loaded"), ("firm_code:__name__", "slot")):
        kind = type(found.post[0])
        other = type("Other", (kind,), {"implementation": broken, "__module__": __name__})
        with pytest.raises(BadInputError, match=said):
            method(other())


def test_a_tool_is_used_where_it_is_named_and_shown_as_the_four_are(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ToolRequest(
        id="1", name="read_first", arguments={"act": "uk/fairs-1980", "as_at": "1999-12-31"}
    )
    refused = run_tool(Scope(library), request)
    assert refused.result is not None
    assert refused.result.kind == "refused"
    assert schemas_in_use() == SCHEMAS
    monkeypatch.setenv("INFORCE_TOOLS", "read_first")
    assert [s["function"]["name"] for s in schemas_in_use()[len(SCHEMAS) :]] == ["read_first"]
    made = run_tool(Scope(library), request)
    assert made.result is not None
    assert made.result.kind == "provision"
    for fault, said in (("fault", "ZeroDivisionError"), ("text", "returned str, which is no tool")):
        wrong = request.model_copy(update={"arguments": {"act": fault, "as_at": "1999-12-31"}})
        assert said in (run_tool(Scope(library), wrong).error or "")
    monkeypatch.setenv("INFORCE_TOOLS", "read_last")
    with pytest.raises(BadInputError, match="there is no installed tool 'read_last'; there: re"):
        schemas_in_use()


def test_what_such_a_tool_returned_may_be_cited_and_costs_as_much(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFORCE_TOOLS", "read_first")
    asked = question(Family.VALUE_AT_DATE, OLD, DAY)
    looked = search(DAY).model_copy(
        update={
            "calls": (
                ToolRequest(
                    id="1",
                    name="read_first",
                    arguments={"act": "uk/fairs-1980", "as_at": str(DAY)},
                ),
            )
        }
    )
    trace = play(library, asked, looked, answer((OLD, RULE.format(40).strip()), text="It is £40."))
    assert trace.answer is not None
    assert REWARDS["cost"].function(trace, asked) == -1 / 16


def test_a_policy_is_chosen_by_its_name(library: Library) -> None:
    works = tuple(library.store.works())
    policy = open_policy(PolicyChoice(policy="house"), works)
    assert isinstance(policy, ExtractivePolicy)
    trace = ask(library, "What is the fee?", as_at=DAY, policy=policy, confirmed=True)
    assert trace.turns
    with pytest.raises(BadInputError, match=r"gone of firm-pack .* cannot be loaded"):
        open_policy(PolicyChoice(policy="gone"), works)
    with pytest.raises(BadInputError, match="returned int, which is no policy"):
        open_policy(PolicyChoice(policy="nothing"), works)
