"""The ledger says no number that no page of findings has, and no verdict that chance explains."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.claims.ledger import LedgerRow, holm, judged, ledger_rows, page
from eval.claims.student import p_value, quantile
from eval.claims.variances import Spread, digamma, moderated, trigamma

DOCS = Path(__file__).parents[2] / "docs"
BASE = {
    "system": "A",
    "paper": "1",
    "claimed": "c",
    "published": "p",
    "setting": "agent",
    "measured": "accuracy",
    "control": "k",
}


def row(effect: str, n: int = 5) -> LedgerRow:
    return LedgerRow.model_validate({**BASE, "effect": effect, "n": n, "source": "x.md"})


@pytest.mark.parametrize("one", ledger_rows(), ids=lambda one: f"{one.system}, {one.setting}")
def test_every_effect_stands_on_the_page_that_it_names(one: LedgerRow) -> None:
    if one.effect is None:
        assert one.unmeasured
        return
    text = (DOCS / "findings" / str(one.source)).read_text(encoding="utf-8")
    assert one.effect in " ".join(text.split())


def test_the_page_is_written_from_the_rows() -> None:
    assert (DOCS / "claims.md").read_text(encoding="utf-8") == page(judged(ledger_rows()))


def test_every_system_has_a_row() -> None:
    papers = {one.paper for one in ledger_rows()}
    assert papers >= {
        *("2605.22703", "2505.22617", "2605.22620", "2605.25850", "2605.25864", "2605.21235"),
        *("2605.21467", "2605.22537", "2605.22731", "2605.26078", "2506.14758", "2605.25920"),
        *("2605.21468", "2605.21266", "2605.25984", "2605.26012"),
    }


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.7062), (2, 4.3027), (4, 2.7764), (9, 2.2622), (39, 2.0227)]
)
def test_quantiles_are_those_of_the_tables(freedom: int, expected: float) -> None:
    assert quantile(0.95, freedom) == pytest.approx(expected, abs=1e-4)
    assert p_value(expected, freedom) == pytest.approx(0.05, abs=1e-5)


def test_p_values_are_symmetric_and_end_at_the_ends() -> None:
    assert p_value(-2.5, 7) == p_value(2.5, 7)
    assert p_value(0.0, 7) == 1.0
    assert p_value(1e9, 3) < 1e-20


def test_holm_corrects_the_least_the_most_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_an_interval_that_excludes_zero_alone_is_no_verdict_among_many() -> None:
    alone = judged([row("+2.0 [+0.1, +3.9]")])[0]
    assert alone.verdict == "better than its control"
    assert alone.p == pytest.approx(0.0425, abs=0.005)
    among = judged([row("+2.0 [+0.1, +3.9]")] + [row("+0.1 [-1.8, +2.0]")] * 9)[0]
    assert among.verdict == "no difference shown"


def test_a_variance_that_is_small_by_chance_makes_no_effect_certain() -> None:
    wide = [row("+0.5 [-9.0, +10.0]", 3), row("-1.0 [-8.0, +6.0]", 3), row("+1.0 [-12, +14]", 3)]
    lucky = row("+2.0 [+1.9, +2.1]", 3)
    alone, among = (judged(rows)[-1].p for rows in ([lucky], [*wide, lucky]))
    assert alone is not None
    assert among is not None
    assert among > 4 * alone


def test_variances_are_pulled_to_the_common_one_as_far_as_chance_explains() -> None:
    alike = [Spread(variance=v, freedom=4) for v in (1.0, 1.3, 0.8, 1.1)]
    found = moderated(alike)
    assert len({one.variance for one in found}) == 1
    assert found[0].freedom == 16
    apart = [Spread(variance=v, freedom=9) for v in (0.01, 0.02, 1.0, 1.5, 100.0, 150.0)]
    found = moderated(apart)
    assert [one.variance for one in found] == sorted(one.variance for one in found)
    assert apart[0].variance < found[0].variance < 0.2
    assert 50 < found[-1].variance < apart[-1].variance
    assert moderated(apart[:2]) == apart[:2], "two say nothing of a common variance"


@pytest.mark.parametrize(
    ("x", "first", "second"),
    [(1.0, -0.5772157, 1.6449341), (0.5, -1.9635100, 4.9348022), (7.5, 1.9467575, 0.1426159)],
)
def test_digamma_and_trigamma_are_those_of_the_tables(
    x: float, first: float, second: float
) -> None:
    assert digamma(x) == pytest.approx(first, abs=1e-6)
    assert trigamma(x) == pytest.approx(second, abs=1e-6)


def test_what_is_not_measured_says_why_and_does_not_count() -> None:
    none = LedgerRow.model_validate({**BASE, "unmeasured": "one seed"})
    found = judged([none, row("-9.0 [-10.0, -8.0]")])
    assert found[0].verdict == "not measured: one seed"
    assert found[0].p is None
    assert found[1].verdict == "worse than its control"
    assert found[1].corrected == found[1].p


@pytest.mark.parametrize(
    "fields",
    [{}, {"effect": "+1.0 [+0.0, +2.0]"}, {"effect": "1", "n": 3, "source": "x.md"}],
)
def test_a_row_without_effect_or_reason_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="LedgerRow"):
        LedgerRow.model_validate({**BASE, **fields})
