"""A run is pushed to a (local) hub with what opens as a policy, its card, and nothing else."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

hub = pytest.importorskip("huggingface_hub", reason="needs the extra train")

from rl.run.checkpoints import SEAL, drafted  # noqa: E402
from rl.run.hub import HubError, push_run  # noqa: E402
from rl.run.run_directory import Run  # noqa: E402
from tests.rl.test_model_card import a_run  # noqa: E402


class Hub(ThreadingHTTPServer):
    """Takes repositories and commits as the Hugging Face Hub does, and keeps them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.made: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.refuses = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.refuses:
            self.answer({"error": "You may not write here."}, 403)
        elif self.path == "/api/repos/create":
            self.server.made.append(json.loads(body))
            self.answer({"url": f"{self.server.url}/owner/law", "id": "1", "name": "owner/law"})
        elif self.path.endswith("/preupload/main"):
            asked = json.loads(body)["files"]
            modes = {"uploadMode": "regular", "shouldIgnore": False, "oid": None}
            self.answer({"files": [{"path": one["path"], **modes} for one in asked]})
        elif self.path.endswith("/commit/main"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    told = line["value"]
                    self.server.files[told["path"]] = base64.b64decode(told["content"])
            oid = "a" * 40
            self.answer({"commitUrl": f"{self.server.url}/owner/law/commit/{oid}",
                         "commitOid": oid, "success": True})  # fmt: skip
        else:
            self.answer({"errors": [], "warnings": []})

    def answer(self, value: object, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", "hf_test")
        yield server
        server.shutdown()


def trained(folder: Path) -> Run:
    run = a_run(folder / "run", name="tiny")
    names = ("model.safetensors", "config.json", "tokenizer.json", "optimizer.pt",
             "trainer_state.json", "training_args.bin", SEAL)  # fmt: skip
    with drafted(run.checkpoints, "checkpoint-8", True, lambda _: None) as draft:
        (draft / "checkpoint-8").mkdir(parents=True)
        for name in names:
            (draft / "checkpoint-8" / name).write_text(f"the content of {name}", encoding="utf-8")
    return run


def test_what_opens_as_a_policy_and_the_card_are_pushed(local: Hub, tmp_path: Path) -> None:
    address = push_run(trained(tmp_path), "owner/law")
    assert address == f"{local.url}/owner/law"
    assert local.made[0]["visibility"] == "private"
    assert set(local.files) == {
        "model.safetensors", "config.json", "tokenizer.json", "README.md",
    }  # fmt: skip
    assert local.files["config.json"] == b"the content of config.json"
    assert b"library_name: transformers" in local.files["README.md"]


def test_a_hub_that_refuses_or_is_down_and_a_run_without_a_checkpoint_are_said(
    local: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(tmp_path)
    local.refuses = True
    with pytest.raises(HubError, match=r"took nothing of owner/law: .*403"):
        push_run(run, "owner/law")
    with pytest.raises(HubError, match="is no repository of a hub: write owner/name"):
        push_run(run, "owner/law/more")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="took nothing of owner/law"):
        push_run(run, "owner/law")
    with pytest.raises(HubError, match="has no checkpoint to push"):
        push_run(a_run(tmp_path / "other", name="tiny"), "owner/law")
