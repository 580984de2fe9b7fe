"""A run is pushed to a (local) hub with what opens as a policy, its card, and nothing else; what
is pulled from there opens."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

hub = pytest.importorskip("huggingface_hub", reason="needs the extra train")

from typer.testing import CliRunner  # noqa: E402

from agent.policies.registry import PolicyChoice, open_policy  # noqa: E402
from inforce import app  # noqa: E402
from rl.run.checkpoints import SEAL, drafted  # noqa: E402
from rl.run.hub import HubError, pull_model, push_run  # noqa: E402
from rl.run.run_directory import Run  # noqa: E402
from tests.rl.test_model_card import a_run  # noqa: E402

COMMIT = "a" * 40


class Hub(ThreadingHTTPServer):
    """Takes repositories and commits as the Hugging Face Hub does, and keeps them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.made: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.commits = 0
        self.refuses = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def digest(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        """Tell the files of a revision, or give one of them."""
        before, _, name = self.path.partition(f"/resolve/{COMMIT}/")
        if self.server.refuses:
            self.answer({"error": "You may not read here."}, 403)
        elif "/revision/" in self.path:
            named = [{"rfilename": one} for one in self.server.files]
            self.answer({"id": "owner/law", "sha": COMMIT, "siblings": named})
        elif f"/tree/{COMMIT}" in self.path:
            given = self.server.files.items()
            kept = [{"type": "file", "path": one, "size": len(data), "oid": digest(data)}
                    for one, data in given]  # fmt: skip
            self.answer(kept)
        elif before == "/owner/law" and name in self.server.files:
            data = self.server.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{digest(data)}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            self.wfile.write(data if self.command == "GET" else b"")
        else:
            self.answer({"error": "There is no such thing."}, 404)

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
            self.server.commits += 1
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    told = line["value"]
                    self.server.files[told["path"]] = base64.b64decode(told["content"])
            self.answer({"commitUrl": f"{self.server.url}/owner/law/commit/{COMMIT}",
                         "commitOid": COMMIT, "success": True})  # fmt: skip
        else:
            self.answer({"errors": [], "warnings": []})

    def answer(self, value: object, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url)
        template = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
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
    assert b"inforce runs pull owner/law --to law" in local.files["README.md"]
    assert local.commits == 1, "all of it or nothing"


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


def adapted(folder: Path) -> Run:
    """A run whose checkpoint is a LoRA adapter over ``tiny``, as ``peft`` saves it."""
    peft = pytest.importorskip("peft", reason="needs the extra train")
    from transformers import AutoModelForCausalLM

    from agent.models.prepare import prepare

    location = prepare("tiny").location
    lora = {"rank": 2, "targets": ["q_proj"]}
    run = a_run(folder / "run", name="tiny", lora=lora)
    config = peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    model = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(location), config)
    with drafted(run.checkpoints, "checkpoint-8", True, lambda _: None) as draft:
        model.save_pretrained(draft / "checkpoint-8")
        (draft / "checkpoint-8" / SEAL).write_text("{}", encoding="utf-8")
    return run


def test_an_adapter_names_its_base_not_a_folder_of_this_machine_and_opens_when_pulled(
    local: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path / "home"))
    run = adapted(tmp_path)
    push_run(run, "owner/law")
    assert str(tmp_path).encode() not in b"".join(local.files.values())
    folder, policy = pull_model("owner/law")
    assert folder == tmp_path / "home/models/hub/owner/law"
    assert policy == f"tiny+{folder}"
    assert {path.name for path in folder.iterdir()} == set(local.files)
    opened = open_policy(PolicyChoice(policy=policy), ())
    assert opened.name == "local:tiny+law"
    with pytest.raises(HubError, match="exists already: remove it, or pull into another folder"):
        pull_model("owner/law")


def test_a_whole_model_is_pulled_without_code_and_opens_by_its_folder(
    local: Hub, tmp_path: Path
) -> None:
    push_run(trained(tmp_path), "owner/law")
    local.files |= {"modeling_law.py": b"print(1)", "pytorch_model.bin": b"pickled"}
    said = CliRunner().invoke(
        app, ["runs", "pull", "owner/law", "--to", str(tmp_path / "law"), "--json"]
    )
    assert json.loads(said.stdout) == {
        "folder": str(tmp_path / "law"), "policy": str(tmp_path / "law")}  # fmt: skip
    assert {path.name for path in (tmp_path / "law").iterdir()} == {
        "model.safetensors", "config.json", "tokenizer.json", "README.md",
    }  # fmt: skip


def test_a_pull_that_fails_leaves_no_model(local: Hub, tmp_path: Path) -> None:
    local.files["README.md"] = b"nothing else"
    with pytest.raises(HubError, match=r"holds no model: there is no config.json"):
        pull_model("owner/law", tmp_path / "law")
    local.refuses = True
    with pytest.raises(HubError, match=r"gave nothing of owner/law: .*403"):
        pull_model("owner/law", tmp_path / "law")
    with pytest.raises(HubError, match="is no repository of a hub: write owner/name"):
        pull_model("owner/law/more", tmp_path / "law")
    assert not (tmp_path / "law").exists()
