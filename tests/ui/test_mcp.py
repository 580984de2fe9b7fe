"""The MCP server, driven by the official client: in process, as a child, and over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the extra serve is not installed")

import anyio
import httpx
import uvicorn
from mcp import Client, StdioServerParameters, stdio_client

from agent.people_keys import key_digest
from corpus.settings import Settings
from tests.ui.test_serving import serving
from ui.assistants.desk import Desk
from ui.assistants.keys import KeyNeeded, Keys
from ui.assistants.mcp_server import mcp_server

ROOT = Path(__file__).parents[2]
QUESTION = "À partir de quel âge peut-on contracter mariage ?"
CALLS = {
    "search_statutes": {"query": "âge mariage"},
    "read_provision": {"reference": "art. 144 Code civil"},
    "list_versions": {"reference": "art. 144 Code civil"},
    "compare_versions": {"reference": "art. 144 Code civil", "other": "2006-04-05"},
    "ask": {"question": QUESTION},
}


def driven(settings: Settings, use: Callable[[Client], Awaitable[Any]]) -> Any:
    """What ``use`` returns of a client that is connected to a server in this process."""

    async def main() -> Any:
        async with Client(mcp_server(Desk(settings))) as client:
            return await use(client)

    return anyio.run(main)


def called(settings: Settings, name: str, arguments: dict[str, Any]) -> Any:
    return driven(settings, lambda client: client.call_tool(name, arguments))


def test_every_tool_requires_a_date_and_only_reads(settings: Settings) -> None:
    listed = driven(settings, lambda client: client.list_tools()).tools
    assert {tool.name for tool in listed} == set(CALLS)
    for tool in listed:
        assert "as_at" in tool.input_schema["required"], tool.name
        assert tool.input_schema["additionalProperties"] is False
        assert all(field.get("description") for field in tool.input_schema["properties"].values())
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint


@pytest.mark.parametrize("name", CALLS)
def test_a_call_without_a_date_is_refused_in_one_sentence(settings: Settings, name: str) -> None:
    refused = called(settings, name, CALLS[name])
    assert refused.is_error
    assert "as_at" in refused.content[0].text
    assert "\n" not in refused.content[0].text


@pytest.mark.parametrize("day", ["today", "2006-02-30", "", "2006"])
@pytest.mark.parametrize("name", ["search_statutes", "ask"])
def test_a_day_that_is_none_is_refused(settings: Settings, name: str, day: str) -> None:
    refused = called(settings, name, {**CALLS[name], "as_at": day})
    assert refused.is_error
    assert "as_at" in refused.content[0].text


def test_the_tools_answer_from_the_law_of_the_day(settings: Settings) -> None:
    for day, age in (("2006-04-04", "quinze ans"), ("2006-04-05", "dix-huit ans révolus")):
        read = called(settings, "read_provision", {**CALLS["read_provision"], "as_at": day})
        assert age in read.structured_content["passage"]["text"]
    told = called(settings, "ask", {"question": QUESTION, "as_at": "2006-04-04"})
    (sentence,) = told.structured_content["answer"]["sentences"]
    assert sentence["citations"][0]["valid_to"] == "2006-04-05"
    assert "turns" not in told.structured_content


def test_a_filter_that_the_corpus_does_not_know_is_said(settings: Settings) -> None:
    asked = {**CALLS["search_statutes"], "as_at": "2006-04-04", "jurisdictions": ["atlantis"]}
    refused = called(settings, "search_statutes", asked)
    assert refused.is_error
    assert "atlantis" in refused.content[0].text


def test_a_search_is_limited_to_a_jurisdiction(settings: Settings) -> None:
    asked = {"query": "marriage age", "as_at": "2010-01-01", "jurisdictions": ["uk"]}
    found = called(settings, "search_statutes", asked).structured_content["hits"]
    assert found
    assert {hit["work_id"].partition("/")[0] for hit in found} == {"uk"}


def test_a_missing_library_is_a_sentence_not_a_crash(tmp_path: Path) -> None:
    asked = {**CALLS["search_statutes"], "as_at": "2006-04-04"}
    refused = called(Settings.under(tmp_path / "nowhere"), "search_statutes", asked)
    assert refused.is_error
    assert "there is no store" in refused.content[0].text


def test_an_unknown_tool_is_named(settings: Settings) -> None:
    refused = called(settings, "delete_everything", {"as_at": "2006-04-04"})
    assert refused.is_error
    assert "delete_everything" in refused.content[0].text


def test_the_command_speaks_over_standard_input_and_output(settings: Settings) -> None:
    async def main() -> Any:
        child = StdioServerParameters(
            command=sys.executable,
            args=["-m", "inforce", "mcp"],
            env={**os.environ, **settings.environment(), "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
        )
        async with Client(stdio_client(child)) as client:
            asked = {**CALLS["read_provision"], "as_at": "2006-04-04"}
            return await client.call_tool("read_provision", asked)

    assert "quinze ans" in anyio.run(main).structured_content["passage"]["text"]


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("wrong", 401), ("secret", 200)])
def test_a_key_is_needed_over_http(settings: Settings, key: str | None, status: int) -> None:
    served = mcp_server(Desk(settings)).streamable_http_app(host="127.0.0.1", stateless_http=True)
    app = KeyNeeded(served, Keys(digests={"smith": key_digest("secret")}))
    headers = {"Accept": "application/json, text/event-stream"}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}

    async def main() -> int:
        transport = httpx.ASGITransport(app=app)
        async with (
            served.router.lifespan_context(served),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8502") as client,
        ):
            ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
            return (await client.post("/mcp", json=ping, headers=headers)).status_code

    assert anyio.run(main) == status


def test_the_official_client_calls_a_tool_over_http(settings: Settings) -> None:
    served = mcp_server(Desk(settings)).streamable_http_app(host="127.0.0.1", stateless_http=True)

    async def main() -> Any:
        server = uvicorn.Server(uvicorn.Config(served, port=0, log_level="warning"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve)
            while not server.started:
                await anyio.sleep(0.05)
            port = server.servers[0].sockets[0].getsockname()[1]
            async with Client(f"http://127.0.0.1:{port}/mcp") as client:
                asked = {**CALLS["read_provision"], "as_at": "2006-04-04"}
                found = await client.call_tool("read_provision", asked)
            server.should_exit = True
        return found

    assert "quinze ans" in anyio.run(main).structured_content["passage"]["text"]


INSPECTOR = os.environ.get("INFORCE_MCP_INSPECTOR") or shutil.which("mcp-inspector")
"""The command of the MCP inspector (npm package ``@modelcontextprotocol/inspector``)."""
needs_inspector = pytest.mark.skipif(INSPECTOR is None, reason="no mcp-inspector on this machine")


def inspected(target: list[str], settings: Settings, *words: str) -> dict[str, Any]:
    """What the inspector's command line prints of a server, as JSON."""
    shown = {**settings.environment(), "PYTHONPATH": str(ROOT)}
    child = not target[0].startswith("http")
    given = [word for n, v in shown.items() for word in ("-e", f"{n}={v}") if child]
    done = subprocess.run(
        [str(INSPECTOR), "--cli", *given, *target, *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=ROOT,
    )
    assert done.stdout.strip(), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


AGE_ON = ("--method", "tools/call", "--tool-name", "read_provision")
ARTICLE = ("--tool-arg", "reference=art. 144 Code civil")


@needs_inspector
def test_the_inspector_drives_the_server_over_standard_input(settings: Settings) -> None:
    child = [sys.executable, "-m", "inforce", "mcp"]
    tools = inspected(child, settings, "--method", "tools/list")["tools"]
    assert {tool["name"] for tool in tools} == set(CALLS)
    assert all("as_at" in tool["inputSchema"]["required"] for tool in tools)
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
    read = inspected(child, settings, *AGE_ON, *ARTICLE, "--tool-arg", "as_at=2006-04-04")
    assert "quinze ans" in read["structuredContent"]["passage"]["text"]
    refused = inspected(child, settings, *AGE_ON, *ARTICLE)
    assert refused["isError"]
    assert "as_at" in refused["content"][0]["text"]


@needs_inspector
def test_the_inspector_drives_the_server_over_http(settings: Settings) -> None:
    with serving(settings, "mcp", "--http") as (child, port):
        wait_for_port(port, child)
        address = [f"http://127.0.0.1:{port}/mcp", "--transport", "http"]
        read = inspected(address, settings, *AGE_ON, *ARTICLE, "--tool-arg", "as_at=2006-04-05")
        assert "dix-huit ans" in read["structuredContent"]["passage"]["text"]
        assert inspected(address, settings, *AGE_ON, *ARTICLE)["isError"]


def wait_for_port(port: int, child: subprocess.Popen[str]) -> None:
    for _ in range(600):
        assert child.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
