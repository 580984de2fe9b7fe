"""The owner's figures against sums worked out by hand, and keys that the page may not take."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from corpus.model import Version
from rl.annotation.items import ChosenCandidate, Cited
from rl.annotation.queue import assignments
from rl.annotation.queue.agreement import agreement
from rl.annotation.queue.labels import log, progress
from tests.rl.annotation.projects import chosen, filled, fresh, item, text_of
from ui.labelling.evidence import Evidence
from ui.labelling.markup import LONGEST, _text
from ui.labelling.overview import overview, throughput

SAID = {"ann": "AABB", "ben": "ABBB"}
"""Four items that both decide: they differ on the second alone."""


def test_the_owners_figures_equal_sums_by_hand(tmp_path: Path) -> None:
    queue = filled(f"sqlite:///{tmp_path / 'labels.db'}", 4, overlap_share=1.0, budget=10)
    queue.add_items("fees", [item(9, gold=ChosenCandidate(letter="A"))])
    for person, letters in SAID.items():
        for place, letter in enumerate(letters + "A" if person == "ann" else letters + "B"):
            held = assignments.next_item(queue, "fees", person)
            assert held is not None
            seconds = 10.0 * (place + 1) if person == "ann" else 36.0
            made = chosen(letter, seconds=seconds)
            assignments.submit(queue, held, person, made, fresh(), text_of)
    agreed = agreement(queue, "fees")
    # ann A A B B, ben A B B B: equal 3 of 4; by chance (2/4)(1/4) + (2/4)(3/4) = 1/2
    [pair] = agreed.pairs
    assert (pair.items, pair.equal, pair.kappa) == (4, 0.75, pytest.approx((0.75 - 0.5) / 0.5))
    # alpha: 3 A and 5 B of n = 8; D_o = 2/8, D_e = 2 * 3 * 5 / (8 * 7); 1 - D_o / D_e = 8/15
    assert agreed.alpha is not None
    assert agreed.alpha.value == pytest.approx(8 / 15)
    assert agreed.alpha.low <= agreed.alpha.value <= agreed.alpha.high
    assert sorted(agreed.by_item.values()) == [0.0, 1.0, 1.0, 1.0]
    assert [(one.person, one.items, one.right) for one in agreed.gold] == [
        ("ann", 1, 1),
        ("ben", 1, 0),
    ]
    far, speeds = progress(queue, "fees"), throughput(log(queue, "fees"))
    # ann 10 to 50 s: median 30, 120 an hour, 150 s in all; ben 36 s each: 100 an hour, 180 s
    assert [(s.person, s.decisions, s.seconds, s.per_hour, s.spent) for s in speeds] == [
        ("ann", 5, 30.0, 120.0, 150.0),
        ("ben", 5, 36.0, 100.0, 180.0),
    ]
    questions = {one.id: one.shown.question for one in queue.items("fees")}
    page = overview(queue.project("fees"), far, agreed, speeds, questions)
    assert "<strong>3 of 4 items labelled</strong> (1 disagreed, 3 agreed)" in page
    assert "4 labels asked for, budget 10; 10 decisions that stand, 0.09 hours" in page  # 330 s
    assert "alpha 0.53 [" in page
    assert "<td>ann, ben</td><td>4</td><td>75%</td><td>0.50</td>" in page
    assert "On 3 of 4 items that several people decided all agree." in page
    assert "<td>What is fee number 1?</td><td>0%</td>" in page


def _controls() -> None:
    from rl.annotation.items import LETTERS, Candidate, Shown
    from ui.labelling import decision
    from ui.labelling.controls import Controls

    candidates = tuple(Candidate(letter=letter, text=letter) for letter in LETTERS[:11])
    shown = Shown(question="?", as_at=None, candidates=candidates)
    decision.show(
        Controls(screen="s", shown=shown, library=None, decide=print, keep=lambda: None)  # type: ignore[arg-type]
    )


def keys(app: AppTest) -> dict[str, str]:
    return {button.label: button.proto.shortcut for button in app.button}


def test_more_than_nine_candidates_all_have_a_key_in_turn() -> None:
    app = AppTest.from_function(_controls, default_timeout=30).run()
    assert [keys(app)[f"{letter} is right"] for letter in "AIJK"] == ["1", "9", "", ""]
    next(b for b in app.button if b.label == "Keys for the next ones").click().run()
    assert [keys(app)[f"{letter} is right"] for letter in "AIJK"] == ["", "", "1", "2"]
    next(b for b in app.button if b.label == "Keys for the first ones").click().run()
    assert keys(app)["A is right"] == "1"


def test_no_key_is_taken_twice_and_none_shadows_streamlits() -> None:
    app = AppTest.from_function(_controls, default_timeout=30).run()
    for step in ("Abstain", "Skip"):
        assert_keys_are_free(app)
        next(b for b in app.button if b.label == step).click().run()
        assert_keys_are_free(app)
        next(b for b in app.button if b.label == "Back").click().run()


def assert_keys_are_free(app: AppTest) -> None:
    taken = [key.lower() for key in keys(app).values() if key]
    assert len(taken) == len(set(taken))
    assert not {"c", "r"} & set(taken)


def test_a_long_text_shows_the_words_quoted_and_folds_the_whole() -> None:
    text = "before " * 400 + "the fee is £40" + " after" * 400
    start = text.index("the fee")
    version = Version.model_validate(
        {
            "id": "v@1",
            "provision_id": "v",
            "text": text,
            "language": "en",
            "valid_from": date(2000, 1, 1),
            "valid_to": None,
            "source": {"file": "test"},
        }
    )
    cited = Cited(version_id="v@1", quote="the fee is £40")
    shown = _text(version, Evidence(cited=cited, version=version, span=(start, start + 14)))
    part, _, whole = shown.partition("<details>")
    assert "<mark>the fee is £40</mark>" in part
    assert len(part) < LONGEST + 200
    assert "… before" in part
    assert "after …" in part
    assert text in whole
