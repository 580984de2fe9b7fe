"""The People page: an administrator changes who may sign in, and nobody else reaches it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from agent.audit import Action, AuditLog, Kind, audit_url
from agent.people import People, Role, people_url
from agent.people_keys import KeyRefusedError, PersonKeys
from corpus.clock import now
from corpus.settings import Settings
from tests.ui.page_state import press, shown, well
from ui.languages.catalogue import LOCALES, catalogue
from ui.people import present

BOSS, ANNA = "boss@firm.example", "anna@firm.example"


@pytest.fixture(autouse=True)
def _environment(own_databases: None) -> Iterator[None]:
    yield
    for cached in (present._people, present._keys, present._audit):
        cached.clear()


@pytest.fixture
def people() -> Iterator[People]:
    with People.open(people_url(Settings.load())) as opened:
        opened.add(BOSS, "Boss", [Role.ADMINISTRATOR])
        opened.add(ANNA, "Anna <b>Ng</b>", [Role.READER])
        yield opened


def _page() -> None:
    from ui.languages.choice import in_chosen_language
    from ui.pages.people import page

    with in_chosen_language():
        page()


def opened(person: str = BOSS, **address: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=30)
    app.secrets["auth"] = {"server_metadata_url": "https://provider.example/well-known"}
    app.user = {"is_logged_in": True, "email": person, "iat": now().timestamp()}
    for name, value in address.items():
        app.query_params[name] = value
    return well(app.run())


def chosen(app: AppTest, person: str) -> AppTest:
    return well(app.selectbox(key="people-chosen").select(person).run())


def said(app: AppTest) -> list[str]:
    return [one.value.replace("\\", "") for one in (*app.success, *app.error)]


def lines(kind: Kind) -> list[tuple[str, Action, str]]:
    with AuditLog.open(audit_url(Settings.load())) as log:
        found = [line for line in reversed(log.lines()) if line.kind is kind]
    return [(line.person, line.action, line.other or line.object) for line in found]


@pytest.mark.usefixtures("people")
def test_the_page_says_who_there_is_and_a_name_is_no_markup() -> None:
    with AuditLog.open(audit_url(Settings.load())) as log:
        log.add("stranger@else.example", Action.REFUSED, Kind.APP, "app")
    page = shown(opened())
    assert "<td>Boss</td><td>boss@firm.example</td><td>administrator</td>" in page
    assert "<td>Anna &lt;b&gt;Ng&lt;/b&gt;</td>" in page
    assert page.count("has not been here") == 1, "the administrator is here now"
    assert "<li>stranger@else.example, " in page


def test_roles_are_changed_and_logged(people: People) -> None:
    app = chosen(opened(), ANNA)
    app.multiselect(key=f"roles-{ANNA}").set_value([Role.ANNOTATOR, Role.READER])
    press(app, "Save the roles")
    assert said(app) == ["Anna <b>Ng</b> now has the roles: annotator, reader."]
    found = people.find(ANNA)
    assert found is not None
    assert found.roles == {Role.ANNOTATOR, Role.READER}
    assert lines(Kind.PERSON) == [(BOSS, Action.CHANGED, ANNA)]


def test_a_person_is_added_and_removed_and_logged(people: People) -> None:
    app = opened()
    app.text_input(key="new-id").input(" Boris@firm.example ")
    app.text_input(key="new-name").input("Boris")
    app.multiselect(key="new-roles").set_value([Role.READER])
    press(app, "Add")
    assert said(app) == ["Boris may now sign in."]
    chosen(app, "boris@firm.example")
    remove = next(button for button in app.button if button.label == "Remove this person")
    assert remove.disabled, "not by one press"
    app.checkbox(key="sure-boris@firm.example").check().run()
    press(app, "Remove this person")
    assert said(app) == ["Boris can no longer sign in."]
    assert people.find("boris@firm.example") is None
    assert [line[1] for line in lines(Kind.PERSON)] == [Action.ADDED, Action.REMOVED]


def test_the_last_administrator_cannot_lock_everybody_out(people: People) -> None:
    app = chosen(opened(), BOSS)
    app.multiselect(key=f"roles-{BOSS}").set_value([Role.READER])
    press(app, "Save the roles")
    assert "the only administrator" in said(app)[0]
    assert lines(Kind.PERSON) == []


def test_a_key_is_shown_once_and_revoked(people: People) -> None:
    app = chosen(opened(), ANNA)
    app.text_input(key=f"key-name-{ANNA}").input("intranet")
    press(app, "Make a key")
    (secret,) = [code.value for code in app.code]
    with PersonKeys.open(people_url(Settings.load())) as keys:
        assert keys.use(secret)[1].id == ANNA
        chosen(app, ANNA)
        assert secret not in shown(app)
        assert not app.code
        assert "<td>intranet</td>" in shown(app)
        press(app, "Revoke “intranet”")
        with pytest.raises(KeyRefusedError):
            keys.use(secret)
    assert "revoked on " in shown(app)
    assert lines(Kind.KEY) == [(BOSS, Action.ADDED, ANNA), (BOSS, Action.REMOVED, ANNA)]


def test_a_day_that_is_none_makes_no_key(people: People) -> None:
    app = chosen(opened(), ANNA)
    app.text_input(key=f"key-name-{ANNA}").input("intranet")
    app.text_input(key=f"key-expires-{ANNA}").input("31 February 2027")
    press(app, "Make a key")
    assert said(app)
    assert not app.code
    assert lines(Kind.KEY) == []


def test_who_is_no_administrator_any_more_changes_nothing_with_an_open_page(
    people: People,
) -> None:
    people.add("other@firm.example", "Other", [Role.ADMINISTRATOR])
    app = chosen(opened(), ANNA)
    people.set_roles(BOSS, [Role.READER])
    app.multiselect(key=f"roles-{ANNA}").set_value([Role.ADMINISTRATOR])
    press(app, "Save the roles")
    assert "Only an administrator" in said(app)[0]
    assert lines(Kind.PERSON) == []


def test_a_reader_who_runs_the_page_sees_nobody(people: People) -> None:
    assert people
    app = opened(ANNA)
    assert "boss@firm.example" not in shown(app)
    assert "Only an administrator" in said(app)[0]


def test_without_sign_in_nobody_is_added_who_would_close_the_app() -> None:
    app = well(AppTest.from_function(_page, default_timeout=30).run())
    assert "inforce people add" in app.info[0].value
    assert not app.button
    assert not app.text_input


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("language", sorted(set(LOCALES) - {"en"}))
def test_no_english_is_left_on_the_page(language: str) -> None:
    app = chosen(opened(lang=language), ANNA)
    texts: list[Any] = [one.label for one in (*app.button, *app.text_input, *app.multiselect)]
    texts += [one.value for one in app.caption]
    page = f"{' | '.join(map(str, texts))} {shown(app)}"
    ours, theirs = catalogue("en"), catalogue(language)
    left = [
        key
        for key, entry in ours.items()
        if key.startswith(("people.", "people_role.")) and entry != theirs[key]
        for parts in [[p.strip() for p in re.split(r"\{\w+\}", str(entry)) if p.strip(" .“”")]]
        if parts and all(re.search(rf"(?<!\w){re.escape(p)}(?!\w)", page) for p in parts)
    ]
    assert left == []
