"""A quotation is an answer only if it answers: other words, other kinds, other times, other law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from agent.answering.centres import Centred
from agent.answering.evidence import FITTED, found_elsewhen, gathered
from agent.answering.quotations import names_time, quotable_spans, widened
from agent.answering.reading import read_question
from agent.answering.score import answer_score, read_coefficients, weigh
from agent.graph.nodes import Context
from agent.graph.run import AskRequest, run
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.policies.registry import extractive_policy
from agent.tool_results import Passage
from agent.trace import Trace
from retrieval.vectors.encoder import Vectors
from retrieval.vectors.encoder_choice import EncoderSettings, open_encoder


@pytest.fixture(scope="module")
def policy(demo: Library) -> ExtractivePolicy:
    return extractive_policy(demo.works, open_encoder(EncoderSettings()))


def asked(demo: Library, policy: ExtractivePolicy, question: str, day: str, place: str) -> Trace:
    request = AskRequest(question=question, as_at=date.fromisoformat(day), jurisdictions=(place,))
    return run(Context(demo, policy), request)


LAY = [
    ("uk", "2015-06-01", "How long must I have worked there before I can fight my sacking?",
     "uk/era-1996#qualifying-period", "two years"),
    ("uk", "2019-06-01", "My boss wants me gone: how much warning do I get?",
     "uk/era-1996#notice", "one week"),
    ("uk", "2019-06-01", "The kettle I bought is broken: for how long can I get my money back?",
     "uk/cra-2015#short-term-reject", "30 days"),
    ("uk", "2020-06-01", "Someone spread lies about me: until when can I sue?",
     "uk/limitation-act-1980#defamation", "one year"),
    ("uk", "2008-06-01", "What is the lowest pay per hour for a grown-up worker?",
     "uk/nmw-regs-1999#adult-rate", "5.52"),
    ("uk", "2016-06-01", "May I use my phone at the wheel?", "uk/rta-1988#mobile-phone", "guilty"),
    ("eu", "2019-06-01", "Hackers stole our customer records: how fast must we report it?",
     "eu/gdpr#breach-notice", "72 hours"),
    ("eu", "2016-06-01", "How many days do I have to send back shoes ordered online?",
     "eu/consumer-rights#withdrawal", "14 days"),
    ("us", "2021-06-01", "How old must a customer be to buy cigarettes?",
     "us/title-21#tobacco-age", "21"),
    ("us", "2019-06-01", "How much tax does a company pay on its profits?",
     "us/irc#corporate-rate", "21 percent"),
    ("fr", "2010-06-01", "À quel âge peut-on se marier ?",
     "fr/code-civil#marriage-age", "dix-huit"),
    ("fr", "2018-06-01", "On m'a viré : combien touche-t-on par année d'ancienneté ?",
     "fr/code-travail#severance-rate", "un quart"),
    ("fr", "2010-06-01", "Combien d'heures par semaine travaille-t-on à plein temps ?",
     "fr/code-travail#legal-hours", "trente-cinq"),
    ("de", "2010-06-01", "Wie viele Tage Urlaub habe ich mindestens?",
     "de/burlg#annual-leave", "24 Werktage"),
    ("de", "2010-06-01", "Wie lange zahlt mein Chef weiter, wenn ich krank bin?",
     "de/entgfg#sick-pay-duration", "sechs Wochen"),
    ("de", "2025-06-01", "Wie viel Gras darf ich dabeihaben?",
     "de/kcang#possession", "25 Gramm"),
    ("es", "2020-06-01", "¿Cuánto me pagan por año si me despiden sin motivo?",
     "es/et-2015#unfair-dismissal", "treinta y tres"),
    ("cn", "2022-06-01", "男女多大可以结婚？", "cn/minfadian#marriage-age", "二十二周岁"),
    ("tw", "2010-06-01", "幾歲才算成年的大人？", "tw/minfa#majority", "二十歲"),
    ("ee", "2016-06-01", "Mitu tundi nädalas kestab täiskohaga töö?",
     "ee/tls#working-time", "40 tundi"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "day", "question", "provision", "words"), LAY, ids=[row[3] for row in LAY]
)
def test_everyday_words_are_answered_or_the_answer_is_among_the_closest(
    demo: Library,
    policy: ExtractivePolicy,
    place: str,
    day: str,
    question: str,
    provision: str,
    words: str,
) -> None:
    trace = asked(demo, policy, question, day, place)
    if trace.answer is not None:
        (citation,) = trace.answer.citations
        assert (citation.provision_id, words in citation.quote) == (provision, True)
        return
    assert provision in [one.citation.provision_id for one in trace.closest]


MARRIED = [
    ("fr", "2005-06-01", "Quel âge faut-il avoir pour dire oui à la mairie ?",
     "fr/code-civil#marriage-age"),
    ("fr", "1970-06-01", "À quel âge était-on majeur ?", "fr/code-civil#majority"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "day", "question", "about"), MARRIED)
def test_no_other_age_is_given_for_the_one_asked_for(
    demo: Library, policy: ExtractivePolicy, place: str, day: str, question: str, about: str
) -> None:
    trace = asked(demo, policy, question, day, place)
    cited = trace.answer.citations if trace.answer else ()
    assert {citation.provision_id for citation in cited} <= {about}


@pytest.mark.parametrize(
    ("place", "question"),
    [
        ("uk", "How fast may I drive on the motorway?"),
        ("fr", "Combien coûte un passeport ?"),
        ("de", "Wie lange dauert die Elternzeit?"),
        ("es", "¿Quién hereda si no hay testamento?"),
        ("cn", "高速公路最高限速是多少？"),
        ("ee", "Kas pargis võib koera jalutada?"),
    ],
)
def test_what_the_corpus_does_not_hold_is_not_answered_from_it(
    demo: Library, policy: ExtractivePolicy, place: str, question: str
) -> None:
    trace = asked(demo, policy, question, "2015-06-01", place)
    assert trace.answer is None
    assert trace.abstention is not None
    assert "None of the" in trace.abstention.explanation
    assert trace.looked_at is not None
    assert trace.looked_at.jurisdictions in ((place,), ())


YEARLY = """The threshold amount in effect during a period is stated below.
Prior to July 21, 2011, the threshold amount is $25,000.
From July 21, 2011 through December 31, 2011, the threshold amount is $50,000.
From January 1, 2013 through December 31, 2013, the threshold amount is $53,000.
From January 1, 2014 through December 31, 2014, the threshold amount is $53,500."""


def passage(text: str, heading: str | None = None, language: str = "en", n: int = 1) -> Passage:
    return Passage(
        version_id=f"uk/a#{n}@2000-01-01",
        provision_id=f"uk/a#{n}",
        work_id="uk/a",
        work_title="Act",
        label=f"s {n}",
        language=language,
        heading=heading,
        valid_from=date(2000, 1, 1),
        valid_to=None,
        interval="since 2000-01-01",
        text=text,
    )


@pytest.mark.parametrize(
    ("day", "amount"),
    [("2011-09-01", "$50,000"), ("2013-06-01", "$53,000"), ("2014-06-01", "$53,500")],
)
def test_the_line_of_the_year_asked_about_is_quoted(day: str, amount: str) -> None:
    reading = read_question("What is the threshold amount?", date.fromisoformat(day))
    best = weigh(reading, [passage(YEARLY)], None)[0]
    start, end = widened(best.passage, (best.start, best.end))
    assert amount in best.passage.text[start:end]
    assert best.passage.text[start:end].count("$") == 1


def test_a_sentence_of_another_time_answers_nothing() -> None:
    day, question = date(2014, 6, 1), "What is the threshold amount?"
    lines = YEARLY.splitlines()
    right = answer_score(question, lines[4], passage(YEARLY), day)
    wrong = answer_score(question, lines[2], passage(YEARLY), day)
    assert wrong.probability == 0
    assert not wrong.enough
    assert right.probability > 0


def test_a_day_that_a_rule_names_is_no_time_of_its_own() -> None:
    text = "The rule applies to contracts concluded after 1 January 1990. It ends by notice."
    assert len(quotable_spans(passage(text), date(2014, 6, 1))) == 2


@pytest.mark.parametrize(
    ("sentence", "time"),
    [
        ("From January 1, 2014 through December 31, 2014, it is $1.", True),
        ("From January 1, 2013 through December 31, 2013, it is $1.", False),
        ("For 2014 it is $1.", True),
        ("For 2012 it is $1.", False),
        ("It is $1.", None),
        ("It is 2,012 dollars.", None),
    ],
)
def test_what_time_a_sentence_names(sentence: str, time: bool | None) -> None:
    assert names_time(sentence, date(2014, 6, 1)) is time


def test_what_states_no_amount_is_less_of_an_answer_to_how_much() -> None:
    day, question = date(2014, 6, 1), "How much is the fee for a licence?"
    pays, tells = "The fee for a licence is £10.", "The fee for a licence is paid at the counter."
    rivals = [passage("A fence is kept in repair.", n=2)]
    amount = answer_score(question, pays, passage(f"{pays} {tells}"), day, rivals)
    counter = answer_score(question, tells, passage(f"{pays} {tells}"), day, rivals)
    assert amount.evidence.kind == 1
    assert counter.evidence.kind == -1
    assert amount.lead > counter.lead


def test_a_better_rival_lowers_the_score() -> None:
    day, question = date(2014, 6, 1), "How much is the fee for a licence?"
    text = "A licence is granted by the council."
    rival = passage("The fee for a licence is £10.", n=2)
    other = passage("Dogs are kept on a lead.", n=3)
    alone = answer_score(question, text, passage(text), day, [other])
    beaten = answer_score(question, text, passage(text), day, [rival])
    assert beaten.lead < 0 < alone.lead
    assert beaten.probability < alone.probability


class _Flat:
    """An encoder to which all texts are one."""

    identity = "flat"

    def questions(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 1), dtype=np.float32)

    passages = questions


def test_not_every_sentence_is_encoded() -> None:
    counted: list[int] = []

    class Counting(_Flat):
        def passages(self, texts: Sequence[str]) -> Vectors:
            counted.append(len(texts))
            return self.questions(texts)

    long = " ".join(f"Sentence number {n} speaks of fees." for n in range(200))
    gathered(read_question("How much is the fee?", date(2014, 1, 1)), [passage(long)], Counting())
    assert counted == [1, 12]


def test_neighbours_are_quoted_while_the_quotation_stays_short() -> None:
    text = "A sea is deep water. It is salt.\nA lake is not a sea."
    start, end = widened(passage(text), (0, 20))
    assert text[start:end] == "A sea is deep water. It is salt."


def test_a_list_is_quoted_with_what_leads_into_it() -> None:
    text = "A mandate ends:\nby revocation,\nby death.\nA new mandate may be given."
    start, end = widened(passage(text), (0, 15))
    assert text[start:end] == "A mandate ends:\nby revocation,\nby death."
    assert widened(passage(text), (16, 30)) == (start, end)


def test_a_list_of_years_is_not_read_on() -> None:
    text = "The amounts are:\nin 2013, $1;\nin 2014, $2."
    assert widened(passage(text), (0, 16)) == (0, 16)
    assert widened(passage(text), (17, 29)) == (17, 29)


def test_the_means_of_a_language_are_those_of_its_scripts() -> None:
    encoder = open_encoder(EncoderSettings())
    assert encoder is not None
    text, question = "年满十八周岁的人为成年人。", "几岁算大人？"
    centred = Centred(encoder)
    centred.encode([text])
    assert centred.cosine(question, text, "zh-Hans") == centred.cosine(question, text, "zh")
    assert centred.usual(text, "zh-Hans") == centred.usual(text, "zh") != 0
    assert centred.cosine(question, text, "zh-Hant") != centred.cosine(question, text, "zh")


def ended(text: str, n: int) -> Passage:
    changed = {"valid_from": date(1990, 1, 1), "valid_to": date(2000, 1, 1)}
    return passage(text, n=n).model_copy(update=changed)


def test_what_answered_on_another_day_speaks_against_an_answer_and_is_none() -> None:
    reading = read_question("How much is the fee for a fishing licence?", date(2014, 6, 1))
    hits = [passage("The fee for a dog licence is £10."), passage("A lead is kept short.", n=2)]
    gone = ended("The fee for a fishing licence is £20.", 3)
    alone = weigh(reading, hits, None)
    beside = weigh(reading, hits, None, elsewhen=[gone])
    assert [one.passage for one in alone] == [one.passage for one in beside]
    assert beside[0].score.probability < alone[0].score.probability


def test_a_provision_of_the_day_is_not_found_elsewhen() -> None:
    day, hit = date(2014, 6, 1), passage("The fee is £10.")
    gone, kept = ended("The fee is £9.", 3), passage("A lead is kept short.", n=2)
    earlier = ended("The fee was £8.", 1)
    assert hit.provision_id == earlier.provision_id
    assert found_elsewhen([hit], [earlier, kept, gone, gone], day) == [gone]


def test_one_paragraph_is_no_answer_for_the_weight_of_another() -> None:
    reading = read_question("How long must a dog be kept on a lead?", date(2014, 6, 1))
    one, other = "A dog is held.", "A lead is short."
    weighed = [
        weigh(reading, [passage(text)], None)[0] for text in (f"{one} {other}", f"{one}\n{other}")
    ]
    together, apart = (best.score.probability for best in weighed)
    assert together > apart


def test_the_coefficients_are_those_of_both_kinds_of_evidence() -> None:
    held = read_coefficients()
    assert 0 < held.vectors.threshold < 1
    assert "sentence" in held.vectors.relevance.weights
    assert "sentence" not in held.words.relevance.weights


def test_among_more_texts_the_same_quotation_is_less_probable() -> None:
    reading = read_question("How much is the fee for a licence?", date(2014, 6, 1))
    passages = [passage("The fee for a licence is £10."), passage("Dogs are kept on a lead.", n=2)]
    likely = {
        n: weigh(reading, passages, _Flat(), n)[0].score.probability
        for n in (None, 1, FITTED, 2 * FITTED, 37_067, 10**6)
    }
    assert likely[None] == likely[1] == likely[FITTED]
    assert likely[FITTED] > likely[2 * FITTED] > likely[37_067] > likely[10**6]


def test_what_answers_in_a_small_library_is_only_the_closest_in_a_large_one(
    demo: Library, policy: ExtractivePolicy
) -> None:
    place, day, question, provision, _ = LAY[6]
    small = asked(demo, policy, question, day, place)
    assert small.answer is not None
    large = replace(demo)
    large.__dict__["versions"] = 10**9
    withheld = asked(large, policy, question, day, place)
    assert withheld.answer is None
    offered = [one.citation.provision_id for one in withheld.closest]
    assert provision in offered
