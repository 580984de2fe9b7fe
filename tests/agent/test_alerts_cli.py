"""An amending act is ingested: what the command line says, and what it does not break."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.matters.filing import file_question
from agent.matters.store import Matters, matters_url
from agent.people import local_person
from corpus.model import WorkHistory
from corpus.settings import Settings
from corpus.sources.jsonl import write_jsonl
from corpus.store import Store
from tests.agent.matters_cases import answered
from tests.agent.test_alerts import webhook
from tests.corpus.build import history, version

ROOT = Path(__file__).parents[2]
ACT = history(version("1990-01-01"))
AMENDED = history(version("1990-01-01", "2026-11-21"), version("2026-11-21"))


def started(home: Path, *words: str, **more: str) -> subprocess.Popen[str]:
    environment = {"INFORCE_HOME": str(home), "INFORCE_TODAY": "2026-11-22", **more}
    return subprocess.Popen(
        [sys.executable, "-m", "inforce", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "INFORCE_ENCODER": "none", **environment},
        cwd=ROOT,
    )


def ran(home: Path, *words: str, **more: str) -> tuple[int, str, str]:
    process = started(home, *words, **more)
    said, problems = process.communicate(timeout=120)
    return process.returncode, said, problems


def ingested(home: Path, act: WorkHistory, **more: str) -> tuple[int, str, str]:
    file = home / "act.jsonl"
    write_jsonl([act], file)
    return ran(home, "ingest", str(file), **more)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A library of one act, and a matter that cites it."""
    assert ingested(tmp_path, ACT)[0] == 0
    settings = Settings.under(tmp_path)
    trace = answered(settings, "What does s 1 Widgets Act 1990 say?", "2026-11-20")
    with Matters.open(matters_url(settings)) as matters, Store.open(settings.store_url) as store:
        matter = matters.create(local_person(), "Smith v Jones")
        file_question(matters, local_person(), matter.id, trace, store)
    return tmp_path


def test_an_ingested_amendment_is_an_alert_until_it_is_acknowledged(home: Path) -> None:
    assert ran(home, "alerts")[:2] == (0, "There are no new alerts.\n")
    status, _, problems = ingested(home, AMENDED)
    assert status == 0
    assert "1 alert is new: inforce alerts" in problems
    status, said, _ = ran(home, "alerts", "--json")
    assert status == 1
    (alert,) = json.loads(said)["alerts"]
    assert alert["words"].startswith("Widgets Act 1990, s 1: amended on 2026-11-21")
    status, said, _ = ran(home, "alerts", "--acknowledge", alert["id"][:8])
    assert (status, said) == (0, "There are no new alerts.\n")
    assert "(acknowledged)" in ran(home, "alerts", "--all")[1]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("INFORCE_ALERT_DAYS", "soon", "Alerts were not checked: INFORCE_ALERT_DAYS"),
        ("INFORCE_ALERT_WEBHOOK", "http://127.0.0.1:9/hook", "cannot be reached"),
        ("INFORCE_ALERT_SMTP_HOST", "127.0.0.1", "Nobody is to be sent the alerts of local"),
    ],
)
def test_alerts_that_cannot_be_sent_break_no_ingest(
    home: Path, name: str, value: str, said: str
) -> None:
    status, _, problems = ingested(home, AMENDED, **{name: value})
    assert status == 0
    assert said in problems
    assert "Traceback" not in problems
    assert ran(home, "alerts")[0] == 1, "the next check finds it"


def test_two_processes_that_check_at_once_send_an_alert_once(home: Path) -> None:
    with Store.open(Settings.under(home).store_url) as store:
        store.write(AMENDED)
    with webhook() as (url, got):
        at_once = [started(home, "alerts", INFORCE_ALERT_WEBHOOK=url) for _ in range(3)]
        for process in at_once:
            process.communicate(timeout=120)
    assert [process.returncode for process in at_once] == [1, 1, 1]
    assert len(got) == 1


def test_a_person_who_is_not_there_is_one_sentence(home: Path) -> None:
    status, _, problems = ran(home, "alerts", "--person", "nobody@firm.example")
    assert status == 2
    assert "There is no person 'nobody@firm.example'" in problems
