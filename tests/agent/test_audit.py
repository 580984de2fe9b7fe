"""The audit log: nothing of it is lost, changed, or more than ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent.audit import Action, AuditLog, Kind
from corpus.database import open_engine, writing
from tests.postgres import postgres, why_no_postgres


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'audit.db'}"
        return
    if reason := why_no_postgres():
        pytest.skip(reason)
    with postgres() as served:
        yield served


@pytest.mark.parametrize(
    "change",
    ["delete from audit_lines", "update audit_lines set person = 'x'"],
)
def test_a_line_cannot_be_changed_or_deleted_even_by_sql(url: str, change: str) -> None:
    with AuditLog.open(url) as log:
        log.add("a@x", Action.DELETED, Kind.TRACE, "t1", "t2")
        engine = open_engine(url, create=False)
        with pytest.raises(sa.exc.SQLAlchemyError), writing(engine) as connection:
            connection.execute(sa.text(change))
        engine.dispose()
        found = [(line.person, line.action, line.object) for line in log.lines()]
    assert found == [("a@x", Action.DELETED, "t2"), ("a@x", Action.DELETED, "t1")]


def test_lines_are_found_by_who_did_it_whom_it_concerns_and_what_it_was_done_to(url: str) -> None:
    with AuditLog.open(url) as log:
        log.add("a@x", Action.SHARED, Kind.MATTER, "m1", other="b@x")
        log.add("b@x", Action.SAW, Kind.TRACE, "t1")
        log.add("c@x", Action.SAW, Kind.TRACE, "t2")
        assert [line.object for line in log.lines(person="b@x")] == ["t1", "m1"]
        assert [line.person for line in log.lines(of="t2")] == ["c@x"]
        assert [line.object for line in log.lines(1)] == ["t2"]
        log.add("a@x", Action.SAW, Kind.TRACE)
        assert len(log.lines()) == 3
