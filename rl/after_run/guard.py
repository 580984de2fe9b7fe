"""The guard of everything made after a run: the best point on the selection split is written.

The raw last checkpoint is always among the points, and wins every tie, so what is written is never
worse than it on that split. Scores are journalled as they are found, so an interrupted comparison
goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from corpus.errors import BadInputError
from corpus.model import Frozen
from rl.journal import Journal

SETTING, SCORES = "setting.json", "scores.jsonl"


class Scored(Frozen):
    """A point and its score on the selection split.

    Attributes:
        name: name of the point.
        right: share of the questions of the selection split answered right, greedily.
        questions: number of questions.
    """

    name: str
    right: float
    questions: int


def best(scored: Sequence[Scored]) -> Scored:
    """Return the point with the greatest share right; of equal ones the first.

    Raises:
        ValueError: there is none.
    """
    return max(scored, key=lambda one: one.right)


def opened_folder(folder: Path, setting: Frozen) -> Path:
    """Return a folder for the results of a setting, made where it does not exist.

    Raises:
        BadInputError: the folder holds results of another setting, or cannot be written.
    """
    file = folder / SETTING
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text(setting.model_dump_json(indent=2) + "\n", encoding="utf-8")
        elif _read(file, type(setting)) != setting:
            raise BadInputError(f"{folder} holds other results, of {file.name}; give another --to.")
    except OSError as fault:
        raise BadInputError(f"Cannot write to {folder}: {fault.strerror}.") from fault
    return folder


def score_each(names: Iterable[str], folder: Path, score: Callable[[str], Scored]) -> list[Scored]:
    """Return the score of every point, in order; those in the folder's journal are reused.

    Args:
        names: the points.
        folder: from :func:`opened_folder`.
        score: computes the score of a point.

    Raises:
        InForceError: as ``score``; the disk is full.
    """
    journal = Journal(folder / SCORES)
    journal.cut_unfinished()
    known = {row["name"]: Scored.model_validate(row) for row in journal.rows()}
    found = []
    for name in names:
        if name not in known:
            known[name] = score(name)
            journal.append([known[name].model_dump()])
        found.append(known[name])
    return found


def _read(file: Path, kind: type[Frozen]) -> Frozen | None:
    try:
        return kind.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError:
        return None
