"""Which sentences of a provision may be quoted, and those that speak of another time.

A sentence is quoted with its neighbours while the quotation stays short, within one paragraph: most
rules of two sentences mean nothing by one of them. A paragraph that ends in the middle of a
sentence, as before and between the items of a list, goes on in the next one.
"""

from __future__ import annotations

import re
from datetime import date

from agent.tool_results import Passage
from agent.tools.relevance import QUOTE, sentence_spans
from corpus.languages.dates import find_dates

SHORT, SHORT_CHINESE = 480, 200
"""Characters up to which neighbours are quoted too."""

_YEAR = re.compile(r"(?<![\d.,/-])(?:1[89]|20)\d\d(?![\d.,/-]*\d)")
_CHINESE = "zh"
_UNFINISHED = re.compile(r"[:;,：；，、](?:\s+(?:and|or|et|ou|und|oder|y|o|ja|või))?\s*$")
"""The end of a paragraph whose sentence goes on in the next one."""


def quotable_spans(passage: Passage, as_at: date) -> list[tuple[int, int]]:
    """Return the spans of the sentences that may answer on ``as_at``, in order; none is endless.

    Where some sentence names the time of that day, those that name other times alone are left out
    (and those that name its year alone, where one names an interval around it): a list of yearly
    amounts is one provision in force, and one line of it applies.
    """
    spans = [(start, min(end, start + QUOTE)) for start, end in sentence_spans(passage.text)]
    times = [names_time(passage.text[start:end], as_at) for start, end in spans]
    exact = [_interval_holds(passage.text[start:end], as_at) for start, end in spans]
    wanted = exact if True in exact else times
    if True not in wanted:
        return spans
    zipped = zip(spans, wanted, times, strict=True)
    return [span for span, is_wanted, time in zipped if is_wanted or time is None]


def names_time(sentence: str, day: date) -> bool | None:
    """Tell whether the days or years that a sentence names take in ``day``; ``None``: it has none.

    Two days are an interval, its last day included; of years and single days the year counts.
    """
    if (holds := _interval_holds(sentence, day)) is not None:
        return holds
    days = [found.day for found in find_dates(sentence)]
    years = {found.year for found in days} | {int(year) for year in _YEAR.findall(sentence)}
    return day.year in years if years else None


def _interval_holds(sentence: str, day: date) -> bool | None:
    """Tell whether the two days that a sentence names enclose ``day``; ``None``: it has not two."""
    days = sorted(found.day for found in find_dates(sentence))
    return days[0] <= day <= days[1] if len(days) == 2 else None


def speaks_of_another_time(passage: Passage, quote: str, day: date) -> bool:
    """Tell whether a quotation names other times alone, where its passage names that of ``day``."""
    times = {
        names_time(passage.text[start:end], day) for start, end in sentence_spans(passage.text)
    }
    return True in times and names_time(quote, day) is False


def widened(passage: Passage, span: tuple[int, int]) -> tuple[int, int]:
    """Return a sentence's span with its neighbours while it stays short, the following first."""
    short = SHORT_CHINESE if passage.language.startswith(_CHINESE) else SHORT
    spans = sentence_spans(passage.text)
    start, end = span
    for other in [s for s in spans if s[0] >= end] + [s for s in reversed(spans) if s[1] <= start]:
        low, high = min(start, other[0]), max(end, other[1])
        if high - low > short or not _goes_on(passage.text[low:high]):
            continue
        start, end = low, high
    return start, end


def _goes_on(text: str) -> bool:
    """Tell whether no paragraph of a text but the last ends a sentence.

    A list with years in it is not read on: its items are of different times.
    """
    *before, last = [line for line in text.split("\n") if line.strip()]
    return not before or (
        all(_UNFINISHED.search(line) for line in before)
        and not any(_YEAR.search(line) for line in (*before, last))
    )
