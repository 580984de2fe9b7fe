"""The page asks the policy that the settings choose, and says in a sentence when it cannot."""

from __future__ import annotations

import pytest

from tests.ui.test_ask_page import MARRIAGE, opened, shown

pytestmark = pytest.mark.usefixtures("demo_app")


def test_an_endpoint_that_is_down_is_said_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFORCE_POLICY", "http://127.0.0.1:9/v1#judge")
    html = shown(opened(**MARRIAGE))
    assert "http://127.0.0.1:9/v1 cannot be reached" in html
    assert 'class="card"' not in html


def test_a_policy_that_is_none_is_said_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFORCE_POLICY", "extractiv")
    (error,) = opened(**MARRIAGE).error
    assert "'extractiv' is no model" in error.value
