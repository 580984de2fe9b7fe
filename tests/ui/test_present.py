"""Who uses a session: what sign-in claims let in, and what keeps everybody out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from agent.people import People, Role, people_url
from corpus.clock import now
from corpus.errors import BadInputError
from corpus.settings import Settings
from ui.library import _opened
from ui.people.present import sign_in_hours

APP = Path(__file__).parents[2] / "ui/app.py"
ANNA = "anna@firm.example"


@pytest.fixture(autouse=True)
def _environment(own_databases: None) -> Iterator[None]:
    yield
    _opened.clear()


@pytest.fixture
def anna() -> None:
    with People.open(people_url(Settings.load())) as people:
        people.add(ANNA, "Anna", [Role.READER])


def signed_in(**claims: Any) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.secrets["auth"] = {"server_metadata_url": "https://provider.example"}
    app.user = {"is_logged_in": True, "email": ANNA, "iat": now().timestamp(), **claims}
    return app.run()


def errors(app: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in app.error]


def is_open(app: AppTest) -> bool:
    return any(area.key == "question" for area in app.text_area)


def test_without_sign_in_the_page_says_who_the_local_user_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INFORCE_LOCAL_NAME", "Library *desk*")
    app = AppTest.from_file(str(APP), default_timeout=30).run()
    assert is_open(app)
    (said,) = [each.value for each in app.caption if "Nobody is signed in" in each.value]
    assert "Library \\*desk\\*" in said


@pytest.mark.usefixtures("anna")
def test_a_known_person_is_let_in_however_the_provider_writes_the_address() -> None:
    app = signed_in(email="Anna@Firm.example")
    assert is_open(app)
    assert errors(app) == []


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email": "anna@firm.example.evil.example"}, "who may not use this library"),
        ({"email": None}, "did not say who you are"),
        ({"email": ""}, "did not say who you are"),
        ({"email": "local"}, "who may not use this library"),
        ({"email_verified": False}, "has not verified the address"),
        ({"email_verified": "false"}, "has not verified the address"),
        ({"iat": 0}, "has expired"),
        ({"iat": None}, "has expired"),
    ],
)
def test_a_claim_that_names_nobody_or_is_old_opens_nothing(
    claims: dict[str, Any], said: str
) -> None:
    app = signed_in(**claims)
    assert not is_open(app)
    (shown,) = errors(app)
    assert said in shown


@pytest.mark.usefixtures("anna")
def test_people_without_sign_in_set_up_open_the_app_to_nobody() -> None:
    app = AppTest.from_file(str(APP), default_timeout=30).run()
    assert not is_open(app)
    assert "sign-in is not set up" in errors(app)[0]


def test_a_secrets_file_that_cannot_be_read_opens_the_app_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("[auth\n", encoding="utf-8")
    app = AppTest.from_file(str(APP), default_timeout=30)
    monkeypatch.setattr("streamlit.get_option", lambda name: [str(file)])
    monkeypatch.setattr("streamlit.secrets.load_if_toml_exists", lambda: False, raising=False)
    app.run()
    assert not is_open(app)
    assert "cannot be read, so nobody can sign in" in errors(app)[0]


@pytest.mark.parametrize("hours", ["0", "-1", "twelve", "nan", "1e9"])
def test_a_length_of_sign_in_that_is_none_is_said(
    monkeypatch: pytest.MonkeyPatch, hours: str
) -> None:
    monkeypatch.setenv("INFORCE_SIGN_IN_HOURS", hours)
    with pytest.raises(BadInputError, match="is no number of hours"):
        sign_in_hours()
