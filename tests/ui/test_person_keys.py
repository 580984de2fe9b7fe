"""Keys of people at the API and the MCP server: each acts as its person and as nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
pytest.importorskip("mcp", reason="the extra serve is not installed")

import anyio
import httpx
import uvicorn
from fastapi.testclient import TestClient
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from agent.audit import Action, AuditLog, audit_url
from agent.matters.store import Matters, matters_url
from agent.people import People, Person, Role, people_url
from agent.people_keys import KeyRefusedError, PersonKeys, key_digest
from corpus.clock import pinned
from corpus.errors import BadInputError
from corpus.settings import Settings
from ui.assistants.api import api_app
from ui.assistants.desk import Desk
from ui.assistants.keys import REFUSED, KeyNeeded, Keys, read_keys
from ui.assistants.mcp_server import mcp_server
from ui.demo import load_demo

ASKED = {"question": "À partir de quel âge peut-on contracter mariage ?", "as_at": "2006-04-04"}
READ = {"reference": "art. 144 Code civil", "as_at": "2006-04-04"}
ANNA, BORIS, CLERK = "anna@firm.example", "boris@firm.example", "clerk@firm.example"
OWN = ["answers", "matters", "answers/0000", "matters/0000"]


class Firm(NamedTuple):
    """An installation with people, a key of each, and a matter of each."""

    settings: Settings
    keys: dict[str, str]
    matters: dict[str, str]

    def header(self, person: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[person]}"}

    def person(self, name: str) -> Person:
        with People.open(people_url(self.settings)) as people:
            found = people.find(name)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    settings = Settings.under(tmp_path_factory.mktemp("firm"))
    load_demo(settings)
    roles = {ANNA: Role.READER, BORIS: Role.READER, CLERK: Role.ANNOTATOR}
    made: Firm = Firm(settings, {}, {})
    with (
        People.open(people_url(settings)) as people,
        PersonKeys.open(people_url(settings)) as keys,
        Matters.open(matters_url(settings)) as matters,
    ):
        for name, role in roles.items():
            person = people.add(name, name.partition("@")[0].title(), [role])
            made.keys[name] = keys.create(person, name, "program")[1]
            made.matters[name] = matters.create(person, f"Case of {name}").id
    return made


@pytest.fixture(scope="module")
def client(firm: Firm) -> Iterator[TestClient]:
    app = api_app(Desk(firm.settings), read_keys(None, "127.0.0.1", firm.settings))
    with TestClient(app) as found:
        yield found


def logged(firm: Firm, of: str) -> list[tuple[Action, str]]:
    with AuditLog.open(audit_url(firm.settings)) as log:
        return [(line.action, line.person) for line in reversed(log.lines(of=of))]


def test_an_answer_is_kept_as_that_of_the_person_and_the_log_names_them(
    client: TestClient, firm: Firm
) -> None:
    name = client.post("/v1/ask", json=ASKED, headers=firm.header(ANNA)).json()["id"]
    listed = client.get("/v1/own/answers", headers=firm.header(ANNA)).json()["answers"]
    assert name in [line["id"] for line in listed]
    read = client.get(f"/v1/own/answers/{name}", headers=firm.header(ANNA)).json()
    assert [trace["id"] for trace in read["traces"]] == [name]
    assert logged(firm, name) == [(Action.ASKED, ANNA), (Action.SAW, ANNA)]


def test_a_key_cannot_open_the_answer_or_the_matter_of_another(
    client: TestClient, firm: Firm
) -> None:
    name = client.post("/v1/ask", json=ASKED, headers=firm.header(ANNA)).json()["id"]
    for kind, theirs in (("answers", name), ("matters", firm.matters[ANNA])):
        said = []
        for each in (theirs, "0" * 32):
            refused = client.get(f"/v1/own/{kind}/{each}", headers=firm.header(BORIS))
            assert refused.status_code == 400
            said.append(refused.json()["detail"].replace(each, ""))
        assert said[0] == said[1], "whether there is one is not told"
        listed = client.get(f"/v1/own/{kind}", headers=firm.header(BORIS)).json()[kind]
        assert theirs not in [one["id"] for one in listed]
    assert (Action.SAW, BORIS) not in logged(firm, name)


def test_a_shared_matter_opens_with_its_answers_and_is_closed_again(
    client: TestClient, firm: Firm
) -> None:
    anna = firm.person(ANNA)
    with Matters.open(matters_url(firm.settings)) as matters:
        shared = matters.create(anna, "Shared case").id
        path = f"/v1/own/matters/{shared}"
        assert client.get(path, headers=firm.header(BORIS)).status_code == 400
        matters.share(anna, shared, BORIS)
        read = client.get(path, headers=firm.header(BORIS))
        assert read.json()["matter"]["name"] == "Shared case"
        matters.unshare(anna, shared, BORIS)
        assert client.get(path, headers=firm.header(BORIS)).status_code == 400
    assert logged(firm, shared) == [(Action.SAW, BORIS)]


def test_where_there_are_people_nobody_is_let_in_without_a_key(
    client: TestClient, firm: Firm
) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        refused = client.get("/v1/provision", params=READ, headers=headers)
        assert (refused.status_code, refused.json()) == (401, {"detail": REFUSED})
    unknown = client.get(
        "/v1/provision", params=READ, headers={"Authorization": "Bearer inforce_unknown"}
    )
    assert (unknown.status_code, unknown.json()) == (401, {"detail": "There is no such key."})


def test_a_person_who_may_not_read_may_not_by_a_key(client: TestClient, firm: Firm) -> None:
    for path in ("/v1/provision", "/v1/own/matters"):
        refused = client.get(path, params=READ, headers=firm.header(CLERK))
        assert refused.status_code == 403
        assert "needs the role reader" in refused.json()["detail"]


def test_a_revoked_and_an_expired_key_are_refused_in_one_sentence_and_logged(
    client: TestClient, firm: Firm
) -> None:
    anna = firm.person(ANNA)
    with PersonKeys.open(people_url(firm.settings)) as keys:
        old, old_key = keys.create(anna, ANNA, "old")
        short, short_key = keys.create(anna, ANNA, "short", date(2999, 1, 1))
        assert read_with(client, old_key).status_code == 200
        keys.revoke(anna, old.id)
    refused = read_with(client, old_key)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.json()["detail"].startswith("The key 'old' was revoked on ")
    with pinned(date(2999, 1, 1)):
        known = Keys(settings=firm.settings)
        with pytest.raises(KeyRefusedError, match="expired on 2999-01-01"):
            known.caller(f"Bearer {short_key}")
    for key in (old, short):
        assert logged(firm, key.id) == [(Action.REFUSED, ANNA)]


def read_with(client: TestClient, key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return client.get("/v1/provision", params=READ, headers=headers)


def test_who_is_removed_is_refused_at_once(tmp_path: Path) -> None:
    settings = Settings.under(tmp_path)
    load_demo(settings)
    keys = Keys(settings=settings)
    assert keys.caller(None).person.local, "nobody is kept yet"
    with (
        People.open(people_url(settings)) as people,
        PersonKeys.open(people_url(settings)) as made,
    ):
        people.add("boss@x", "Boss", [Role.ADMINISTRATOR])
        anna = people.add("anna@x", "Anna", [Role.READER])
        key = made.create(anna, "anna@x", "program")[1]
        assert keys.caller(f"Bearer {key}").person == anna
        people.remove("anna@x")
    with pytest.raises(KeyRefusedError, match="was revoked"):
        keys.caller(f"Bearer {key}")


# -- keys of a file ------------------------------------------------------------------------------


def test_a_key_of_a_file_acts_as_the_local_person_of_whom_nothing_is_kept_or_shown(
    firm: Firm,
) -> None:
    keys = Keys({"intranet": key_digest("secret")}, firm.settings)
    with TestClient(api_app(Desk(firm.settings), keys)) as client:
        headers = {"Authorization": "Bearer secret"}
        who = client.get("/v1/own/caller", headers=headers).json()
        assert (who["person"]["id"], who["key"]) == ("local", "intranet")
        name = client.post("/v1/ask", json=ASKED, headers=headers).json()["id"]
        for path in OWN:
            refused = client.get(f"/v1/own/{path}", headers=headers)
            assert refused.status_code == 403
            assert "needs a key of one" in refused.json()["detail"]
        person = client.get("/v1/own/caller", headers=firm.header(ANNA)).json()
        assert (person["person"]["id"], person["key"]) == (ANNA, "program")
    assert logged(firm, name) == []
    assert "the keys intranet act as the local person" in keys.who_is_let_in()


def test_other_machines_are_let_in_with_keys_of_people_alone_too(
    firm: Firm, tmp_path: Path
) -> None:
    assert read_keys(None, "0.0.0.0", firm.settings).somebody()
    with pytest.raises(BadInputError, match="inforce keys create"):
        read_keys(None, "0.0.0.0", Settings.under(tmp_path))
    assert not (tmp_path / "people.db").exists()


# -- MCP -----------------------------------------------------------------------------------------


def over_http(firm: Firm, key: str, use: Callable[[Client], Awaitable[Any]]) -> Any:
    """What ``use`` returns of the official client, which sends a key to a real server."""
    served = mcp_server(Desk(firm.settings)).streamable_http_app(
        host="127.0.0.1", stateless_http=True
    )
    app = KeyNeeded(served, Keys(settings=firm.settings))

    async def main() -> Any:
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
        headers = {"Authorization": f"Bearer {key}"}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve)
            while not server.started:
                await anyio.sleep(0.05)
            port = server.servers[0].sockets[0].getsockname()[1]
            address = f"http://127.0.0.1:{port}/mcp"
            async with (
                httpx.AsyncClient(headers=headers) as http,
                Client(streamable_http_client(address, http_client=http)) as client,
            ):
                found = await use(client)
            server.should_exit = True
        return found

    return anyio.run(main)


def test_an_assistant_with_a_persons_key_acts_as_them(firm: Firm) -> None:
    async def asked(client: Client) -> Any:
        tools = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
        told = await client.call_tool("ask", ASKED)
        listed = await client.call_tool("list_answers", {})
        return tools, told.structured_content, listed.structured_content["answers"]

    tools, told, listed = over_http(firm, firm.keys[BORIS], asked)
    assert {"read_answer", "list_matters", "read_matter"} <= set(tools)
    assert not tools["ask"].read_only_hint, "the answer is kept"
    assert all(hint.read_only_hint for name, hint in tools.items() if name != "ask")
    assert told["id"] in [line["id"] for line in listed]
    assert (Action.ASKED, BORIS) in logged(firm, told["id"])

    async def another(client: Client) -> Any:
        return (
            await client.call_tool("read_answer", {"id": told["id"]}),
            await client.call_tool("read_matter", {"id": firm.matters[BORIS]}),
            await client.call_tool("read_matter", {"id": firm.matters[ANNA]}),
        )

    answer, matter, own = over_http(firm, firm.keys[ANNA], another)
    assert answer.is_error
    assert matter.is_error
    assert own.structured_content["matter"]["owner"] == ANNA


def test_an_assistant_without_a_key_of_a_person_is_offered_the_dated_tools_alone(
    firm: Firm,
) -> None:
    async def main() -> Any:
        async with Client(mcp_server(Desk(firm.settings))) as client:
            tools = (await client.list_tools()).tools
            return tools, await client.call_tool("list_matters", {})

    tools, called = anyio.run(main)
    assert all("as_at" in tool.input_schema["required"] for tool in tools)
    assert called.is_error
