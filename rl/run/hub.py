"""Push a run's model to a hub with its model card, and pull a model from one. Needs the extra
train."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.models.catalogue import models_home
from corpus.errors import InForceError
from rl.run.checkpoints import SEAL, newest_whole
from rl.run.model_card import CARD, model_card
from rl.run.run_directory import Run

FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", CARD)
LEFT_OUT = ("trainer_state.json", "digests.json", SEAL)
"""Files of a checkpoint that only resuming reads, beside those that :data:`FILES` leaves out."""

ADAPTER = "adapter_config.json"
BASE = "base_model_name_or_path"


class HubError(InForceError):
    """The hub cannot be reached, or refuses."""


def push_run(run: Run, repo: str, *, public: bool = False) -> str:
    """Push the newest whole checkpoint of a run and its model card; return the address.

    The hub is that of ``HF_ENDPOINT``, the token that of ``hf auth login`` or ``HF_TOKEN``. All
    files are one commit. An adapter names its base model as the recipe does, not by the folder that
    it was opened from here.

    Args:
        run: the run.
        repo: the repository, ``owner/name``; it is made if there is none.
        public: whether a new repository can be read by all.

    Raises:
        RunError: there is no run.
        TrainingFault: all checkpoints are damaged.
        HubError: there is no checkpoint, or the hub cannot be reached or refuses.
    """
    from huggingface_hub import HfApi

    checkpoint, _ = newest_whole(run.checkpoints)
    if checkpoint is None:
        raise HubError(f"{run.name} has no checkpoint to push.")
    hub = HfApi()
    with TemporaryDirectory() as folder, _asked(f"The hub at {hub.endpoint} took nothing", repo):
        _gather(run, checkpoint, repo, Path(folder))
        made = hub.create_repo(repo, private=not public, exist_ok=True)
        hub.upload_folder(
            repo_id=made.repo_id,
            folder_path=folder,
            allow_patterns=list(FILES),
            ignore_patterns=list(LEFT_OUT),
            commit_message=f"{run.name}, {checkpoint.name}",
        )
    return str(made)


def pull_model(repo: str, folder: Path | None = None) -> tuple[Path, str]:
    """Pull a model or an adapter from a hub; return its folder and the policy that it opens as.

    Only weights, configurations, the tokenizer and the model card are fetched, no code. What an
    interrupted pull has fetched is kept aside, and the next one goes on from there.

    Args:
        repo: the repository, ``owner/name``.
        folder: where it is written; by default ``INFORCE_HOME/models/hub/owner/name``.

    Raises:
        HubError: the folder exists or cannot be written, the hub cannot be reached or refuses, or
            the repository holds no model.
    """
    from huggingface_hub import HfApi

    place = folder or models_home() / "hub" / repo
    if place.exists():
        raise HubError(f"{place} exists already: remove it, or pull into another folder.")
    hub, draft = HfApi(), place.with_name(f".{place.name}.part")
    with _asked(f"The hub at {hub.endpoint} gave nothing", repo):
        hub.snapshot_download(repo, local_dir=draft, allow_patterns=list(FILES))
    if not any((draft / name).is_file() for name in (ADAPTER, "config.json")):
        shutil.rmtree(draft, ignore_errors=True)
        raise HubError(f"{repo} holds no model: there is no config.json and no {ADAPTER}.")
    shutil.rmtree(draft / ".cache", ignore_errors=True)
    draft.rename(place)
    return place, _opened_as(place)


def _gather(run: Run, checkpoint: Path, repo: str, folder: Path) -> None:
    """Link the files of a checkpoint into a folder, with the card and the base model's name."""
    for file in checkpoint.iterdir():
        if file.is_file() and file.name != CARD:
            (folder / file.name).symlink_to(file.absolute())
    (folder / CARD).write_text(model_card(run, repo), encoding="utf-8")
    config = folder / ADAPTER
    if config.exists():
        told = json.loads(config.read_text(encoding="utf-8"))
        config.unlink()
        told[BASE] = run.recipe().model.name
        config.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _opened_as(folder: Path) -> str:
    config = folder / ADAPTER
    if not config.is_file():
        return str(folder)
    return f"{json.loads(config.read_text(encoding='utf-8')).get(BASE)}+{folder}"


@contextmanager
def _asked(refused: str, repo: str) -> Iterator[None]:
    """Turn failures of the hub into one sentence.

    Raises:
        HubError: the block failed.
    """
    from httpx import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        yield
    except HFValidationError as fault:
        raise HubError(f"'{repo}' is no repository of a hub: write owner/name.") from fault
    except (HfHubHTTPError, HTTPError, OSError) as fault:
        raise HubError(f"{refused} of {repo}: {' '.join(str(fault).split())}.") from fault
