"""One key for every way of writing a number."""

from __future__ import annotations

import pytest

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
