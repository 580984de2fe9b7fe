"""How often the gate is wrong, on every text of the demonstration corpus: both ways, printed."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest

from agent.library import Library
from agent.policy import Draft, DraftCitation, Sentence
from agent.tools.relevance import best_quote
from agent.trace import GoverningDate
from agent.verification.verify import Verdict, verify
from corpus.languages.figures import figures
from corpus.model import Version

_FIGURE = re.compile(r"\d+|[二三四五六七八九十]")
_NEXT = dict(zip("二三四五六七八九十", "三四五六七八九十二", strict=True))
_WORDS = {
    "two": "nine", "three": "eleven", "five": "nine", "six": "nine", "seven": "nine",
    "deux": "onze", "trois": "onze", "cinq": "onze", "dix": "onze", "trente": "onze",
    "zwei": "neun", "drei": "neun", "fünf": "neun", "zehn": "neun", "dreißig": "neunzig",
    "dos": "nueve", "tres": "nueve", "cinco": "nueve", "diez": "nueve", "quince": "nueve",
    "kaks": "üheksa", "kolm": "üheksa", "kolme": "üheksa", "viie": "üheksa", "kümne": "üheksa",
}  # fmt: skip


def texts(library: Library) -> Iterator[tuple[Version, str]]:
    """Yield every dated version of the corpus with the name it is cited by on its first day."""
    for history in library.store.histories():
        labels = {provision.id: provision for provision in history.provisions}
        for version in history.versions:
            if version.valid_from is not None and version.known_to is None:
                label = labels[version.provision_id].label_on(version.valid_from)
                yield version, f"{history.work.title}, {label or '?'}"


def checked(library: Library, version: Version, text: str, quote: str) -> Verdict:
    assert version.valid_from is not None
    cited = DraftCitation(version_id=version.id, quote=quote)
    governing = GoverningDate(as_at=version.valid_from, ground="test")
    draft = Draft(sentences=(Sentence(text=text, citations=(cited,)),))
    return verify(draft, library, governing, {version.id}, extent=version.extent)


def struck(verdict: Verdict) -> set[str]:
    return {f.check for f in verdict.draft.findings if not f.passed and f.check != "sentence"}


def told(capsys: pytest.CaptureFixture[str], words: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{words}\n")


def test_no_sentence_in_the_words_of_the_law_is_struck(
    demo: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong, count = [], Counter[str]()
    for version, name in texts(demo):
        quote = best_quote("", version.text, version.language)
        quoted = checked(demo, version, f"{name}: “{' '.join(quote.split())}”", quote)
        plain = checked(demo, version, quote, quote)
        if "in_force" in struck(quoted):
            continue  # read in another language or state of knowledge: not this test's matter
        if version.applies_from is not None and version.applies_from > version.valid_from:
            assert "applies" in struck(quoted), version.id  # in force that day, applied later
            continue
        count["quoted"] += 1
        count["plain"] += 1
        wrong += [f"{version.id}: {quoted.explanation}"] * (not quoted.passed)
        wrong += [f"{version.id}: {plain.explanation}"] * bool(struck(plain))
    told(capsys, f"{count.total()} sentences in the words of the law: {len(wrong)} struck")
    assert wrong == []
    assert count.total() > 500


def with_figure(version: Version) -> tuple[str, str] | None:
    """Return the first sentence with a figure, as it is and with that figure changed."""
    ends = [0, *(match.end() for match in re.finditer(r"[.;] |[。；]|\n", version.text))]
    for start, end in pairwise([*ends, len(version.text)]):
        sentence = version.text[start:end].strip()
        found = figures(sentence, version.language)
        if found and (said := _changed(found[0].text)):
            return sentence, sentence[: found[0].start] + said + sentence[found[0].end :]
    return None


def _changed(figure: str) -> str | None:
    if number := _FIGURE.search(figure):
        said = _NEXT.get(number[0]) or str(int(number[0]) + 37)
        return figure[: number.start()] + said + figure[number.end() :]
    words = sorted((w for w in _WORDS if figure.lower().startswith(w)), key=len)
    return _WORDS[words[-1]] + figure[len(words[-1]) :] if words else None


def test_nine_in_ten_changed_figures_are_struck(
    demo: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is missed is a figure that the same text holds elsewhere."""
    count: Counter[str] = Counter()
    for version, _ in texts(demo):
        quote = best_quote("", version.text, version.language)
        told_apart = with_figure(version)
        if told_apart is None or not checked(demo, version, told_apart[0], quote).passed:
            continue  # struck as it is, for what has nothing to do with the figure
        lied = checked(demo, version, told_apart[1], quote)
        count["missed" if lied.passed else "struck"] += 1
        assert lied.passed or struck(lied) == {"figure"}
    share = count["struck"] / count.total()
    told(capsys, f"{count.total()} sentences with one figure changed: {share:.3f} struck")
    assert count.total() > 300
    assert share >= 0.9
