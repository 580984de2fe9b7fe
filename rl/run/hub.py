"""Push a run's model to a hub, with its model card. Needs the extra train."""

from __future__ import annotations

from corpus.errors import InForceError
from rl.run.checkpoints import SEAL, newest_whole
from rl.run.model_card import write_model_card
from rl.run.run_directory import Run

FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")
LEFT_OUT = ("trainer_state.json", "digests.json", SEAL)
"""Files of a checkpoint that only resuming reads, beside those that :data:`FILES` leaves out."""


class HubError(InForceError):
    """The hub cannot be reached, or refuses."""


def push_run(run: Run, repo: str, *, public: bool = False) -> str:
    """Push the newest whole checkpoint of a run and its model card; return the address.

    The hub is that of ``HF_ENDPOINT``, the token that of ``hf auth login`` or ``HF_TOKEN``.

    Args:
        run: the run.
        repo: the repository, ``owner/name``; it is made if there is none.
        public: whether a new repository can be read by all.

    Raises:
        RunError: there is no run.
        TrainingFault: all checkpoints are damaged.
        HubError: there is no checkpoint, or the hub cannot be reached or refuses.
    """
    from httpx import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    checkpoint, _ = newest_whole(run.checkpoints)
    if checkpoint is None:
        raise HubError(f"{run.name} has no checkpoint to push.")
    card = write_model_card(run)
    hub = HfApi()
    try:
        made = hub.create_repo(repo, private=not public, exist_ok=True)
        hub.upload_folder(
            repo_id=made.repo_id,
            folder_path=checkpoint,
            allow_patterns=list(FILES),
            ignore_patterns=list(LEFT_OUT),
            commit_message=f"{run.name}, {checkpoint.name}",
        )
        hub.upload_file(
            repo_id=made.repo_id,
            path_in_repo=card.name,
            path_or_fileobj=card,
            commit_message=f"Model card of {run.name}",
        )
    except HFValidationError as fault:
        raise HubError(f"'{repo}' is no repository of a hub: write owner/name.") from fault
    except (HfHubHTTPError, HTTPError, OSError) as fault:
        words = " ".join(str(fault).split())
        raise HubError(f"The hub at {hub.endpoint} took nothing of {repo}: {words}.") from fault
    return str(made)
