"""A map of questions is fitted to other works, and passages move only towards their own act."""

from __future__ import annotations

from datetime import date

import numpy as np

from eval.bench.question_vectors import Held, _map, _mapped, _ranks
from eval.bench.ranking import RankedQuery
from retrieval.query import IndexedText
from retrieval.vectors.encoder import Vectors


def row(work: str, number: int) -> IndexedText:
    return IndexedText(
        key=f"{work}#{number}",
        version_id=f"{work}#{number}@2000-01-01",
        provision_id=f"{work}#{number}",
        work_id=work,
        work_title=work,
        jurisdiction="uk",
        language="en",
        extent=None,
        kind="act",
        label=f"s {number}",
        heading=None,
        text="Text.",
        valid_from=date(2000, 1, 1),
        valid_to=None,
        known_from=None,
        known_to=None,
        row_from=date(2000, 1, 1),
        row_to=None,
    )


def asked(gold: IndexedText) -> RankedQuery:
    return RankedQuery(
        text="?",
        as_at=date(2010, 1, 1),
        known_at=None,
        extent=None,
        language="en",
        work_id=gold.work_id,
        gold=(gold.version_id,),
    )


def basis(size: int) -> Vectors:
    return np.eye(size, dtype=np.float32)


def test_a_passage_moves_towards_its_own_act_alone() -> None:
    rows = [row("uk/a", 1), row("uk/a", 2), row("uk/b", 1)]
    moved = Held.of(rows, basis(3)).near_others().vectors_N_D
    assert moved[0][1] > 0
    assert moved[1][0] > 0
    assert moved[:2, 2].tolist() == [0, 0]
    assert moved[2].tolist() == [0, 0, 1]


def test_a_map_puts_the_right_passage_of_its_questions_first() -> None:
    e = basis(4)
    pairs = [(e[0], e[[1, 2]], 1), (e[3], e[[1, 2]], 0)]
    w = _map(pairs, 0.01)
    assert e[2] @ (e[0] + w @ e[0]) > e[1] @ (e[0] + w @ e[0])
    assert e[1] @ (e[3] + w @ e[3]) > e[2] @ (e[3] + w @ e[3])


def test_no_question_is_mapped_by_what_was_fitted_to_its_work() -> None:
    rows = [row(f"uk/{n}", 1) for n in range(12)]
    held = Held.of(rows, basis(12))
    questions = np.random.default_rng(0).normal(size=(12, 12)).astype(np.float32)
    changed = [asked(one) for one in rows]
    before = _mapped(held, changed, questions, 0.1)
    changed[0] = asked(rows[0]).model_copy(update={"gold": (rows[5].version_id,)})
    after = _mapped(held, changed, questions, 0.1)
    assert np.allclose(before[0], after[0])
    assert not np.allclose(before, after)


def test_ranks_are_among_what_is_in_force() -> None:
    rows = [row("uk/a", 1), row("uk/a", 2)]
    held = Held.of(rows, basis(2))
    assert _ranks(held, [asked(rows[1])], basis(2)[:1]) == [2]
    assert _ranks(held, [asked(rows[1])], basis(2)[1:]) == [1]
