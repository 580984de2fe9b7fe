"""Items and labels in the task JSON of Label Studio, and decisions made there.

The format is described at https://labelstud.io/guide/tasks and https://labelstud.io/guide/export.
A decision is one word in a Choices control. The word ``version`` needs a second control, a text
area: its first line is the id of the version, the lines after it are the words that answer. An
export writes the characters ``start end`` of the words behind the id; a person may leave them out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from corpus.errors import BadInputError, Place, SourceError
from corpus.languages.quotation import quoted_span
from corpus.questions import Decline
from corpus.validation import source_error
from corpus.whole_file import write_whole
from rl.annotation.exchange import read_text
from rl.annotation.imported import Made
from rl.annotation.items import (
    LETTERS,
    Choice,
    ChosenVersion,
    Confidence,
    Decision,
    Item,
    Label,
)
from rl.annotation.queue.decision_log import TextOf
from rl.annotation.spans import marked

_CHOICE: TypeAdapter[Choice] = TypeAdapter(Choice)

CONTROL, SPAN = "decision", "version"
"""Names of the Choices control and of the text area in :func:`labelling_config`."""
_FIRST_LINE = re.compile(r"(?P<version>\S+)(?:[ \t]+(?P<start>\d+)[ \t]+(?P<end>\d+))?")


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
    write_whole(path, json.dumps(tasks, ensure_ascii=False, indent=1).encode())
    write_whole(path.with_suffix(".xml"), labelling_config().encode())


def read_label_studio(path: Path, items: Sequence[Item], text_of: TextOf) -> list[Made]:
    """Read decisions made in Label Studio.

    Args:
        path: an export of Label Studio, or one of ours.
        items: the items of the project.
        text_of: reads the texts of versions, to find marked words in.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: it is no export of tasks, names an item that is not ours, or a choice that is
            none; names task and field.
    """
    ours = {item.id: item for item in items}
    try:
        tasks = json.loads(read_text(path))
    except json.JSONDecodeError as fault:
        raise SourceError(Place(str(path), fault.lineno), f"not JSON: {fault.msg}") from fault
    if not isinstance(tasks, list):
        raise SourceError(Place(str(path)), "not a list of Label Studio tasks")
    return [
        found
        for number, task in enumerate(tasks, 1)
        for found in _done(f"{path}, task {number}", task, ours, text_of)
    ]


def labelling_config() -> str:
    """Return the labelling interface of a Label Studio project for our tasks."""
    declines = [f"decline:{reason.value}" for reason in Decline]
    words = [*LETTERS, SPAN, *declines, "unsure", "faulty"]
    choices = "\n".join(f'    <Choice value="{word}"/>' for word in words)
    return f"""<View>
  <Header value="$question"/>
  <Text name="as_at" value="$as_at"/>
  <Text name="candidates" value="$candidates"/>
  <Choices name="{CONTROL}" toName="candidates" choice="single" required="true">
{choices}
  </Choices>
  <TextArea name="{SPAN}" toName="candidates" rows="3" maxSubmissions="1"
    placeholder="For {SPAN}: its id, and from the next line on the words that answer"/>
</View>
"""


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
        task["annotations"] = [{"result": _results(label.choice)}]
    return task


def _results(choice: Choice) -> list[dict[str, Any]]:
    found = [_result(CONTROL, "choices", "choices", _word(choice))]
    if isinstance(choice, ChosenVersion):
        span = f"{choice.version_id} {choice.start} {choice.end}\n{choice.quote}"
        found.append(_result(SPAN, "textarea", "text", span))
    return found


def _result(control: str, kind: str, field: str, value: str) -> dict[str, Any]:
    return {
        "from_name": control,
        "to_name": "candidates",
        "type": kind,
        "value": {field: [value]},
    }


def _word(choice: Choice) -> str:
    match choice.kind:
        case "candidate":
            return choice.letter
        case "decline":
            return f"decline:{choice.reason.value}"
        case _:
            return choice.kind


class _Value(BaseModel):
    choices: list[str] = []
    text: list[str] = []


class _Result(BaseModel):
    from_name: str = ""
    value: _Value = _Value()


class _Annotation(BaseModel):
    completed_by: int | str | None = None
    was_cancelled: bool = False
    result: list[_Result] = []

    def words(self) -> list[str]:
        """Return what was chosen in our control."""
        return [w for one in self.result if one.from_name == CONTROL for w in one.value.choices]

    def span(self) -> str:
        """Return what was typed in our text area."""
        return "\n".join(t for one in self.result if one.from_name == SPAN for t in one.value.text)


class _Data(BaseModel):
    item: str


class _Task(BaseModel):
    """The fields of a Label Studio task that hold a decision; others are left unread."""

    data: _Data
    annotations: list[_Annotation] = []


def _done(place: str, content: Any, known: dict[str, Item], text_of: TextOf) -> Iterator[Made]:
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
        choice = (
            _version(made.span(), spot, text_of) if chosen[0] == SPAN else _choice(chosen[0], spot)
        )
        person = "" if made.completed_by is None else f"label-studio-{made.completed_by}"
        decision = Decision(choice=choice, confidence=Confidence.MEDIUM)
        yield Made(item=known[task.data.item], person=person, decision=decision)


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


def _version(typed: str, place: Place, text_of: TextOf) -> ChosenVersion:
    first, _, words = typed.strip().partition("\n")
    found = _FIRST_LINE.fullmatch(first.strip())
    if found is None:
        raise SourceError(place, f"the first line of '{SPAN}' must be the id of a version")
    version_id = found["version"]
    text = text_of(version_id)
    if text is None:
        raise SourceError(place, f"the corpus has no version '{version_id}'")
    try:
        start, end = _place(words, text, found)
    except BadInputError as fault:
        raise SourceError(place, f"the words do not stand in version '{version_id}'") from fault
    return ChosenVersion(version_id=version_id, quote=text[start:end], start=start, end=end)


def _place(words: str, text: str, found: re.Match[str]) -> tuple[int, int]:
    """Return the offsets that were given, if the words are there, else where the words stand."""
    if found["start"] is not None:
        start, end = int(found["start"]), int(found["end"])
        if quoted_span(words, text[start:end]) is not None:
            return start, end
    return marked(words, text)
