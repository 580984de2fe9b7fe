"""Keys of people: kept as digests, shown once, refused when revoked, expired or of nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.people import People, Person, Role
from agent.people_keys import KeyRefusedError, PersonKeys
from corpus.clock import pinned
from corpus.errors import BadInputError
from inforce import app

DAY = date(2026, 11, 28)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'people.db'}"


@pytest.fixture
def people(url: str) -> Iterator[People]:
    with People.open(url) as opened:
        opened.add("boss@x", "Boss", [Role.ADMINISTRATOR])
        opened.add("anna@x", "Anna", [Role.READER])
        opened.add("boris@x", "Boris", [Role.READER])
        yield opened


@pytest.fixture
def keys(url: str, people: People) -> Iterator[PersonKeys]:
    with PersonKeys.open(url) as opened, pinned(DAY):
        yield opened


def who(people: People, name: str) -> Person:
    found = people.find(f"{name}@x")
    assert found is not None
    return found


def test_a_key_acts_as_its_person_and_is_nowhere_in_the_database(
    keys: PersonKeys, people: People, tmp_path: Path
) -> None:
    made, secret = keys.create(who(people, "anna"), "anna@x", "intranet")
    assert made.last_used is None
    used, person = keys.use(secret)
    assert (used.id, person) == (made.id, who(people, "anna"))
    assert keys.of(person, "anna@x")[0].last_used is not None
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert secret.encode() not in kept
    assert secret.removeprefix("inforce_").encode() not in kept
    with pytest.raises(KeyRefusedError):
        keys.use(made.id)


def test_a_role_taken_away_is_taken_from_the_key(keys: PersonKeys, people: People) -> None:
    _, secret = keys.create(who(people, "boss"), "anna@x", "intranet")
    people.set_roles("anna@x", [Role.ANNOTATOR])
    assert not keys.use(secret)[1].reads


def test_a_revoked_key_is_refused_with_its_day(keys: PersonKeys, people: People) -> None:
    anna = who(people, "anna")
    made, secret = keys.create(anna, "anna@x", "intranet")
    revoked = keys.revoke(anna, made.id[:6])
    assert revoked.revoked is not None
    with pytest.raises(KeyRefusedError, match=r"'intranet' was revoked on \d{4}-\d\d-\d\d") as said:
        keys.use(secret)
    assert said.value.key == revoked
    assert keys.revoke(anna, made.id) == revoked, "the day of a revocation does not move"


def test_a_key_is_refused_from_the_day_on_which_it_expires(
    keys: PersonKeys, people: People
) -> None:
    _, secret = keys.create(who(people, "anna"), "anna@x", "trial", date(2026, 12, 1))
    with pinned(date(2026, 11, 30)):
        assert keys.use(secret)[1].id == "anna@x"
    with pinned(date(2026, 12, 1)), pytest.raises(KeyRefusedError, match="expired on 2026-12-01"):
        keys.use(secret)
    with pytest.raises(BadInputError, match="never be valid"):
        keys.create(who(people, "anna"), "anna@x", "late", DAY)


def test_keys_of_who_was_removed_do_not_come_back_with_them(
    keys: PersonKeys, people: People
) -> None:
    _, secret = keys.create(who(people, "anna"), "anna@x", "intranet")
    people.remove("anna@x")
    for _ in range(2):
        with pytest.raises(KeyRefusedError, match="was revoked"):
            keys.use(secret)
        people.find("anna@x") or people.add("anna@x", "Anna", [Role.READER])


def test_a_person_neither_sees_nor_makes_nor_revokes_the_keys_of_another(
    keys: PersonKeys, people: People
) -> None:
    anna, boris = who(people, "anna"), who(people, "boris")
    made, secret = keys.create(anna, "anna@x", "intranet")
    refused = [
        lambda: keys.create(boris, "anna@x", "mine"),
        lambda: keys.of(boris, "anna@x"),
        lambda: keys.all(boris),
    ]
    for attempt in refused:
        with pytest.raises(BadInputError, match="Only an administrator"):
            attempt()
    said = []
    for key_id in (made.id, "0" * 12):
        with pytest.raises(BadInputError) as problem:
            keys.revoke(boris, key_id)
        said.append(str(problem.value).replace(key_id, ""))
    assert said[0] == said[1], "whether there is a key is not told"
    assert keys.use(secret)[1] == anna
    assert [key.id for key in keys.all(who(people, "boss"))] == [made.id]


def test_a_second_valid_key_of_the_same_name_is_refused(keys: PersonKeys, people: People) -> None:
    anna = who(people, "anna")
    made, _ = keys.create(anna, "anna@x", " intranet ")
    with pytest.raises(BadInputError, match="a valid key 'intranet' already"):
        keys.create(anna, "ANNA@x", "intranet")
    keys.create(who(people, "boris"), "boris@x", "intranet")
    keys.revoke(anna, made.id)
    keys.create(anna, "anna@x", "intranet")
    for name in ("", " \0", "x" * 201):
        with pytest.raises(BadInputError, match="A key needs a name"):
            keys.create(anna, "anna@x", name)
    with pytest.raises(BadInputError, match="There is no person"):
        keys.create(who(people, "boss"), "nobody@x", "intranet")


def test_a_database_from_before_there_were_keys_gets_them(url: str, people: People) -> None:
    with people.writing() as connection:
        connection.exec_driver_sql("drop table people_keys")
    with PersonKeys.open(url) as keys:
        _, secret = keys.create(who(people, "anna"), "anna@x", "intranet")
        assert keys.use(secret)[1].id == "anna@x"


def test_the_command_line_prints_a_key_once_and_logs_who_got_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    run = CliRunner()
    added = ["people", "add", "anna@x", "--name", "Anna", "--role", "administrator"]
    assert run.invoke(app, added).exit_code == 0
    made = run.invoke(app, ["keys", "create", "anna@x", "intranet"])
    assert made.stdout.startswith("inforce_")
    secret = made.stdout.strip()
    listed = run.invoke(app, ["keys", "list", "--json"])
    (key,) = json.loads(listed.stdout)["keys"]
    assert (key["person"], key["name"], key["last_used"]) == ("anna@x", "intranet", None)
    shown = run.invoke(app, ["keys", "list", "anna@x"]).stdout
    assert "never used" in shown
    assert run.invoke(app, ["keys", "revoke", key["id"]]).exit_code == 0
    logged = run.invoke(app, ["audit", "--of", key["id"], "--json"])
    lines = json.loads(logged.stdout)["lines"]
    assert [(line["action"], line["other"]) for line in lines] == [
        ("removed", "anna@x"),
        ("added", "anna@x"),
    ]
    assert secret not in listed.stdout + shown + logged.stdout
    wrong = run.invoke(app, ["keys", "create", "anna@x", "n", "--expires", "soon"])
    assert isinstance(wrong.exception, BadInputError)
    assert "--expires" in str(wrong.exception)
