"""Who may use an installation: what is kept of people, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.people import People, Person, Role, local_person
from corpus.errors import BadInputError
from corpus.settings import LOCAL_PERSON
from inforce import app


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    with People.open(f"sqlite:///{tmp_path / 'people.db'}") as opened:
        yield opened


def test_who_is_not_added_is_not_found(people: People) -> None:
    people.add("anna@firm.example", "Anna", [Role.READER])
    assert people.find("anna@firm.example.evil.example") is None
    assert people.find("") is None


def test_an_address_typed_in_capitals_is_the_same_person(people: People) -> None:
    anna = people.add(" Anna@Firm.example ", "Anna", [Role.READER])
    assert anna.id == "anna@firm.example"
    assert people.find("ANNA@firm.example") == anna
    with pytest.raises(BadInputError, match="already"):
        people.add("anna@FIRM.example", "Another", [Role.ADMINISTRATOR])
    assert people.all() == [anna]


def test_a_role_taken_away_is_gone(people: People) -> None:
    people.add("a@x", "A", [Role.ADMINISTRATOR])
    people.add("b@x", "B", [Role.READER, Role.ADJUDICATOR])
    people.set_roles("b@x", [Role.ANNOTATOR])
    found = people.find("b@x")
    assert found == Person(id="b@x", name="B", roles=frozenset({Role.ANNOTATOR}))
    assert (found.reads, found.labels, found.adjudicates, found.administers) == (
        False,
        True,
        False,
        False,
    )


def test_who_was_removed_is_not_found_and_the_others_stay(people: People) -> None:
    admin = people.add("a@x", "A", [Role.ADMINISTRATOR])
    people.add("b@x", "B", [Role.READER])
    people.remove("b@x")
    assert people.all() == [admin]
    with pytest.raises(BadInputError, match="There is no person 'b@x'"):
        people.remove("b@x")


def test_the_only_administrator_cannot_be_lost_while_others_are_there(people: People) -> None:
    people.add("a@x", "A", [Role.ADMINISTRATOR])
    people.add("b@x", "B", [Role.READER])
    for change in (lambda: people.remove("a@x"), lambda: people.set_roles("a@x", [Role.READER])):
        with pytest.raises(BadInputError, match="only administrator"):
            change()
    people.set_roles("b@x", [Role.ADMINISTRATOR])
    people.remove("a@x")
    assert [person.id for person in people.all()] == ["b@x"]


@pytest.mark.parametrize("person_id", ["", " ", "a b", LOCAL_PERSON, "Local", "a\0b", "x" * 201])
def test_an_id_that_nobody_signs_in_as_is_refused(people: People, person_id: str) -> None:
    with pytest.raises(BadInputError, match="cannot be a person's id"):
        people.add(person_id, "Name", [Role.READER])


def test_a_person_without_a_role_or_a_name_is_refused(people: People) -> None:
    with pytest.raises(BadInputError, match="needs a role"):
        people.add("a@x", "A", [])
    with pytest.raises(BadInputError, match="needs a name"):
        people.add("a@x", " \0 ", [Role.READER])
    assert people.all() == []


@pytest.mark.parametrize(
    ("role", "pages"),
    [
        (Role.READER, (True, False, False, False)),
        (Role.ANNOTATOR, (False, True, False, False)),
        (Role.ADJUDICATOR, (False, True, True, False)),
        (Role.ADMINISTRATOR, (True, True, True, True)),
    ],
)
def test_a_role_allows_no_more_than_its_pages(role: Role, pages: tuple[bool, ...]) -> None:
    found = Person(id="a@x", name="A", roles=frozenset({role}))
    assert (found.reads, found.labels, found.adjudicates, found.administers) == pages


def test_the_local_person_is_named_by_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INFORCE_LOCAL_NAME", raising=False)
    assert local_person().name == "local user"
    monkeypatch.setenv("INFORCE_LOCAL_NAME", "Library, ground floor")
    assert local_person() == Person(
        id=LOCAL_PERSON, name="Library, ground floor", roles=frozenset(Role)
    )


def test_the_command_line_adds_the_first_administrator_and_names_a_wrong_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    run = CliRunner()
    words = ["people", "add", "Anna@firm.example", "--name", "Anna Ng", "--role"]
    wrong = run.invoke(app, [*words, "boss"])
    assert isinstance(wrong.exception, BadInputError)
    assert "'boss' is no role" in str(wrong.exception)
    assert run.invoke(app, [*words, "administrator"]).exit_code == 0
    listed = json.loads(run.invoke(app, ["people", "list", "--json"]).stdout)
    assert listed == {
        "people": [{"id": "anna@firm.example", "name": "Anna Ng", "roles": ["administrator"]}]
    }
    assert run.invoke(app, ["people", "remove", "anna@firm.example"]).exit_code == 0
    assert "Nobody may sign in yet" in run.invoke(app, ["people", "list"]).stdout
    logged = json.loads(run.invoke(app, ["audit", "--json"]).stdout)["lines"]
    assert [(line["action"], line["object"]) for line in logged] == [
        ("removed", "anna@firm.example"),
        ("added", "anna@firm.example"),
    ]
