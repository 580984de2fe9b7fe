"""The times of pages are compared with Ask's of the same round."""

from __future__ import annotations

import pytest

from eval.bench.first_paint import compared


def test_a_page_is_compared_with_ask_round_by_round() -> None:
    found = {"ask": [(1.0, 100.0), (1.0, 400.0)], "law": [(1.0, 150.0), (1.0, 600.0)]}
    ratio, low, high = compared(found, "law")
    assert ratio == low == high == pytest.approx(1.5)
