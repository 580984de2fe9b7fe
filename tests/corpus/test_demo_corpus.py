"""The demonstration corpus: sound as data, and every question answered as it says."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest

from corpus.demo import QUESTION_FILES, demo_files, demo_questions, golden_questions
from corpus.errors import SourceError
from corpus.invariants import violations
from corpus.model import Commencement, EndReason, ProvisionHistory, Version, WorkHistory
from corpus.provision_numbers import label_key
from corpus.questions import Family, Question, Span
from corpus.resolve import Repealed, Resolution, resolve
from corpus.sources.jsonl import Jsonl

NOTE = "Paraphrase for demonstration, not the official text."


def _raise(error: SourceError) -> None:
    raise error


@pytest.fixture(scope="module")
def histories() -> dict[str, WorkHistory]:
    return {h.work.id: h for h in Jsonl(*demo_files()).works(_raise)}


@pytest.fixture(scope="module")
def versions(histories: dict[str, WorkHistory]) -> list[Version]:
    return [v for h in histories.values() for v in h.versions]


def _questions() -> list[Question]:
    return [q for name in QUESTION_FILES for q in golden_questions(name)]


def _asked(history: WorkHistory, question: Question) -> Resolution:
    """Resolve the provision that bears the label on the day, else the one that ever bore it."""
    key, day = label_key(question.label or ""), question.as_at
    assert day is not None
    ever = [p for p in history.provisions if key in {label_key(lb.text) for lb in p.labels}]
    then = [p for p in ever if label_key(p.label_on(day, question.known_at) or "") == key]
    found = [
        resolve(history.of(p), day, question.known_at, extent=question.extent) for p in then or ever
    ]
    live = [r for r in found if isinstance(r, Version)]
    assert len(live) <= 1, f"{question.id}: several provisions bear {question.label} on {day}"
    return (live or found)[0]


def test_every_work_keeps_the_invariants(histories: dict[str, WorkHistory]) -> None:
    assert [str(v) for h in histories.values() for v in violations(h)] == []


def test_every_text_is_marked_as_a_paraphrase(histories: dict[str, WorkHistory]) -> None:
    assert [h.work.id for h in histories.values() if h.work.note != NOTE] == []


def test_successors_in_other_works_exist(histories: dict[str, WorkHistory]) -> None:
    known = {p.id for h in histories.values() for p in h.provisions}
    named = {s for h in histories.values() for p in h.provisions for s in p.successors}
    assert named - known == set()


def test_edition_is_as_large_as_the_readme_says(
    histories: dict[str, WorkHistory], versions: list[Version]
) -> None:
    readme = (demo_files()[0].parent / "README.md").read_text(encoding="utf-8")
    provisions = sum(len(h.provisions) for h in histories.values())
    texts = len({v.id for v in versions})
    jurisdictions = {h.work.jurisdiction for h in histories.values()}
    languages = {h.work.language for h in histories.values()}
    size = f"{len(histories)} works, {provisions} provisions and {texts} versions"
    assert f"{size} from {len(jurisdictions)} jurisdictions in {len(languages)} languages" in (
        " ".join(readme.split())
    )


def test_lines_run_by_work_then_provision_then_date() -> None:
    for path in demo_files():
        starts: dict[str, str] = {}
        pattern = re.compile(r'"provision_id": "([^"]+)".*?"valid_from": "([^"]+)"')
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if match := pattern.search(line):
                provision, start = match.groups()
                assert starts.get(provision, "") <= start, f"{path.name}:{number}"
                starts[provision] = start


def test_neighbouring_texts_differ(histories: dict[str, WorkHistory]) -> None:
    """Two rows of one extent that meet must say something else, or the date means nothing."""
    for history in histories.values():
        ends = {(v.provision_id, v.extent, v.language, v.valid_to): v for v in history.versions}
        for version in history.versions:
            key = (version.provision_id, version.extent, version.language, version.valid_from)
            if version.valid_from and (before := ends.get(key)):
                assert before.text != version.text, version.id


@pytest.mark.parametrize("question", _questions(), ids=lambda q: q.id)
def test_question_resolves_as_it_says(
    question: Question, histories: dict[str, WorkHistory]
) -> None:
    if question.work_id is None or question.as_at is None:
        assert question.decline in {"not_found", "no_date"}
        return
    history = histories[question.work_id]
    assert question.jurisdiction == history.work.jurisdiction
    assert question.provision_id in {provision.id for provision in history.provisions}
    answer = _asked(history, question)
    if question.decline:
        assert getattr(answer, "status", "in_force") == question.decline
        return
    assert isinstance(answer, Version)
    assert (answer.id, answer.provision_id) == (question.gold_version, question.provision_id)
    span = question.gold_span
    assert span is not None
    assert answer.text[span.start : span.end] == span.text


@pytest.mark.parametrize("name", QUESTION_FILES)
def test_question_ids_are_unique(name: str) -> None:
    assert max(Counter(q.id for q in golden_questions(name)).values()) == 1


def test_golden_set_is_twenty_answers_and_eight_abstentions() -> None:
    golden = golden_questions()
    assert Counter(q.decline is None for q in golden) == {True: 20, False: 8}
    reasons = {q.decline for q in golden if q.decline}
    assert reasons >= {
        "no_date",
        "not_yet_in_force",
        "repealed",
        "coverage_gap",
        "ambiguous",
        "not_found",
    }
    assert len({q.language for q in golden}) >= 5


def test_question_set_has_the_size_the_readme_says() -> None:
    questions = golden_questions("questions.jsonl")
    declined = sum(q.decline is not None for q in questions)
    readme = (demo_files()[0].parent / "README.md").read_text(encoding="utf-8")
    assert f"contains {len(questions)} more, {declined} of them" in readme
    assert {q.language for q in questions} == {"en", "fr", "de", "es", "zh", "zh-Hant", "et"}


def test_most_questions_fall_on_a_first_or_last_day(versions: list[Version]) -> None:
    by_id = {v.id: v for v in versions if v.known_to is None}
    answered = [q for q in golden_questions("questions.jsonl") if q.gold_version in by_id]
    edges = [
        q.id
        for q in answered
        for v in [by_id[q.gold_version or ""]]
        if q.as_at == v.valid_from
        or (v.valid_to and (v.valid_to - (q.as_at or v.valid_to)).days == 1)
    ]
    assert len(edges) > len(answered) / 2


def test_half_of_the_golden_questions_cite_no_provision() -> None:
    cites = re.compile(r"\b(s|rule|reg)\.? \d|article|§|第.+条")
    uncited = [q.id for q in golden_questions() if not cites.search(q.text)]
    assert len(uncited) >= 14


def test_an_answer_without_gold_is_refused() -> None:
    asked = {"id": "x", "family": "written", "language": "en", "text": "?", "split": "test"}
    with pytest.raises(ValueError, match="exactly one of gold_version and decline"):
        Question(**asked, as_at=date(2020, 1, 1), why="-")
    with pytest.raises(ValueError, match="names its day and its provision"):
        Question(**asked, as_at=date(2020, 1, 1), gold_version="uk/x#y@2000-01-01", why="-")
    with pytest.raises(ValueError, match="says why"):
        Question(**asked, decline="no_date")


def test_no_training_split_holds_a_question_written_by_hand() -> None:
    assert {(q.family, q.split) for q in _questions()} == {(Family.WRITTEN, "test")}


def test_a_figure_asked_for_without_its_frame_is_read_only_where_it_stands() -> None:
    span = Span(start=0, end=8, text="one year", lead="", tail="")
    assert span.read("After one year of work.") == "one year"
    assert span.read("After two years of work.") is None


def test_the_questions_drawn_are_the_same_every_time() -> None:
    assert demo_questions(6) == demo_questions(6) != demo_questions(6, seed=1)
    assert len(demo_questions(50)) == 50
    assert len(demo_questions(999)) == 200


def test_every_way_of_ending_occurs(versions: list[Version]) -> None:
    assert {v.ended for v in versions} == {*EndReason, None}


def test_every_pattern_of_time_occurs(
    histories: dict[str, WorkHistory], versions: list[Version]
) -> None:
    provisions = [p for h in histories.values() for p in h.provisions]
    today = date(2026, 11, 22)
    patterns = {
        "renumbered": any(len(p.labels) > 1 for p in provisions),
        "future": any(v.valid_from and v.valid_from > today for v in versions),
        "commencement open": any(v.commencement is Commencement.TO_BE_FIXED for v in versions),
        "territory": any(v.extent == "S" for v in versions),
        "applies later than in force": any(
            v.valid_from and v.applies_from and v.applies_from > v.valid_from for v in versions
        ),
        "published after taking effect": any(
            v.known_from and v.valid_from and v.known_from > v.valid_from for v in versions
        ),
        "belief corrected": any(v.known_to for v in versions),
        "gap in coverage": any(len(h.coverage) > 1 for h in histories.values()),
        "act replaced by act": any(
            s.split("#")[0] != p.work_id for p in provisions for s in p.successors
        ),
    }
    assert [name for name, found in patterns.items() if not found] == []


def test_suspended_provision_is_revived(histories: dict[str, WorkHistory]) -> None:
    waiting_day = _history(histories, "fr/lfi-2018#waiting-day")
    suspended = resolve(waiting_day, date(2020, 4, 1))
    assert isinstance(suspended, Repealed)
    assert (suspended.how, suspended.revived) == (EndReason.SUSPENDED, date(2020, 7, 11))
    assert isinstance(resolve(waiting_day, date(2020, 7, 11)), Version)


def test_wage_published_in_february_was_not_known_in_january(
    histories: dict[str, WorkHistory],
) -> None:
    wage = _history(histories, "es/smi#amount")
    then = resolve(wage, date(2026, 1, 10), known_at=date(2026, 1, 10))
    now = resolve(wage, date(2026, 1, 10))
    assert isinstance(then, Version)
    assert isinstance(now, Version)
    assert "1.184,00" in then.text
    assert "1.221,00" in now.text


def test_repealed_tax_came_back_with_retroactive_effect(
    histories: dict[str, WorkHistory],
) -> None:
    tax = _history(histories, "us/estate-tax#exclusion")
    assert isinstance(resolve(tax, date(2010, 6, 1), known_at=date(2010, 6, 1)), Repealed)
    assert isinstance(resolve(tax, date(2010, 6, 1)), Version)


def test_same_number_names_two_provisions_at_two_dates(
    histories: dict[str, WorkHistory],
) -> None:
    bearers = [
        (day, p.id)
        for p in histories["de/stgb"].provisions
        for day in (date(1990, 1, 1), date(2016, 1, 1))
        if p.label_on(day) == "§ 217"
        and isinstance(resolve(histories["de/stgb"].of(p), day), Version)
    ]
    assert bearers == [
        (date(1990, 1, 1), "de/stgb#infanticide"),
        (date(2016, 1, 1), "de/stgb#assisted-suicide-business"),
    ]


def _history(histories: dict[str, WorkHistory], provision_id: str) -> ProvisionHistory:
    work = histories[provision_id.partition("#")[0]]
    return work.of(next(p for p in work.provisions if p.id == provision_id))
