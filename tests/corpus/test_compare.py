import random
import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.compare import Redline, as_html, as_text, caption, compare, compare_texts
from corpus.model import EndReason, SourceRef, Version

WORDS = st.lists(
    st.sampled_from(
        ["the", "fine", "is", "1,000", "2.5", " ", "\n", "人民", "五百", "e\u0301", "<b>"]
    ),
    max_size=60,
).map("".join)


def version(text: str, day: str = "2020-01-01", **fields: object) -> Version:
    return Version(
        id=f"xx/act#a@{day}",
        provision_id="xx/act#a",
        language="en",
        text=text,
        valid_from=date.fromisoformat(day),
        source=SourceRef(file="hand"),
        **fields,
    )


def redline(before: str, after: str) -> Redline:
    return compare(version(before), version(after, "2021-01-01", introduced_by="Act 7 of 2020"))


def marked(before: str, after: str) -> str:
    return as_text(redline(before, after)).partition("\n\n")[2]


def joined(before: str, after: str, without: str) -> str:
    return "".join(s.text for s in compare_texts(before, after) if s.kind != without)


@given(st.text(max_size=300) | WORDS, st.text(max_size=300) | WORDS)
@settings(max_examples=300)
def test_both_texts_can_be_rebuilt_from_the_redline(before: str, after: str) -> None:
    assert joined(before, after, without="added") == before
    assert joined(before, after, without="removed") == after


@given(st.lists(st.integers(0, 3), max_size=900), st.lists(st.integers(0, 3), max_size=900))
@settings(max_examples=40, deadline=None)
def test_long_repetitive_stretches_stay_lossless(before: list[int], after: list[int]) -> None:
    a, b = (" ".join(map(str, numbers)) for numbers in (before, after))
    assert joined(a, b, without="added") == a
    assert joined(a, b, without="removed") == b


@given(WORDS, WORDS)
def test_segments_are_never_empty_and_never_repeat_their_kind(before: str, after: str) -> None:
    segments = compare_texts(before, after)
    assert all(s.text for s in segments)
    assert all(a.kind != b.kind for a, b in pairwise(segments))


@given(st.text(max_size=200))
def test_equal_texts_show_no_change(text: str) -> None:
    assert all(s.kind == "same" for s in compare_texts(text, text))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a fine of 1,000 pounds", "a fine of 2,500 pounds", "a fine of [-1,000-]{+2,500+} pounds"),
        ("the old law applies", "a new act applies", "[-the old law-]{+a new act+} applies"),
        ("处三年以下有期徒刑", "处十二年以下有期徒刑", "处[-三-]{+十二+}年以下有期徒刑"),
        ("人民法院决定", "人民检察院决定", "人民[-法-]{+检察+}院决定"),
        ("L'article 3 est", "L'article 4 est", "L'article [-3-]{+4+} est"),
        ("cafe\u0301", "cafe", "[-cafe\u0301-]{+cafe+}"),
        ("one\ntwo", "1\n2", "[-one-]{+1+}\n[-two-]{+2+}"),
        ("old", "old and new", "old{+ and new+}"),
    ],
)
def test_figures_words_and_characters_change_whole(before: str, after: str, expected: str) -> None:
    assert marked(before, after) == expected


def test_a_long_text_without_any_rare_word_keeps_what_it_shares() -> None:
    chance = random.Random(7)
    words = [f"w{chance.randrange(60)}" for _ in range(50_000)]
    edited = [w if n % 2_000 else f"changed{n}" for n, w in enumerate(words)]
    segments = compare_texts(" ".join(words), " ".join(edited))
    assert sum(s.kind == "added" for s in segments) == 25
    assert sum(len(s.text) for s in segments if s.kind == "same") > 0.99 * len(" ".join(words))


def test_a_long_text_without_anchors_comes_back_at_once_as_one_change() -> None:
    kinds = [s.kind for s in compare_texts("a b " * 50_000, "b a a " * 33_000 + "b")]
    assert kinds == ["removed", "added"]


def test_markup_in_a_statute_is_shown_not_run() -> None:
    page = as_html(redline("safe", '<script>alert("x")</script>&</ins>'))
    assert "<script" not in page
    assert page.count("</ins>") == 1
    assert "&lt;script&gt;" in page


def test_markup_in_the_instrument_and_language_is_escaped() -> None:
    after = version("b", "2021-01-01", introduced_by="<img src=x>")
    page = as_html(compare(version("a"), after.model_copy(update={"language": 'en"><b'})))
    assert "<img" not in page
    assert "<b" not in page


def test_terminal_and_direction_controls_are_made_visible() -> None:
    line = redline("fine", "fi\x1b[2Jne \u202eerofeb\u202c \r\x00")
    for shown in (as_text(line), as_html(line)):
        assert not re.search("[\x1b\u202e\u202c\r\x00]", shown)
        assert "\ufffd" in shown


def test_html_reads_back_to_both_texts() -> None:
    page = as_html(redline("keep <old> & this", "keep <new> & this"))
    assert "keep &lt;<del>old</del><ins>new</ins>&gt; &amp; this" in page


def test_caption_names_both_intervals_and_the_instrument() -> None:
    before = version("a", valid_to=date(2021, 1, 1), ended=EndReason.SUPERSEDED)
    after = version("b", "2021-01-01", introduced_by="Act 7 of 2020")
    assert caption(compare(before, after)) == (
        "Before: in force from 2020-01-01 to 2020-12-31. "
        "After: in force since 2021-01-01, by Act 7 of 2020."
    )


def test_the_instrument_is_that_of_the_later_text_in_either_direction() -> None:
    old = version("a", introduced_by="Act 1 of 2019")
    new = version("b", "2021-01-01", introduced_by="Act 7 of 2020")
    assert compare(old, new).instrument == compare(new, old).instrument == "Act 7 of 2020"


def test_the_ending_act_is_used_only_where_the_texts_adjoin() -> None:
    fields = {"valid_to": date(2021, 1, 1), "ended": EndReason.SUPERSEDED, "ended_by": "Act 7"}
    assert compare(version("a", **fields), version("b", "2021-01-01")).instrument == "Act 7"
    assert compare(version("a", **fields), version("b", "2022-01-01")).instrument is None


def test_a_version_against_itself_has_no_instrument_and_no_change() -> None:
    same = version("a", introduced_by="Act 1 of 2019")
    assert compare(same, same).instrument is None
    assert not compare(same, same).changed
