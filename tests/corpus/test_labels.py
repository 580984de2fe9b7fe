"""One key for every way of writing a number."""

from __future__ import annotations

from datetime import date

import pytest

from corpus.history.identity import trace
from corpus.history.snapshots import Snapshot, Unit
from corpus.model import SourceRef
from corpus.provision_numbers import chinese_number, label_key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Article L. 52-1", "l52-1"),
        ("art. 1382", "1382"),
        ("s 98(1)", "98(1)"),
        ("Sec. 1024.35(e)", "1024.35(e)"),
        ("section 12A", "12a"),
        ("§ 87", "87"),
        ("第四十六条", "46"),
        ("第三百九十三条之一", "393之1"),
        ("第一千二百六十条", "1260"),
        ("第10-1條", "10-1"),
        ("第 91-1 條", "91-1"),
        ("Art. 427–1", "427-1"),
    ],
)
def test_ways_of_writing_one_label_share_a_key(written: str, key: str) -> None:
    assert label_key(written) == key


def test_distinct_articles_keep_distinct_keys() -> None:
    labels = ["10", "10-1", "101", "10(1)", "第十条", "第十条之一"]
    assert len({label_key(label) for label in labels}) == 5  # 第十条 is article 10


def test_a_word_is_not_a_chinese_number() -> None:
    with pytest.raises(ValueError, match="not a Chinese numeral"):
        chinese_number("十x")


class Looked(tuple[Unit, ...]):
    """Units that count how often somebody looks through all of them."""

    times = 0

    def __contains__(self, unit: object) -> bool:
        Looked.times += 1
        return super().__contains__(unit)


def test_many_texts_under_one_label_are_traced_without_comparing_each_with_all() -> None:
    kept = [Unit("1", "§ 1", None, f"Text {n}.", f"Text {n}.") for n in range(20_000)]
    changed = [*kept[:-1], Unit("1", "§ 1", None, "Another text.", "Another text.")]
    stages = [
        Snapshot(day=date(year, 1, 1), page={"1": Looked(units)}, source=SourceRef(file="x"))
        for year, units in ((2000, kept), (2001, changed))
    ]
    provisions, versions = trace("xx/x", stages, language="en")
    assert Looked.times < 100
    assert len(provisions) == 20_000
    assert sum(1 for version in versions if version.valid_from == date(2001, 1, 1)) == 1
