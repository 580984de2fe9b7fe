from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.policy import Act, Draft, DraftCitation, PolicyState, ToolRequest
from agent.trace import Abstention, AbstentionReason, Sentence
from corpus.errors import BadInputError
from eval.questions.asked import AskedQuestion, read_asked
from eval.suites.answers import AnswerOutcome, Judged, answer_all_asked, answer_report, judge
from eval.suites.demo import demo_library
from eval.suites.reliability import bins, reliability_plot
from eval.suites.risk_coverage import risk_plot, risks
from inforce import app
from rl.journal import TRACES

DEMO = {one.id: one for one in read_asked("demo", "development")}
NOTICE = next(one for one in DEMO.values() if "seven years and they want" in one.text)
GONE = next(one for one in DEMO.values() if one.kind == "repealed")
UNDATED = next(one for one in DEMO.values() if one.kind == "no_date")


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    with demo_library() as opened:
        yield opened


class Says:
    """Reads the versions it is to quote, then answers with them, whatever it was asked."""

    name = "says"

    def __init__(self, *drafted: tuple[str, str], words: str = "") -> None:
        self.drafted, self.words = drafted, words or drafted[0][1]

    def act(self, state: PolicyState) -> Act:
        if not state.turns:
            return Act(calls=tuple(self._reads(state)))
        citations = tuple(DraftCitation(version_id=v, quote=q) for v, q in self.drafted)
        return Act(draft=Draft(sentences=(Sentence(text=self.words, citations=citations),)))

    def _reads(self, state: PolicyState) -> Iterator[ToolRequest]:
        for number, (version_id, _) in enumerate(self.drafted):
            day = str(state.governing.as_at)
            arguments = {"reference": version_id.partition("@")[0], "as_at": day}
            yield ToolRequest(id=str(number), name="read_provision", arguments=arguments)


class Declines:
    name = "declines"

    def __init__(self, reason: AbstentionReason) -> None:
        self.reason = reason

    def act(self, state: PolicyState) -> Act:
        return Act(abstention=Abstention(reason=self.reason, explanation="No."))


class Searches:
    """Searches for the question itself, then declines."""

    name = "searches"

    def act(self, state: PolicyState) -> Act:
        if state.turns:
            declined = Abstention(reason=AbstentionReason.NOT_FOUND, explanation="No.")
            return Act(abstention=declined)
        arguments = {"query": state.question, "as_at": str(state.governing.as_at)}
        return Act(calls=(ToolRequest(id="1", name="search_statutes", arguments=arguments),))


def outcome(library: Library, policy: object, one: AskedQuestion) -> AnswerOutcome:
    records = answer_all_asked(library, policy, [one])
    return judge([one], records, library.store)[0].outcome


def quoted(one: AskedQuestion, library: Library) -> tuple[str, str]:
    version = library.store.version(one.gold[0].version_id)
    assert version is not None
    return version.id, version.text


def test_the_gold_version_with_its_words_is_right(library: Library) -> None:
    assert outcome(library, Says(quoted(NOTICE, library)), NOTICE) is AnswerOutcome.RIGHT


def test_a_sentence_that_says_nothing_of_its_quotation_is_beside_the_point(
    library: Library,
) -> None:
    said = Says(quoted(NOTICE, library), words="It is so.")
    assert outcome(library, said, NOTICE) is AnswerOutcome.BESIDE


def test_a_sentence_that_denies_its_quotation_is_wrong(library: Library) -> None:
    said = Says(quoted(NOTICE, library), words="One week's notice for each year is not owed.")
    assert outcome(library, said, NOTICE) is AnswerOutcome.WRONG


def test_another_sentence_of_the_right_provision_is_beside_the_point(library: Library) -> None:
    version_id, text = quoted(NOTICE, library)
    other = text[text.index("The employee gives") :]
    assert outcome(library, Says((version_id, other)), NOTICE) is AnswerOutcome.BESIDE


def test_another_provision_in_force_is_beside_the_point(library: Library) -> None:
    found = library.store.version("uk/era-1996#unfair-dismissal-right@1996-08-22")
    assert found is not None
    assert outcome(library, Says((found.id, found.text)), NOTICE) is AnswerOutcome.BESIDE


def test_a_figure_that_the_law_does_not_give_is_never_right(library: Library) -> None:
    words = "The notice is eight weeks for each year of service."
    said = Says(quoted(NOTICE, library), words=words)
    assert outcome(library, said, NOTICE) in {AnswerOutcome.WRONG, AnswerOutcome.MISSED}


def test_a_provision_quoted_although_it_is_not_to_be_answered_is_wrong(library: Library) -> None:
    changed = {"gold": (), "decline": "repealed", "about": NOTICE.provision_id}
    declined = AskedQuestion.model_validate(NOTICE.model_dump() | changed)
    assert outcome(library, Says(quoted(NOTICE, library)), declined) is AnswerOutcome.WRONG


def test_declining_is_right_only_where_nothing_answers(library: Library) -> None:
    absent = Declines(AbstentionReason.NOT_FOUND)
    assert outcome(library, absent, GONE) is AnswerOutcome.DECLINED
    assert outcome(library, absent, NOTICE) is AnswerOutcome.MISSED
    assert outcome(library, absent, UNDATED) is AnswerOutcome.DECLINED


def test_asking_for_a_day_that_was_given_is_not_declining(library: Library) -> None:
    assert outcome(library, Declines(AbstentionReason.NO_DATE), NOTICE) is AnswerOutcome.ASKED_BACK


def test_the_policy_is_told_what_the_asker_fills_in_and_no_more(library: Library) -> None:
    in_words = next(one for one in DEMO.values() if one.gold and one.filled.as_at is None)
    asked = [NOTICE, in_words]
    records = answer_all_asked(library, ExtractivePolicy(library.works), asked)
    first, second = (record.trace for record in records)
    assert first is not None
    assert second is not None
    assert first.jurisdictions == ("uk",)
    assert second.governing is None or second.governing.as_at == in_words.as_at


def test_a_killed_evaluation_goes_on(library: Library, tmp_path: Path) -> None:
    asked = list(DEMO.values())[:4]
    policy = ExtractivePolicy(library.works)
    whole = answer_all_asked(library, policy, asked, tmp_path)
    path = tmp_path / TRACES
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:2]), encoding="utf-8")
    again = answer_all_asked(library, policy, asked, tmp_path)
    kept = [record.trace.id for record in again[:2] if record.trace]
    assert kept == [record.trace.id for record in whole[:2] if record.trace]
    judged = judge(asked, again, library.store)
    assert answer_report(judged, again).groups["all"].questions == 4


def test_a_folder_of_questions_put_otherwise_is_refused(library: Library, tmp_path: Path) -> None:
    policy = ExtractivePolicy(library.works)
    answer_all_asked(library, policy, [NOTICE], tmp_path)
    elsewhere = NOTICE.model_copy(
        update={"filled": NOTICE.filled.model_copy(update={"jurisdiction": None})}
    )
    with pytest.raises(BadInputError, match="holds another evaluation"):
        answer_all_asked(library, policy, [elsewhere], tmp_path)


def test_the_verb_prints_every_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.questions.asked.read_asked", lambda *_: [NOTICE, GONE, UNDATED])
    ran = CliRunner().invoke(app, ["eval", "answers", "extractive", "--json"])
    assert ran.exit_code == 0, ran.output
    groups = json.loads(ran.stdout)["groups"]
    assert groups["all"]["questions"] == 3
    assert {"lay", "en", "en lay"} <= set(groups)


def test_a_corpus_or_half_that_there_is_not_is_refused() -> None:
    ran = CliRunner().invoke(app, ["eval", "answers", "extractive", "--half", "third"])
    assert ran.exit_code != 0
    assert isinstance(ran.exception, BadInputError)


def scored(probability: float | None, *, answers: bool) -> Judged:
    outcome = AnswerOutcome.RIGHT if answers else AnswerOutcome.BESIDE
    return Judged(NOTICE, outcome, probability=probability, best_answers=answers)


def test_risk_is_counted_from_the_surest_and_ends_where_nothing_was_scored() -> None:
    judged = [
        scored(0.2, answers=False),
        scored(0.9, answers=True),
        scored(None, answers=False),
        scored(0.5, answers=False),
    ]
    found = risks(judged)
    assert (found[25], found[50], found[75]) == (0.0, 0.5, pytest.approx(2 / 3))
    assert len(found) < 100
    assert "<svg" in risk_plot("risk", judged)


def test_a_bin_tells_the_mean_probability_and_the_share_that_answers() -> None:
    judged = [
        *(scored(0.9, answers=True) for _ in range(3)),
        scored(0.95, answers=False),
        scored(1.0, answers=True),
        scored(0.1, answers=False),
        scored(None, answers=False),
    ]
    low, high = bins(judged)
    assert (low.mean, low.right.mean, low.right.n) == (0.1, 0.0, 1)
    assert high.mean == pytest.approx(0.93)
    assert (high.right.mean, high.right.n) == (0.8, 5)
    assert high.right.low < 0.8 < high.right.high
    drawn = reliability_plot("right <by> probability", judged)
    assert drawn.count("<circle") == 2
    assert "right &lt;by&gt; probability" in drawn


def test_a_question_without_an_answer_fails_whatever_is_offered(library: Library) -> None:
    records = answer_all_asked(library, Searches(), [GONE])
    (judged,) = judge([GONE], records, library.store)
    assert (judged.outcome, judged.best_answers) == (AnswerOutcome.DECLINED, False)


def test_what_is_offered_instead_of_an_answer_is_counted(library: Library) -> None:
    records = answer_all_asked(library, Searches(), [NOTICE])
    (judged,) = judge([NOTICE], records, library.store)
    assert judged.outcome is AnswerOutcome.CLOSEST
    assert judged.offered
    assert judged.offers_gold is (NOTICE.gold[0].version_id in judged.offered)
