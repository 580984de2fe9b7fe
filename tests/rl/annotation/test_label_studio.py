"""Labels in Label Studio's task JSON: our own export comes back, and so do spans typed there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import InForceError
from rl.annotation.items import ChosenVersion, Decision, Faulty
from rl.annotation.label_studio import (
    labelling_config,
    read_label_studio,
    write_label_studio,
)
from rl.annotation.queue import assignments
from rl.annotation.queue.labels import labels
from tests.rl.annotation.projects import TEXTS, chosen, declined, filled, fresh, marked, text_of

FINE = "L’amende est de"


def task(item: str, typed: str, **annotation: Any) -> dict[str, Any]:
    result = [
        {"from_name": "decision", "value": {"choices": ["version"]}},
        {"from_name": "version", "value": {"text": [typed]}},
    ]
    made = {"completed_by": 7, "result": result, **annotation}
    return {"data": {"item": item}, "annotations": [made]}


def read(path: Path, items: Any, tasks: list[dict[str, Any]]) -> list[Decision]:
    path.write_text(json.dumps(tasks))
    return [one.decision for one in read_label_studio(path, items, text_of)]


def test_every_kind_of_label_of_ours_comes_back_as_it_was(tmp_path: Path) -> None:
    queue = filled(f"sqlite:///{tmp_path / 'labels.db'}", 7, overlap_share=0.0)
    text = TEXTS["v1"]
    across = marked("v1", text.index("£40"), text.index("is paid"))
    made = [chosen("B"), declined(), Decision(choice=Faulty())]
    made += [marked("v2", 16, 24), across]
    for decision in made:
        held = assignments.next_item(queue, "fees", "ann")
        assert held is not None
        assignments.submit(queue, held, "ann", decision, fresh(), text_of)
    found = labels(queue, "fees")
    path = tmp_path / "tasks.json"
    write_label_studio(queue.items("fees"), found, path)
    back = read_label_studio(path, queue.items("fees"), text_of)
    assert [one.decision.choice for one in back] == [one.choice for one in made]
    assert {one.person for one in back} == {""}
    declared = re.findall('Choice value="([^"]+)"', labelling_config())
    words = re.findall(r'"choices": \[\s*"([^"]+)"', path.read_text())
    assert set(words) <= set(declared), "Label Studio knows no such choice"


def test_words_typed_there_are_found_in_the_version(tmp_path: Path) -> None:
    items = filled(f"sqlite:///{tmp_path / 'labels.db'}", 1).items("fees")
    path = tmp_path / "tasks.json"
    [typed] = read(path, items, [task(items[0].id, f"v2\n{FINE.replace('’', chr(39))}")])
    start = TEXTS["v2"].index(FINE)
    span = {"start": start, "end": start + len(FINE)}
    assert typed.choice == ChosenVersion(version_id="v2", quote=FINE, **span)
    [whole] = read(path, items, [task(items[0].id, "v2")])
    assert isinstance(whole.choice, ChosenVersion)
    assert whole.choice.quote == TEXTS["v2"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "the first line of 'version' must be the id of a version"),
        ("the fee is due", "the first line of 'version' must be the id of a version"),
        ("v9\nThe fee", "the corpus has no version 'v9'"),
        ("v1\nThe fine", "the words do not stand in version 'v1'"),
    ],
)
def test_a_version_that_is_not_there_names_its_task(tmp_path: Path, typed: str, words: str) -> None:
    items = filled(f"sqlite:///{tmp_path / 'labels.db'}", 1).items("fees")
    place = f"tasks.json, task 1, field 'annotations.0.result': {words}"
    with pytest.raises(InForceError, match=re.escape(place)):
        read(tmp_path / "tasks.json", items, [task(items[0].id, typed)])
