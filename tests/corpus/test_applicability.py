from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from corpus.applicability import (
    Applicability,
    Code,
    Issue,
    Matter,
    Role,
    governing_dates,
    rules_for,
    takes_effect,
)
from corpus.errors import BadInputError, SourceError
from corpus.model import Interval
from corpus.rules import Example, Rule, jurisdictions, parse_table, table
from corpus.rules.day_expressions import AS_AT, parse_condition, parse_day_expression

TABLES = [table(name) for name in jurisdictions()]
RULES = [(t.jurisdiction, rule) for t in TABLES if t for rule in t.rule]
EXAMPLES = [(place, rule, example) for place, rule in RULES for example in rule.example]


def day(text: str) -> date:
    return date.fromisoformat(text)


def decide(jurisdiction: str, issue: str, topic: str | None = None, **days: str) -> Applicability:
    dates = {Role(name): day(text) for name, text in days.items()}
    return governing_dates(
        Matter(jurisdiction=jurisdiction, issue=Issue(issue), topic=topic, dates=dates)
    )


def matter_of(place: str, rule: Rule, example: Example) -> Matter:
    return Matter(
        jurisdiction="xx" if place == "default" else place,
        issue=example.issue or rule.issues[0],
        topic=example.topic or next(iter(rule.topics), None),
        work=example.work,
        provision=example.provision or next(iter(rule.provisions), None),
        as_at=example.as_at,
        dates=example.given,
    )


def name(case: object) -> str:
    return case.id if isinstance(case, Rule) else ""


# --- every rule, by the examples that stand beside it ---


@pytest.mark.parametrize(("place", "rule", "example"), EXAMPLES, ids=name)
def test_every_example_comes_out_as_written(place: str, rule: Rule, example: Example) -> None:
    found = governing_dates(matter_of(place, rule, example), example.text_changed)
    assert (found.rule, found.code) == (example.rule or rule.id, example.expect)
    assert found.dates == example.law


@pytest.mark.parametrize(("place", "rule"), RULES, ids=name)
def test_every_rule_has_examples_on_both_sides_of_every_change(place: str, rule: Rule) -> None:
    assert rule.changes, f"{rule.id} names no change of law"
    assert any(example.rule is None for example in rule.example)
    for change in rule.changes:
        tested = [d for example in rule.example for d in _tested_days(rule, example)]
        assert min(tested) < change <= max(tested), f"{rule.id} is not tested around {change}"


@pytest.mark.parametrize(("place", "rule"), RULES, ids=name)
def test_a_rule_with_conditions_shows_where_it_stops(place: str, rule: Rule) -> None:
    if rule.when and rule.code is not Code.SPLIT:
        assert any(example.rule not in (None, rule.id) for example in rule.example)


@pytest.mark.parametrize(("place", "rule"), RULES, ids=name)
def test_the_day_before_and_the_day_of_a_change_are_different_law(place: str, rule: Rule) -> None:
    example = next(e for e in rule.example if e.rule is None)
    outcomes = set()
    for change in rule.changes:
        for moved in (change - timedelta(days=1), change):
            matter = _moved(matter_of(place, rule, example), rule, moved)
            found = governing_dates(matter, [change])
            outcomes.add((moved, found.rule, found.dates, found.code))
    assert len({outcome[1:] for outcome in outcomes}) > 1


@pytest.mark.parametrize(("place", "rule"), RULES, ids=name)
def test_an_unverified_rule_says_so_and_a_verified_one_does_not(place: str, rule: Rule) -> None:
    example = next(e for e in rule.example if e.rule is None)
    found = governing_dates(matter_of(place, rule, example))
    assert found.verified is rule.verified
    assert ("has not been checked" in found.sentence) is not rule.verified
    assert rule.authority in found.sentence
    assert "{" not in found.sentence


def _tested_days(rule: Rule, example: Example) -> list[date]:
    """The days of an example that a change can lie between: those the rule looks at."""
    moments = [rule.connecting, *(m for c in rule.when for m in (c.left, c.right)), *rule.law_at]
    roles = {name for moment in moments for name in moment.names}
    days = [d for role, d in example.given.items() if role in roles or role.endswith("_end")]
    return days if example.as_at is None else [*days, example.as_at]


def _moved(matter: Matter, rule: Rule, to: date) -> Matter:
    """The matter with its connecting day moved, and later days pushed beyond it."""
    if rule.connecting.names == (AS_AT,):
        return matter.model_copy(update={"as_at": to})
    role = next(Role(n) for n in rule.connecting.names if Role(n) in matter.dates)
    dates = {r: d for r, d in matter.dates.items() if r not in (Role.ACT_END, Role.PERIOD_END)}
    dates = {r: max(d, to) if r is not Role.ACT else min(d, to) for r, d in dates.items()}
    return matter.model_copy(update={"dates": {**dates, role: to}})


# --- the hazards, by hand ---


def test_limitation_that_ran_out_a_day_before_the_longer_period_stays_expired() -> None:
    expired = decide("cn", "limitation", due="2015-09-30")
    assert expired.dates == (day("2015-09-30"),)
    assert "expired on 2017-09-30" in expired.sentence
    running = decide("cn", "limitation", due="2015-10-02")
    assert running.code is Code.TRANSITIONAL
    assert running.dates == (day("2017-10-01"),)
    assert "to 2018-10-02" in running.sentence


def test_interest_is_split_on_2020_08_20_and_the_later_part_follows_filing() -> None:
    found = decide(
        "cn",
        "continuing",
        "private-loan-interest",
        contract="2019-01-10",
        filing="2021-03-01",
        period_start="2019-01-10",
        period_end="2021-02-28",
    )
    assert [s.interval for s in found.slices] == [
        Interval(start=day("2019-01-10"), end=day("2020-08-20")),
        Interval(start=day("2020-08-20"), end=day("2021-03-01")),
    ]
    assert [s.as_at for s in found.slices] == [day("2019-01-10"), day("2021-03-01")]


def test_an_open_period_leaves_its_last_slice_open() -> None:
    found = decide("de", "continuing", "minimum-wage", period_start="2024-12-31")
    assert [s.interval.words() for s in found.slices] == ["only on 2024-12-31", "since 2025-01-01"]


def test_reg_b_2017_20417_takes_effect_in_two_steps() -> None:
    days = ("2017-12-31", "2018-01-01", "2021-12-31", "2022-01-01")
    rules = [decide("us", "civil", "reg-b", filing=text).rule for text in days]
    assert rules == ["us-reg-b", "us-reg-b-2017-20417", "us-reg-b-2017-20417", "us-reg-b"]


def test_milder_law_in_between_is_inside_the_span() -> None:
    found = decide("es", "criminal", act="2022-10-06", decision="2023-05-02")
    assert found.code is Code.LEX_MITIOR
    assert found.span is not None
    assert day("2023-04-28") in found.span
    assert day("2023-05-02") in found.span
    assert day("2023-05-03") not in found.span


def test_intermediate_editions_do_not_count_where_the_rule_excludes_them() -> None:
    found = decide(
        "us", "criminal", "sentencing-guidelines", act="2014-01-06", decision="2017-02-01"
    )
    assert found.span is None


def test_a_continuing_crime_is_judged_on_its_last_day() -> None:
    found = decide("cn", "criminal", act="2023-01-05", act_end="2024-03-01", decision="2024-10-08")
    assert found.dates[0] == day("2024-03-01")


def test_an_old_contract_stays_under_old_law_though_the_event_is_new() -> None:
    found = decide("fr", "civil", contract="2016-09-30", act="2020-01-06")
    assert (found.code, found.dates) == (Code.TRANSITIONAL, (day("2016-09-30"),))
    assert [(r.rule, r.dates) for r in found.rejected if "comes first" in r.why] == [
        ("fr-civil", (day("2020-01-06"),))
    ]


def test_a_rejected_rule_says_in_words_why() -> None:
    found = decide("fr", "civil", contract="2018-10-01")
    why = {rejected.rule: rejected.why for rejected in found.rejected}
    assert why["fr-contract-before-2018"] == "contract (2018-10-01) is not before 2018-10-01"


def test_pending_case_follows_the_procedure_of_each_step() -> None:
    before = decide("cn", "procedure", filing="2023-11-01", step="2023-12-31")
    after = decide("cn", "procedure", filing="2023-11-01", step="2024-01-01")
    assert (before.dates, after.dates) == ((day("2023-12-31"),), (day("2024-01-01"),))


@pytest.mark.parametrize(
    ("jurisdiction", "published", "expected"),
    [
        ("tw", "2023-02-08", "2023-02-10"),
        ("eu", "2016-05-04", "2016-05-24"),
        ("fr", "2016-12-31", "2017-01-01"),
        ("uk", "2006-11-08", "2006-11-08"),
    ],
)
def test_an_act_without_a_stated_day_commences_by_the_general_rule(
    jurisdiction: str, published: str, expected: str
) -> None:
    assert takes_effect(jurisdiction, day(published)).day == day(expected)


@pytest.mark.parametrize("rules", [t for t in TABLES if t], ids=lambda t: t.jurisdiction)
def test_every_commencement_example_comes_out_as_written(rules: object) -> None:
    for kind, rule in rules.commencement.items():
        for published, expected in rule.example:
            found = takes_effect(rules.jurisdiction, published, kind)
            assert found.day == expected
            assert ("has not been checked" in found.sentence) is not rule.verified


def test_no_commencement_rule_is_an_error_not_a_guess() -> None:
    with pytest.raises(BadInputError, match="No rule says when a act of 'cn'"):
        takes_effect("cn", day("2020-01-01"))


# --- nothing is guessed ---


@pytest.mark.parametrize("jurisdiction", [*jurisdictions(), "jp"])
@pytest.mark.parametrize("issue", Issue)
def test_a_matter_without_dates_is_asked_about(jurisdiction: str, issue: Issue) -> None:
    found = decide(jurisdiction, issue)
    assert found.code is Code.ASK
    assert found.dates == ()
    assert found.missing
    assert "is open: give the" in found.sentence


def test_a_crime_without_a_decision_day_asks_for_that_day_alone() -> None:
    found = decide("cn", "criminal", act="2024-02-29")
    assert found.code is Code.ASK
    assert found.missing == ((Role.DECISION,),)
    assert found.rule == "cn-criminal"


def test_a_special_topic_without_its_day_is_asked_about_and_not_decided_by_the_default() -> None:
    found = decide("cn", "continuing", "private-loan-interest", period_start="2019-01-10")
    assert found.code is Code.ASK
    assert found.missing == ((Role.FILING,),)


def test_law_in_dispute_is_asked_about_even_with_every_date() -> None:
    found = decide("eu", "civil", "ai-act-high-risk", act="2026-11-22")
    assert (found.code, found.dates, found.missing) == (Code.ASK, (), ())
    assert "Find out whether the postponement was published before 2026-11-22" in found.sentence


def test_an_unknown_jurisdiction_gets_general_principles_marked_unverified() -> None:
    found = decide("jp", "civil", act="2020-04-01")
    assert (found.rule, found.verified) == ("default-civil", False)


def test_a_continuing_period_without_known_changes_is_a_span_not_one_date() -> None:
    matter = Matter(
        jurisdiction="jp",
        issue=Issue.CONTINUING,
        dates={Role.PERIOD_START: day("2020-01-01"), Role.PERIOD_END: day("2020-12-31")},
    )
    assert governing_dates(matter).slices == ()
    assert governing_dates(matter).span == Interval(start=day("2020-01-01"), end=day("2021-01-01"))
    split = governing_dates(matter, changes=[day("2020-07-01"), day("2019-07-01")])
    assert [s.as_at for s in split.slices] == [day("2020-01-01"), day("2020-07-01")]


@given(
    st.sampled_from([*jurisdictions(), "jp"]),
    st.sampled_from(Issue),
    st.sampled_from([None, *sorted({t for _, rule in RULES for t in rule.topics})]),
    st.dictionaries(st.sampled_from(Role), st.dates(date(1900, 1, 1), date(2090, 1, 1))),
)
def test_every_answer_is_a_date_with_a_ground_or_a_question(
    jurisdiction: str, issue: Issue, topic: str | None, dates: dict[Role, date]
) -> None:
    try:
        matter = Matter(jurisdiction=jurisdiction, issue=issue, topic=topic, dates=dates)
    except ValidationError:
        return
    found = governing_dates(matter)
    assert bool(found.dates or found.span) is (found.code is not Code.ASK)
    assert (found.rule is not None) or found.missing
    assert sum(bool(s.interval.start) for s in found.slices) == len(found.slices)
    for before, after in zip(found.slices, found.slices[1:], strict=False):
        assert before.interval.end == after.interval.start


# --- a lawyer's slips ---


@pytest.mark.parametrize(
    ("given_", "problem"),
    [
        ({"act": "2020-02-02", "act_end": "2020-02-01"}, "the last day of the act .* lies before"),
        ({"act": "2020-02-02", "decision": "2019-02-02"}, "the day of the decision .* lies before"),
        ({"period_start": "2020-02-02", "period_end": "2020-02-01"}, "last day of the period"),
    ],
)
def test_days_in_the_wrong_order_are_refused(given_: dict[str, str], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        decide("cn", "civil", **given_)


TABLE = """
jurisdiction = "xx"
[[rule]]
id = "xx-civil"
issues = ["civil"]
connecting = "act"
code = "ACT_DATE"
law_at = ["date"]
authority = "Act 1, s. 1"
verified = true
sentence = "Facts of {date}."
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"civil"]', '"civilian"]', r"rules/xx.toml, field 'issues.0': rule 'xx-civil': Input"),
        ('"ACT_DATE"', '"ACT_DAY"', r"field 'code': rule 'xx-civil'"),
        ('["date"]', '["acts"]', r"field 'law_at.0': rule 'xx-civil': 'acts' is not a role"),
        ('["date"]', '["2020-02-30"]', r"field 'law_at.0': rule 'xx-civil': day is out of range"),
        ('["date"]', "[]", "rule 'xx-civil': law_at needs exactly one moment"),
        ("verified", "when = ['act << 2020-01-01']\nverified", r"field 'when.0': .*is not a cond"),
        ("verified", "verifed", r"field 'verified': rule 'xx-civil': Field required"),
        ("{date}", "{decision}", r"rule 'xx-civil': the sentence uses \{decision\}"),
        ("{date}", "{dates}", r"rule 'xx-civil': 'dates' is not a role"),
        ('"xx-civil"', '"uk-civil"', "rule 'uk-civil' does not begin with 'xx-'"),
        ('"ACT_DATE"', '"LEX_MITIOR"', "law_at needs the two or more moments"),
        ('"ACT_DATE"', '"SPLIT"', "connecting must be 'period_start'"),
        ("verified = true", "verified = true true", r"rules/xx.toml:10: Expected newline"),
    ],
)
def test_a_slip_in_a_table_names_file_rule_and_field(old: str, new: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as fault:
        parse_table(TABLE.replace(old, new, 1), "rules/xx.toml")
    assert "\n" not in str(fault.value)


def test_the_same_rule_twice_is_refused() -> None:
    with pytest.raises(SourceError, match="rule 'xx-civil' stands twice"):
        parse_table(TABLE + TABLE.partition('"xx"')[2], "rules/xx.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-02-29 + 1 year", "2021-02-28"),
        ("2020-01-31 + 1 month", "2020-02-29"),
        ("2020-03-31 - 1 month", "2020-02-29"),
        ("2020-12-31 + 1 day", "2021-01-01"),
        ("act_end or act", "2019-05-06"),
        ("act + 2 years", "2021-05-06"),
    ],
)
def test_moments_follow_the_calendar(text: str, expected: str) -> None:
    assert parse_day_expression(text).on({"act": day("2019-05-06")}) == day(expected)


def test_a_condition_without_its_day_is_open_not_false() -> None:
    condition = parse_condition("due + 2 years >= 2017-10-01")
    assert condition.holds({}) is None
    assert condition.holds({"due": day("2015-10-01")}) is True
    assert condition.holds({"due": day("2015-09-30")}) is False


def test_rules_are_tried_special_first_then_transitional_then_default() -> None:
    ids = [rule.id for rule in rules_for("fr", Issue.CIVIL)]
    assert ids.index("fr-contract-immediate") < ids.index("fr-contract-before-2016")
    assert ids.index("fr-contract-before-2018") < ids.index("fr-civil")
    assert ids[-1] == "fr-civil"


def test_a_transitional_rule_wins_though_written_after_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = (
        TABLE.partition('"xx"')[2].replace("xx-civil", "xx-old").replace("ACT_DATE", "TRANSITIONAL")
    )
    rules = parse_table(TABLE + later, "rules/xx.toml")
    monkeypatch.setattr("corpus.applicability.table", lambda _: rules)
    assert decide("xx", "civil", act="2020-01-01").rule == "xx-old"


def test_every_jurisdiction_of_the_plan_has_a_table() -> None:
    assert {"cn", "tw", "uk", "us", "eu", "fr", "de", "es", "ee"} <= set(jurisdictions())
