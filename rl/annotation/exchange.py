"""Labels as files: JSON lines, a Parquet folder, and the task JSON of Label Studio.

JSON lines and Parquet hold one row a label, with what training needs to trust it: pseudonyms, the
version of the guidelines, the corpus hash and the ids of the rollouts' traces. Label Studio's
format is described at https://labelstud.io/guide/tasks and https://labelstud.io/guide/export.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from corpus.errors import BadInputError, Place, SourceError
from corpus.model import Frozen
from corpus.questions import Decline
from corpus.validation import source_error
from rl.annotation.items import LETTERS, Choice, Confidence, Decision, Item, Label, LabelStatus

_CHOICE: TypeAdapter[Choice] = TypeAdapter(Choice)

CONTROL = "decision"
"""Name of the Choices control in :func:`labelling_config`."""


def write_jsonl(rows: Sequence[Frozen], path: Path) -> None:
    """Write one JSON object a line: a label, or what was made of one.

    Raises:
        BadInputError: the file cannot be written.
    """
    _write(path, "".join(f"{row.model_dump_json()}\n" for row in rows))


def read_jsonl(path: Path) -> Iterator[Label]:
    """Yield the labels of a file.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: a line is no label; names line and field.
    """
    for number, line in enumerate(_read(path).splitlines(), 1):
        try:
            yield Label.model_validate_json(line)
        except ValidationError as fault:
            raise source_error(Place(str(path), number), fault, "a label") from fault


def write_parquet(labels: Sequence[Label], folder: Path) -> Path:
    """Write ``train.parquet`` into a folder that ``datasets.load_dataset`` opens; return the file.

    Nested values (the choice, the traces) are columns of JSON text, so that every row has the same
    columns.

    Raises:
        BadInputError: the folder cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [_flat(label) for label in labels]
    columns = {name: [row[name] for row in rows] for name in _COLUMNS}
    table = pa.table(
        {name: pa.array(values, type=_COLUMNS[name](pa)) for name, values in columns.items()}
    )
    file = folder / "train.parquet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, file)
    except OSError as fault:
        raise BadInputError(f"Cannot write labels to {file}: {fault.strerror}.") from fault
    return file


def write_label_studio(items: Sequence[Item], labels: Sequence[Label], path: Path) -> None:
    """Write items as Label Studio tasks, with the labels that there are as annotations.

    The labelling interface to paste into a project there goes beside, under the name ``.xml``.

    Where an item comes from is left out: annotators there are as blind as here.

    Raises:
        BadInputError: the file cannot be written.
    """
    known: dict[str, Label | None] = dict.fromkeys(item.id for item in items)
    known |= {label.item: label for label in labels}
    tasks = [_task(item, known[item.id]) for item in items]
    _write(path, json.dumps(tasks, ensure_ascii=False, indent=1))
    _write(path.with_suffix(".xml"), labelling_config())


def read_label_studio(path: Path, items: Sequence[Item]) -> list[tuple[Item, str, Decision]]:
    """Read decisions made in Label Studio: item, pseudonym of the person, decision.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: it is no export of tasks, names an item that is not ours, or a choice that is
            none; names task and field.
    """
    ours = {item.id: item for item in items}
    try:
        tasks = json.loads(_read(path))
    except json.JSONDecodeError as fault:
        raise SourceError(Place(str(path), fault.lineno), f"not JSON: {fault.msg}") from fault
    if not isinstance(tasks, list):
        raise SourceError(Place(str(path)), "not a list of Label Studio tasks")
    return [
        found
        for number, task in enumerate(tasks, 1)
        for found in _done(f"{path}, task {number}", task, ours)
    ]


def labelling_config() -> str:
    """Return the labelling interface of a Label Studio project for our tasks."""
    words = [*LETTERS, *(f"decline:{reason.value}" for reason in Decline), "unsure", "faulty"]
    choices = "\n".join(f'    <Choice value="{word}"/>' for word in words)
    return f"""<View>
  <Header value="$question"/>
  <Text name="as_at" value="$as_at"/>
  <Text name="candidates" value="$candidates"/>
  <Choices name="{CONTROL}" toName="candidates" choice="single" required="true">
{choices}
  </Choices>
</View>
"""


def _text(pa: Any) -> Any:
    return pa.string()


def _number(pa: Any) -> Any:
    return pa.int64()


def _texts(pa: Any) -> Any:
    return pa.list_(pa.string())


_COLUMNS = {
    "project": _text,
    "item": _text,
    "question_id": _text,
    "status": _text,
    "kinds": _texts,
    "kind": _text,
    "choice": _text,
    "people": _texts,
    "guidelines": _number,
    "corpus_hash": _text,
    "traces": _text,
}


def _flat(label: Label) -> dict[str, Any]:
    row = label.model_dump(mode="json")
    row["kind"] = label.choice.kind if label.choice else None
    row["choice"] = label.choice.model_dump_json() if label.choice else None
    row["traces"] = json.dumps(row["traces"], ensure_ascii=False)
    return row


def _task(item: Item, label: Label | None) -> dict[str, Any]:
    shown = item.shown
    candidates = "\n\n".join(
        f"{c.letter}. {c.text}"
        + "".join(f"\n   [{cited.version_id}] {cited.quote}" for cited in c.citations)
        for c in shown.candidates
    )
    task: dict[str, Any] = {
        "data": {
            "item": item.id,
            "question": shown.question,
            "as_at": str(shown.as_at or ""),
            "candidates": candidates,
        }
    }
    if label is not None and label.choice is not None:
        task["annotations"] = [{"result": [_result(label.choice)]}]
    return task


def _result(choice: Choice) -> dict[str, Any]:
    return {
        "from_name": CONTROL,
        "to_name": "candidates",
        "type": "choices",
        "value": {"choices": [_word(choice)]},
    }


def _word(choice: Choice) -> str:
    match choice.kind:
        case "candidate":
            return choice.letter
        case "decline":
            return f"decline:{choice.reason.value}"
        case "version":
            return f"version:{choice.version_id}:{choice.start}:{choice.end}"
        case _:
            return choice.kind


class _Value(BaseModel):
    choices: list[str] = []


class _Result(BaseModel):
    from_name: str = ""
    value: _Value = _Value()


class _Annotation(BaseModel):
    completed_by: int | str = "unknown"
    was_cancelled: bool = False
    result: list[_Result] = []

    def words(self) -> list[str]:
        """Return what was chosen in our control."""
        return [w for one in self.result if one.from_name == CONTROL for w in one.value.choices]


class _Data(BaseModel):
    item: str


class _Task(BaseModel):
    """The fields of a Label Studio task that hold a decision; others are left unread."""

    data: _Data
    annotations: list[_Annotation] = []


def _done(place: str, content: Any, known: dict[str, Item]) -> Iterator[tuple[Item, str, Decision]]:
    """Yield the decisions on one task; a cancelled annotation is a skip there and none here."""
    try:
        task = _Task.model_validate(content)
    except ValidationError as fault:
        raise source_error(Place(place), fault, "a task") from fault
    if task.data.item not in known:
        words = f"no item of this project: {task.data.item}"
        raise SourceError(Place(place, field="data.item"), words)
    for number, made in enumerate(task.annotations):
        if made.was_cancelled:
            continue
        spot, chosen = Place(place, field=f"annotations.{number}.result"), made.words()
        if len(chosen) != 1:
            raise SourceError(spot, f"one choice is wanted, there are {len(chosen)}")
        decision = Decision(choice=_choice(chosen[0], spot), confidence=Confidence.MEDIUM)
        yield known[task.data.item], f"label-studio-{made.completed_by}", decision


def _choice(word: str, place: Place) -> Choice:
    kind, _, rest = word.partition(":")
    content: dict[str, Any] = {"kind": kind}
    if len(word) == 1:
        content = {"kind": "candidate", "letter": word}
    elif kind == "decline":
        content["reason"] = rest
    try:
        return _CHOICE.validate_python(content)
    except ValidationError as fault:
        raise SourceError(place, f"'{word}' is no decision") from fault


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise BadInputError(f"Cannot read {path}: {fault}.") from fault


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as fault:
        raise BadInputError(f"Cannot write labels to {path}: {fault.strerror}.") from fault


def with_status(labels: Sequence[Label], wanted: Sequence[LabelStatus]) -> list[Label]:
    """Return the labels of these statuses; all of them where none is named."""
    return [label for label in labels if not wanted or label.status in wanted]
