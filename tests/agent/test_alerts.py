"""Alerts: each change of a cited text is told once, and a failure to send loses none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent.matters.alerts import Alert, acknowledge, alerts_of, check_alerts
from agent.matters.channels import AlertSettings
from agent.matters.checking import check
from agent.matters.delivery import deliver, sent_by
from agent.matters.filing import file_question
from agent.matters.standing import ChangeKind
from agent.matters.store import Matters, matters_url
from corpus.errors import BadInputError
from corpus.model import EndReason, ProvisionNumber, Version, WorkHistory
from corpus.settings import Settings
from corpus.store import Store
from tests.agent.mail_server import mail_server, serving
from tests.agent.matters_cases import ANNA, BEN, answered, home, stored
from tests.corpus.build import WORK, history, version

TODAY = date(2026, 11, 22)
ASKED = "2026-11-20"
FIRST = version("1990-01-01")


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFORCE_TODAY", str(TODAY))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return home(tmp_path)


@pytest.fixture
def matters(settings: Settings) -> Iterator[Matters]:
    settings_url = matters_url(settings)
    with Matters.open(settings_url) as opened:
        yield opened


def filed(settings: Settings, matters: Matters, *versions: Version, as_at: str = ASKED) -> str:
    """File a question about the duty; return the id of its matter."""
    matter = matters.create(ANNA, "Smith v Jones")
    with stored(settings, history(*versions or (FIRST,))) as store:
        trace = answered(settings, "What does s 1 Widgets Act 1990 say?", as_at)
        assert trace.answer is not None
        file_question(matters, ANNA, matter.id, trace, store)
    return matter.id


def checked(
    settings: Settings, matters: Matters, after: WorkHistory | None = None, days: int = 30
) -> list[Alert]:
    with Store.open(settings.store_url) as store:
        if after is not None:
            store.write(after)
        return check_alerts(matters, store, TODAY, days)


def ended(day: str, how: EndReason, *later: Version, ended_by: str | None = None) -> WorkHistory:
    return history(version("1990-01-01", day, ended=how, ended_by=ended_by), *later)


@pytest.mark.parametrize(
    ("after", "kind", "said"),
    [
        (
            ended("2026-11-21", EndReason.SUPERSEDED, version("2026-11-21")),
            "amended",
            "Widgets Act 1990, s 1: amended on 2026-11-21.",
        ),
        (
            ended("2026-12-01", EndReason.REPEALED, ended_by="Widgets Act 2026"),
            "repealed",
            "Widgets Act 1990, s 1: will be repealed on 2026-12-01 by Widgets Act 2026.",
        ),
        (
            ended("2026-11-01", EndReason.SUPERSEDED, version("2026-11-01")),
            "amended",
            "Widgets Act 1990, s 1: amended on 2026-11-01; it was not in force on 2026-11-20.",
        ),
        (ended("2026-12-22", EndReason.EXPIRED), "expired", "expires on 2026-12-22."),
        (history(version("1990-01-01", text="Another.")), "corrected", "was corrected"),
        (history(version("1989-01-01")), "removed", "no longer holds"),
        (ended("2026-11-21", EndReason.UNKNOWN), "record_ends", "the record now stops"),
    ],
)
def test_a_change_of_what_is_cited_is_told_once(
    settings: Settings, matters: Matters, after: WorkHistory, kind: ChangeKind, said: str
) -> None:
    matter = filed(settings, matters)
    assert checked(settings, matters) == []
    (alert,) = checked(settings, matters, after)
    assert (alert.matter, alert.change.kind) == (matter, kind)
    assert said in alert.said(TODAY).text
    assert checked(settings, matters) == []
    assert alerts_of(matters, ANNA) == [alert]
    assert alerts_of(matters, BEN) == []


def test_a_renumbered_provision_is_told(settings: Settings, matters: Matters) -> None:
    filed(settings, matters)
    before = history(FIRST)
    numbers = (
        ProvisionNumber(text="s 1", valid_to=date(2026, 12, 1)),
        ProvisionNumber(text="s 7", valid_from=date(2026, 12, 1)),
    )
    moved = before.provisions[0].model_copy(update={"labels": numbers})
    (alert,) = checked(settings, matters, before.model_copy(update={"provisions": (moved,)}))
    assert "will be renumbered s 7 on 2026-12-01" in alert.said(TODAY).text


def test_what_is_further_away_than_the_days_set_is_told_when_it_comes_near(
    settings: Settings, matters: Matters
) -> None:
    filed(settings, matters)
    after = ended("2027-03-01", EndReason.REPEALED)
    assert checked(settings, matters, after) == []
    assert len(checked(settings, matters, days=100)) == 1


def test_an_end_on_record_when_the_question_was_asked_is_told_only_if_it_was_to_come(
    settings: Settings, matters: Matters
) -> None:
    old = version("1990-01-01", "2020-01-01"), version("2020-01-01", "2026-12-01")
    later = version("2026-12-01")
    filed(settings, matters, *old, later, as_at="2010-01-01")
    assert checked(settings, matters) == [], "what had ended before the question is no news"
    filed(settings, matters, *old, later)
    (alert,) = checked(settings, matters)
    assert alert.change.day == date(2026, 12, 1)


def test_the_same_change_on_another_day_is_another_alert(
    settings: Settings, matters: Matters
) -> None:
    filed(settings, matters)
    assert len(checked(settings, matters, ended("2026-12-01", EndReason.REPEALED))) == 1
    assert len(checked(settings, matters, ended("2026-12-10", EndReason.REPEALED))) == 1
    assert len(alerts_of(matters, ANNA)) == 2


def test_an_alert_outlives_the_removal_of_the_work(settings: Settings, matters: Matters) -> None:
    filed(settings, matters)
    with sa.create_engine(settings.store_url).begin() as connection:
        for table in ("works", "provisions", "versions", "labels", "coverage"):
            connection.exec_driver_sql(f"update {table} set recorded_to = '2026-11-22'")
    (alert,) = checked(settings, matters)
    assert alert.change.kind == "removed"
    assert WORK.title in alert.said(TODAY).text
    assert alerts_of(matters, ANNA) == [alert]


def test_an_archived_matter_is_not_checked_until_it_is_opened_again(
    settings: Settings, matters: Matters
) -> None:
    matter = filed(settings, matters)
    matters.archive(ANNA, matter)
    assert checked(settings, matters, ended("2026-12-01", EndReason.REPEALED)) == []
    matters.archive(ANNA, matter, archived=False)
    assert len(checked(settings, matters)) == 1


def test_an_acknowledged_alert_stays_in_history(settings: Settings, matters: Matters) -> None:
    filed(settings, matters)
    (alert,) = checked(settings, matters, ended("2026-12-01", EndReason.REPEALED))
    with pytest.raises(BadInputError, match="There is no alert"):
        acknowledge(matters, BEN, alert.id)
    acknowledge(matters, ANNA, alert.id[:8])
    assert alerts_of(matters, ANNA) == []
    (kept,) = alerts_of(matters, ANNA, acknowledged=True)
    assert kept.acknowledged_by == ANNA.id
    assert checked(settings, matters) == []


# -- sending ------------------------------------------------------------------------------------


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[dict[str, str]]]]:
    got: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/hook", got


def repealed(settings: Settings, matters: Matters) -> Alert:
    filed(settings, matters)
    (alert,) = checked(settings, matters, ended("2026-12-01", EndReason.REPEALED))
    return alert


def test_a_webhook_gets_each_alert_once_and_no_name_of_a_client(
    settings: Settings, matters: Matters
) -> None:
    alert = repealed(settings, matters)
    with webhook() as (url, got):
        channels = AlertSettings(webhook=url).channels()
        assert deliver(matters, channels, TODAY) == ()
        assert deliver(matters, channels, TODAY) == ()
    assert [one["id"] for one in got] == [alert.id]
    assert "Smith" not in json.dumps(got)
    assert "will be repealed on 2026-12-01" in got[0]["words"]
    assert sent_by(matters, [alert]) == {alert.id: ("webhook",)}


def test_a_webhook_that_fails_is_said_and_tried_again(settings: Settings, matters: Matters) -> None:
    repealed(settings, matters)
    with webhook(500) as (url, got):
        (problem,) = deliver(matters, AlertSettings(webhook=url).channels(), TODAY)
        assert problem == f"The webhook {url} answered 500."
    (problem,) = deliver(matters, AlertSettings(webhook=url).channels(), TODAY)
    assert "cannot be reached" in problem
    with webhook() as (url, got):
        assert deliver(matters, AlertSettings(webhook=url).channels(), TODAY) == ()
    assert len(got) == 1


def test_a_webhook_that_redirects_is_not_followed(settings: Settings, matters: Matters) -> None:
    repealed(settings, matters)
    with webhook(302) as (url, got):
        (problem,) = deliver(matters, AlertSettings(webhook=url).channels(), TODAY)
    assert "answered 302" in problem
    assert len(got) == 1


def test_mail_goes_to_the_owner_and_a_server_that_is_down_loses_none(
    settings: Settings, matters: Matters
) -> None:
    repealed(settings, matters)
    with mail_server() as (port, got):
        pass
    mail = AlertSettings(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none")
    (problem,) = deliver(matters, mail.channels(), TODAY)
    assert problem.startswith(f"The mail server 127.0.0.1:{port} cannot be reached")
    with mail_server() as (port, got):
        mail = mail.model_copy(update={"smtp_port": port})
        assert deliver(matters, mail.channels(), TODAY) == ()
        assert deliver(matters, mail.channels(), TODAY) == ()
    (letter,) = got
    assert "To: anna@firm.example" in letter
    assert "Smith v Jones" in letter
    assert "will be repealed on 2026-12-01" in letter


def test_an_owner_without_an_address_is_named(settings: Settings, matters: Matters) -> None:
    repealed(settings, matters)
    with sa.create_engine(matters_url(settings)).begin() as connection:
        connection.exec_driver_sql("update matters set owner = 'local'")
    mail = AlertSettings(smtp_host="127.0.0.1")
    (problem,) = deliver(matters, mail.channels(), TODAY)
    assert problem == "Nobody is to be sent the alerts of local: set INFORCE_ALERT_MAIL_TO."


def test_checks_at_once_find_and_send_each_alert_once(database_url: str, tmp_path: Path) -> None:
    settings = home(tmp_path)
    with Matters.open(database_url) as matters, webhook() as (url, got):
        for _ in range(5):
            filed(settings, matters)
        with Store.open(settings.store_url) as store:
            store.write(ended("2026-12-01", EndReason.REPEALED))
        channels = AlertSettings(webhook=url).channels()

        def one(_: int) -> int:
            with Matters.open(database_url) as own, Store.open(settings.store_url) as store:
                found = check_alerts(own, store, TODAY, 30)
                deliver(own, channels, TODAY)
                return len(found)

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(one, range(8))) == 5
        deliver(matters, channels, TODAY)
        assert sorted(one["id"] for one in got) == sorted(a.id for a in alerts_of(matters, ANNA))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DAYS", "soon"),
        ("DAYS", "-1"),
        ("SMTP_PORT", "0"),
        ("SMTP_SECURITY", "perhaps"),
    ],
)
def test_a_setting_that_cannot_be_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"INFORCE_ALERT_{name}", value)
    with pytest.raises(BadInputError, match=f"INFORCE_ALERT_{name}: "):
        AlertSettings.load()


def test_an_address_that_is_no_webhook_is_named() -> None:
    with pytest.raises(BadInputError, match="INFORCE_ALERT_WEBHOOK: 'file:///etc/passwd'"):
        AlertSettings(webhook="file:///etc/passwd").channels()


def test_a_check_before_there_is_a_matter_makes_no_database(settings: Settings) -> None:
    assert check(settings).found == ()
    assert not Path(settings.store_url.removeprefix("sqlite:///")).parent.exists()
