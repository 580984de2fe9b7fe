"""Check of the French Civil Code against an independent reading of the same commits.

``python -m eval.bench.civil_code FOLDER`` reads ``fr-codes.bundle`` in the folder and compares the
git adapter's Code civil, by article number, with ``derived/civil_article_versions.jsonl.gz``:
interval and text (ignoring white space) of every article version. Every differing row must have a
cause that can be verified from the data:

- *repeal marker*: the other reading keeps "(article abrogé)" as a text; here it is a repeal.
- *several texts*: the source prints several texts under the number on some of these days. The other
  reading takes one; here each is a provision of its own and the number is ambiguous. On all other
  days of the number the two readings agree.
- *division title*: the other reading's text ends with the title of the division that follows.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from corpus.errors import SourceError
from corpus.model import WorkHistory
from corpus.provision_numbers import label_key
from corpus.sources.git.git_markdown import GitMarkdown
from corpus.sources.git.markdown_dialect import PageRules, read_dialect

CODE = "LEGITEXT000006070721"
ORACLE = Path("derived/civil_article_versions.jsonl.gz")
BUNDLE = Path("fr-codes.bundle")
_OPEN = date.max


class Row(NamedTuple):
    """A text under a number on the days ``[start, end)``; ``date.max`` is open."""

    start: date
    end: date
    words: str


class Comparison(NamedTuple):
    """Number of rows of the other reading that agree, and the differing rows with their causes.

    ``differing`` and ``ours_only`` are ``(number, row, cause)``: rows of the other reading, and
    rows that only we have.
    """

    rows: int
    agreeing: int
    differing: tuple[tuple[str, Row, str], ...]
    ours_only: tuple[tuple[str, Row, str], ...]


def code_civil(folder: Path) -> WorkHistory:
    """Read the Code civil from the bundle in ``folder``.

    Raises:
        SourceError: the bundle or a commit is malformed.
    """
    dialect = read_dialect("fr").model_copy(update={"files": f"fr/{CODE}.md"})
    return next(GitMarkdown(folder / BUNDLE, dialect).works(_refuse))


def compare(history: WorkHistory, folder: Path) -> Comparison:
    """Compare the history with the other reading in ``folder``."""
    ours, theirs = rows_by_number(history), _other_reading(folder)
    rules = read_dialect("fr").page
    differing, ours_only = [], []
    for number in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(number, []), theirs.get(number, [])
        differing += [(number, r, _cause(r, here, there, rules)) for r in there if r not in here]
        ours_only += [(number, r, _cause(r, here, there, rules)) for r in here if r not in there]
    total = sum(len(rows) for rows in theirs.values())
    return Comparison(total, total - len(differing), tuple(differing), tuple(ours_only))


def rows_by_number(history: WorkHistory) -> dict[str, list[Row]]:
    """Return the texts under each number with their intervals, whatever provision they belong to.

    Adjoining or overlapping rows of the same text are merged.
    """
    versions = defaultdict(list)
    for version in history.versions:
        versions[version.provision_id].append(version)
    found = defaultdict(list)
    for provision in history.provisions:
        for label in provision.labels:
            for version in versions[provision.id]:
                days = version.valid.intersect(label.valid)
                if days is not None and days.start is not None:
                    row = Row(days.start, days.end or _OPEN, " ".join(version.text.split()))
                    found[label_key(label.text)].append(row)
    return {number: _merged(rows) for number, rows in found.items()}


def _merged(rows: Iterable[Row]) -> list[Row]:
    merged: list[Row] = []
    for row in sorted(rows):
        for place, other in enumerate(merged):
            if other.words == row.words and row.start <= other.end:
                merged[place] = other._replace(end=max(other.end, row.end))
                break
        else:
            merged.append(row)
    return merged


def _other_reading(folder: Path) -> dict[str, list[Row]]:
    found = defaultdict(list)
    with gzip.open(folder / ORACLE, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            end = record["valid_to_exclusive"]
            row = Row(
                date.fromisoformat(record["valid_from"]),
                date.fromisoformat(end) if end else _OPEN,
                " ".join(record["text"].split()),
            )
            found[record["article"]].append(row)
    return found


def _cause(row: Row, ours: Sequence[Row], theirs: Sequence[Row], rules: PageRules) -> str:
    cleaned = [_without_titles(each, ours, rules) for each in theirs]
    if rules.absence(_without_titles(row, ours, rules).words) is not None:
        return "repeal marker"
    texts = [each for each in cleaned if rules.absence(each.words) is None]
    if _merged(texts) == _merged(ours):
        return "division title"
    if _only_several_differ(ours, texts):
        return "several texts"
    return "unexplained"


def _without_titles(row: Row, ours: Sequence[Row], rules: PageRules) -> Row:
    """Return the row without division titles at its end, if the rest is our text or a marker."""
    known = {each.words for each in ours}
    for gap in re.finditer(" ", row.words):
        text, rest = row.words[: gap.start()], row.words[gap.end() :]
        is_known = text in known or rules.absence(text) is not None
        if is_known and rules.division is not None and rules.division.fullmatch(rest):
            return row._replace(words=text)
    return row


def _only_several_differ(ours: Sequence[Row], theirs: Sequence[Row]) -> bool:
    """Return whether the readings of a number differ only on days on which it has several texts.

    On those days the other reading must have one of them.
    """
    several = False
    for day in {day for each in (*ours, *theirs) for day in each[:2]} - {_OPEN}:
        here = {each.words for each in ours if each.start <= day < each.end}
        there = {each.words for each in theirs if each.start <= day < each.end}
        if not there <= here or (here and not there):
            return False
        several = several or len(here) > 1
    return several


def _refuse(error: SourceError) -> None:
    raise error


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _report(found: Comparison, seconds: Mapping[str, float]) -> Iterator[str]:
    yield f"{found.rows:6,} article versions in the other reading"
    yield f"{found.agreeing:6,} agree on interval and text"
    for title, rows in (("differ", found.differing), ("are here only", found.ours_only)):
        yield f"{len(rows):6,} {title}"
        for cause, count in Counter(cause for _, _, cause in rows).most_common():
            yield f"         {count:6,} {cause}"
    for number, row, cause in (*found.differing, *found.ours_only):
        if cause == "unexplained":
            yield f"  unexplained: {number} from {row.start} to {row.end}: {row.words[:80]}"
    for what, spent in seconds.items():
        yield f"{spent:6.1f} s {what}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"{peak:6.0f} MiB peak memory"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison for a folder; return 1 if a difference is unexplained."""
    parser = argparse.ArgumentParser(description="The Civil Code against an independent reading.")
    parser.add_argument("folder", type=Path, help=f"holds {BUNDLE} and {ORACLE}")
    folder: Path = parser.parse_args(arguments).folder
    if not (folder / ORACLE).is_file():
        parser.error(f"{folder / ORACLE}: no such file")
    started = time.perf_counter()
    history = code_civil(folder)
    read = time.perf_counter()
    found = compare(history, folder)
    seconds = {"to read the bundle": read - started, "to compare": time.perf_counter() - read}
    _print(_report(found, seconds))
    return int(any(cause == "unexplained" for *_, cause in (*found.differing, *found.ours_only)))


if __name__ == "__main__":
    sys.exit(main())
