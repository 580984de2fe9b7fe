"""Nothing of one person is on another's screen: people at once, each with a word of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("websockets", reason="needs the extra dev")
from eval.bench.desk.rounds import OWN, SECRET, Seen, person_id, prepared, together
from eval.bench.desk.serving import served
from eval.bench.desk.visitor import Visit, Visitor, marker

PEOPLE = 4


def test_people_at_once_are_sent_nothing_of_each_other(tmp_path: Path) -> None:
    settings = prepared(f"sqlite:///{tmp_path / 'store.db'}", tmp_path, PEOPLE)
    with served(settings.environment(), tmp_path, SECRET) as app:
        seen = together(app, PEOPLE, 1)
        with Visitor(app.address, "another-secret-than-the-one-of-the-app", person_id(0)) as forger:
            forged = forger.visit("", id=seen.answers[0])
    assert set(seen.seconds) >= {*OWN, "act", "provision", "coverage", "another's id"}
    assert seen.failed == []
    assert seen.lacking == []
    assert seen.foreign == []
    assert seen.in_addresses == 0
    assert forged.markers == frozenset()


def test_a_word_of_another_person_is_noticed_and_so_is_one_that_lacks() -> None:
    seen = Seen()
    seen.note(0, "ask", Visit(1.0, frozenset({marker(1)}), 10, f"q={marker(0)}", failed=True))
    assert (seen.foreign, seen.lacking, seen.failed) == ([f"ask: {marker(1)}"], ["ask"], ["ask"])
    assert seen.in_addresses == 1
