"""One word chooses the policy; what cannot be chosen is one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.models.catalogue import ModelError
from agent.policies.endpoint import Endpoint
from agent.policies.extractive import ExtractivePolicy
from agent.policies.registry import PolicyChoice, open_policy
from agent.policies.server import ChatPolicy, Served
from agent.policy import PolicyError
from corpus.errors import BadInputError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    for field in ("", "_KEY", "_TIMEOUT", "_TOKENIZER", "_MAX_TOKENS"):
        monkeypatch.delenv(f"INFORCE_POLICY{field}", raising=False)


def test_without_a_word_no_model_is_needed() -> None:
    assert isinstance(open_policy(PolicyChoice.load(), ()), ExtractivePolicy)


def test_settings_choose_and_a_word_given_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFORCE_POLICY", "http://127.0.0.1:9/v1#judge")
    monkeypatch.setenv("INFORCE_POLICY_KEY", "sk-secret")
    monkeypatch.setenv("INFORCE_POLICY_TIMEOUT", "7.5")
    monkeypatch.setenv("INFORCE_POLICY_MAX_TOKENS", "99")
    choice = PolicyChoice.load()
    assert "sk-secret" not in repr(choice)
    made = open_policy(choice, ())
    assert isinstance(made, ChatPolicy)
    assert made.name == "chat:judge"
    assert made.served == Served(Endpoint("http://127.0.0.1:9/v1", "sk-secret", 7.5), "judge")
    assert made.sampling.max_tokens == 99
    assert isinstance(open_policy(PolicyChoice.load("extractive"), ()), ExtractivePolicy)


def test_an_endpoint_is_not_asked_before_it_acts() -> None:
    made = open_policy(PolicyChoice(policy="https://nowhere.invalid/v1"), ())
    assert made.name == "chat:nowhere.invalid"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("extractiv", "'extractiv' is no model.*Without a model the policy is 'extractive'"),
        ("/nowhere/model", "is no model"),
        ("ftp://host/v1", "no address of an endpoint"),
        ("http:///v1", "no address of an endpoint"),
    ],
)
def test_what_is_no_policy_says_what_would_be(word: str, sentence: str) -> None:
    with pytest.raises((ModelError, PolicyError), match=sentence):
        open_policy(PolicyChoice.load(word), ())


def test_a_local_model_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "agent.policies.local", raising=False)
    with pytest.raises(ModelError, match=r"torch is not installed: pip install 'inforce\[train\]'"):
        open_policy(PolicyChoice.load("owner/model"), ())


@pytest.mark.parametrize(("name", "value"), [("TIMEOUT", "soon"), ("MAX_TOKENS", "0")])
def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"INFORCE_POLICY_{name}", value)
    with pytest.raises(BadInputError, match=f"INFORCE_POLICY_{name}: Input should be"):
        PolicyChoice.load()
