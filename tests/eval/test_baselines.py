from datetime import date

import pytest

from corpus.demo import demo_files
from corpus.model import EndReason
from corpus.questions import Family, Question, make_questions
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from eval.baselines import Reply, is_right_reply, newest_text, oracle, score_by_family
from eval.metrics import bootstrap, wilson
from tests.corpus.build import history, version


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("baselines") / "store.db"
    with Store.open(f"sqlite:///{path}", create=True) as opened, opened.writing():
        for work in Jsonl(*demo_files()).works(lambda fault: pytest.fail(str(fault))):
            opened.write(work)
        yield opened


@pytest.fixture(scope="module")
def questions(store: Store) -> list[Question]:
    return list(make_questions(store.histories(), seed=2, per_family=2))


def test_an_oracle_that_reads_the_store_is_always_right(
    store: Store, questions: list[Question]
) -> None:
    wrong = [q.id for q in questions if not is_right_reply(q, oracle(store, q))]
    assert wrong == []
    assert score_by_family(store, questions, oracle)["all"].mean == 1.0


def test_the_newest_text_fails_where_the_date_matters_and_only_there(
    store: Store, questions: list[Question]
) -> None:
    scores = score_by_family(store, questions, newest_text)
    assert scores[Family.UNAMENDED_CONTROL].mean == 1.0
    for family in (Family.MISSING, Family.NOT_YET_IN_FORCE, Family.REPEALED):
        assert scores[family].mean == 0.0
    assert 0.0 < scores[Family.VALUE_AT_DATE].mean < 0.6
    assert scores[Family.PAIRED_DATES].mean < 0.1


def test_a_pair_counts_only_when_both_days_are_right(store: Store) -> None:
    old, new = "The duty payable on every sale is £1,000.", "The duty payable on every sale is £5."
    work = history(version("1990-01-01", "2010-07-01", old), version("2010-07-01", text=new))
    pair = list(make_questions([work], families=[Family.PAIRED_DATES]))

    def half(_: Store, question: Question) -> Reply:
        text = question.gold_span.text if question.as_at < date(2010, 7, 1) else "wrong"
        return Reply(version_id=question.gold_version, text=text)

    assert len(pair) == 2
    assert score_by_family(store, pair, half)[Family.PAIRED_DATES].mean == 0.0


def test_declining_for_the_wrong_reason_is_wrong() -> None:
    work = history(version("1990-01-01", "2010-07-01", ended=EndReason.REPEALED))
    (question,) = make_questions([work], families=[Family.REPEALED])
    assert is_right_reply(question, Reply(decline="repealed"))
    assert not is_right_reply(question, Reply(decline="coverage_gap"))
    assert not is_right_reply(question, Reply(version_id="x"))


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 1, 0.2065, 1.0)],
)
def test_wilson_intervals_match_the_published_formula(
    right: int, n: int, low: float, high: float
) -> None:
    score = wilson(right, n)
    assert (score.low, score.high) == pytest.approx((low, high), abs=1e-4)


def test_a_share_of_nothing_is_an_error_not_a_zero() -> None:
    with pytest.raises(ValueError, match="0 right of 0"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="no value"):
        bootstrap([[]], seed=0)


def test_clusters_are_resampled_whole() -> None:
    alike = [[1.0] * 50, [0.0] * 50] * 5
    apart = [[value] for cluster in alike for value in cluster]
    wide, narrow = bootstrap(alike, seed=1), bootstrap(apart, seed=1)
    assert wide.mean == narrow.mean == 0.5
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert bootstrap(alike, seed=1) == wide
