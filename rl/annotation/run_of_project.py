"""The training run that a labelling project was made from."""

from __future__ import annotations

from pathlib import Path

from rl.annotation.items import Project
from rl.journal import TRACES, RunError
from rl.run.run_directory import Run, find_run, runs_home


def journal_of(source: str) -> Path:
    """Return the ``traces.jsonl`` of a run by its name or folder, or the file itself.

    Raises:
        RunError: there is no such run.
    """
    path = Path(source)
    return path if path.suffix == ".jsonl" else find_run(source, runs_home()).folder / TRACES


def missing_run(project: Project) -> str | None:
    """Return a sentence that the run of a project is gone, ``None`` where it is there.

    Its items, decisions and labels are in the queue and do not need the run.
    """
    try:
        journal = journal_of(project.run)
        if journal.is_file() or Run(journal.parent).asked.path.is_file():  # it waits in round 1
            return None
    except RunError:
        pass
    return (
        f"The run '{project.run}' of project '{project.name}' is gone: what is decided is kept and"
        " can be exported, but no more questions can be chosen from it."
    )
