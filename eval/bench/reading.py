"""Cost of parsing a question: ``python -m eval.bench.reading [--strings N]``.

Citations and case facts are parsed in every question and every rollout. Two kinds of strings are
parsed over the works of the demonstration corpus: *questions*, random combinations of words,
labels, names and dates of nine languages, and *adversarial* ones, in which a pattern repeats that
could cause backtracking. Prints the median and the 95th percentile in milliseconds per string, and
how much longer a string of twice the length takes.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from rich.table import Table

from agent.applicability.places import placed
from agent.governing_date.choose import choose_governing_date
from agent.request import AskRequest
from corpus.console import out
from corpus.errors import BadInputError, SourceError
from corpus.model import Work
from corpus.sources.registry import open_source
from retrieval.citations.citation_grammar import find_citations

WORDS = [
    "what",
    "does",
    "the",
    "law",
    "say",
    "of",
    "dismissal",
    "notice",
    "rent",
    "when",
    "was",
    "may",
    "which",
    "que",
    "dit",
    "la",
    "loi",
    "sur",
    "le",
    "bail",
    "was",
    "gilt",
    "bei",
    "Kündigung",
    "welche",
    "Frist",
    "qué",
    "plazo",
    "tiene",
    "el",
    "contrato",
    "millal",
    "kehtib",
    "seadus",
]
LABELS = (
    *("s 98(1)", "ss 94-98", "art. 1240", "art. L. 3121-27, al. 2", "§ 433 Abs. 1 S. 2", "§ 1 I 2"),
    *(
        "artículo 1.255",
        "第三百九十三条",
        "第339條之4",
        "12 CFR 1013.2",
        "§ 87¹ lg 2",
        "Sch 1 para 3",
    ),
)
DATES = (
    "on 5 May 2010",
    "le 1er juin 2016",
    "am 3.4.2012",
    "2019-07-01",
    "el 7 de octubre de 2015",
)
HOSTILE = (
    *(
        "s 1",
        "§ 1, ",
        "art. 1 ",
        "(",
        "第",
        "第一条",
        "1.",
        "a ",
        "s s s ",
        "§§ 1-2 ",
        "Code civil ",
    ),
    *("ERA 1996, ", "(1)(a)", "12 CFR 1 ", "al. 1 ", "Abs. 1 und ", "ss 1, 2, ", "et s. ", "I 2 "),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the strings and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strings", type=int, default=2_000, help="of each kind")
    count = parser.parse_args(arguments).strings
    works = tuple(history.work for history in open_source("demo").works(_refuse))
    readers: dict[str, Callable[[str], object]] = {
        "citations": partial(find_citations, works=works),
        "framing": partial(_frame, works),
    }
    table = Table("reads", "strings", "count", "median ms", "p95 ms", "twice as long")
    for name, read in readers.items():
        for kind, strings in (
            ("questions", questions(works, count)),
            ("adversarial", hostile(count)),
        ):
            table.add_row(name, kind, *measure(read, list(strings)))
    out.print(table)


def _refuse(fault: SourceError) -> None:
    raise fault


def questions(works: Sequence[Work], count: int, seed: int = 0) -> Iterator[str]:
    """Yield strings as long as questions, with labels, names and dates among the words."""
    chance = random.Random(seed)
    names = [name for work in works for name in (work.title, *work.aliases)]
    for _ in range(count):
        words = chance.choices(WORDS, k=chance.randint(4, 16))
        for some in (LABELS, names, DATES):
            if chance.random() < 0.6:
                words.insert(chance.randrange(len(words)), chance.choice(some))
        yield " ".join(words) + "?"


def hostile(count: int, seed: int = 0) -> Iterator[str]:
    """Yield strings of 300 characters in which one or two patterns repeat."""
    chance = random.Random(seed)
    for _ in range(count):
        yield "".join(chance.choices(chance.sample(HOSTILE, k=2), k=300))[:300]


def measure(read: Callable[[str], object], strings: Sequence[str]) -> tuple[str, str, str, str]:
    """Return count, median and 95th percentile in milliseconds, and the cost of double length."""
    spent = sorted(_milliseconds(read, text) for text in strings)
    doubled = [_milliseconds(read, text + " " + text) for text in strings]
    growth = sum(doubled) / sum(spent)
    high = spent[int(len(spent) * 0.95)]
    return str(len(spent)), f"{statistics.median(spent):.2f}", f"{high:.2f}", f"x {growth:.1f}"


def _milliseconds(read: Callable[[str], object], text: str) -> float:
    begun = time.perf_counter()
    read(text)
    return (time.perf_counter() - begun) * 1000


def _frame(works: Sequence[Work], text: str) -> object:
    asked = placed(AskRequest(question=text), works)
    try:
        return choose_governing_date(asked, works)
    except BadInputError:
        return None


if __name__ == "__main__":
    main()
