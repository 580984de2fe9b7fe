"""A small statute book that every engine indexes, and the engines that are there to test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch

from corpus.record_clock import CorpusState
from corpus.settings import Settings
from retrieval.engines.elastic_swap import indices_of
from retrieval.index import StatuteIndex, open_builder, open_index
from retrieval.query import Hit, IndexedText, StatuteQuery
from tests.retrieval.node import shared, why_no_node

CORPUS_HASH = "c0ffee"


def state(corpus_hash: str) -> CorpusState:
    """A state of a corpus that is in no store."""
    return CorpusState(corpus_hash=corpus_hash, recorded_at=datetime(2024, 1, 1, tzinfo=UTC))


def row(
    provision: str,
    since: str,
    until: str | None,
    text: str,
    *,
    language: str = "en",
    label: str = "s 1",
    heading: str | None = None,
    title: str = "Labour Act 1990",
    extent: str | None = None,
    known: tuple[str | None, str | None] = (None, None),
    kind: str = "act",
) -> IndexedText:
    """One indexed row; ``provision`` is ``jurisdiction/work#name``."""
    work_id = provision.split("#", maxsplit=1)[0]
    version = f"{provision}@{since}" + (f"~{extent}" if extent else "")
    return IndexedText(
        key=f"{version}|{language}|{known[0]}",
        version_id=version,
        provision_id=provision,
        work_id=work_id,
        work_title=title,
        jurisdiction=work_id.split("/", maxsplit=1)[0],
        language=language,
        extent=extent,
        kind=kind,
        label=label,
        heading=heading,
        text=text,
        valid_from=date.fromisoformat(since),
        valid_to=_day(until),
        known_from=_day(known[0]),
        known_to=_day(known[1]),
        row_from=date.fromisoformat(since),
        row_to=_day(until),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


ACT, CODE, LOI = "uk/labour-1990", "de/arbgb", "fr/code-travail"
PENAL = {"language": "zh", "title": "中华人民共和国刑法", "kind": "code"}
ROWS = (
    row(f"{ACT}#notice", "1990-01-01", "2010-04-06", "The period of notice is four weeks."),
    row(f"{ACT}#notice", "2010-04-06", None, "The period of notice is six weeks."),
    row(f"{ACT}#pay", "1990-01-01", None, "Wages are paid monthly.", label="s 2"),
    row(
        f"{ACT}#cross",
        "1990-01-01",
        None,
        "A claim under section 12(1)(a) is brought within 50,000 hours of the dismissal.",
        label="s 3",
    ),
    row(f"{ACT}#old", "1297-10-12", "1401-01-01", "Notice to a serf is by bell.", label="s 4"),
    row(f"{ACT}#ahead", "2300-01-01", None, "Notice to a robot is by beam.", label="s 5"),
    # published late: in force since 2001, known since 2003; before that another text was believed
    row(
        f"{ACT}#late",
        "2001-01-01",
        None,
        "Overtime is paid at double rate.",
        label="s 6",
        known=(None, "2003-05-01"),
    ),
    row(
        f"{ACT}#late",
        "2001-01-01",
        None,
        "Overtime is paid at triple rate.",
        label="s 6",
        known=("2003-05-01", None),
    ),
    row(f"{ACT}#limit", "2000-01-01", None, "The alcohol limit is 35.", extent="E+W", label="s 7"),
    row(f"{ACT}#limit", "2000-01-01", None, "The alcohol limit is 22.", extent="S", label="s 7"),
    # in force, a weak match for "unfair dismissal compensation"; then twenty strong ones that ended
    row(f"{ACT}#weak", "1990-01-01", None, "Compensation follows a finding.", label="s 8"),
    *(
        row(
            f"{ACT}#ended-{i}",
            "1990-01-01",
            "2005-01-01",
            "Unfair dismissal compensation: compensation for unfair dismissal.",
            heading="Unfair dismissal compensation",
            label=f"s {100 + i}",
        )
        for i in range(20)
    ),
    row(
        f"{LOI}#duree",
        "2000-02-01",
        None,
        "La durée légale du travail effectif des salariés est fixée à trente-cinq heures.",
        language="fr",
        title="Code du travail",
        label="art. L. 3121-27",
        heading="Durée légale",
        kind="code",
    ),
    row(
        f"{LOI}#oeuvre",
        "2000-02-01",
        None,
        "L'œuvre collective appartient à l'employeur jusqu'à la cession.",
        language="fr",
        title="Code du travail",
        label="art. L. 1",
        kind="code",
    ),
    row(
        f"{CODE}#strasse",
        "2000-01-01",
        None,
        "Der Arbeitgeber trägt die Kosten der Straße und ändert die Züge nicht.",
        language="de",
        title="Arbeitsgesetzbuch",
        label="§ 5",
        kind="code",
    ),
    row("ee/kars#syy", "2002-09-01", None, "Süü on karistuse alus.", language="et",
        title="Karistusseadustik", label="§ 32"),
    row("ee/kars#suu", "2002-09-01", None, "Suu kaitse töökohal.", language="et",
        title="Karistusseadustik", label="§ 33"),
    row("ee/kars#87-1", "2009-07-24", None, "Järelevalve vastavalt § 87¹ lõikele.",
        language="et", title="Karistusseadustik", label="§ 87¹"),
    row("cn/xingfa#393", "1997-10-01", "2024-03-01",
        "单位为谋取不正当利益而行贿,处五年以下有期徒刑。", label="第三百九十三条", **PENAL),
    row("cn/xingfa#393", "2024-03-01", None,
        "单位为谋取不正当利益而行贿,处三年以下有期徒刑。", label="第三百九十三条", **PENAL),
    row("cn/xingfa#232", "1997-10-01", None, "故意杀人的,处死刑。",
        label="第二百三十二条", **PENAL),
)  # fmt: skip


@pytest.fixture(scope="session")
def embedded_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"embedded:{tmp_path_factory.mktemp('index')}"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running Elasticsearch: INFORCE_ES_URL, else a node shared by the test run."""
    if url := os.environ.get("INFORCE_ES_URL"):
        yield url
        return
    if reason := why_no_node():
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    with shared(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) as url:
        yield url


@pytest.fixture(scope="session")
def elastic_url(cluster: str) -> Iterator[str]:
    """An alias of this process's own; what was built behind it is dropped at the end."""
    with own_alias(cluster) as url:
        yield url


@contextmanager
def own_alias(cluster: str) -> Iterator[str]:
    alias = f"test-{uuid4().hex[:12]}"
    yield f"elastic+{cluster}/{alias}"
    with Elasticsearch(cluster) as client:
        for physical in indices_of(client, alias):
            client.indices.delete(index=physical.name)


@pytest.fixture(params=["embedded", "elastic"])
def engine_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place for an index of the test's own, in each engine."""
    if request.param == "embedded":
        yield f"embedded:{tmp_path / 'index'}"
        return
    with own_alias(request.getfixturevalue("cluster")) as url:
        yield url


@pytest.fixture
def settings(engine_url: str, tmp_path: Path) -> Settings:
    return Settings(store_url=f"sqlite:///{tmp_path / 'home' / 'law.db'}", index_url=engine_url)


@pytest.fixture(scope="session", params=["embedded", "elastic"])
def index(request: pytest.FixtureRequest) -> Iterator[StatuteIndex]:
    """The fixture corpus in each engine."""
    url = request.getfixturevalue(f"{request.param}_url")
    open_builder(url).build(ROWS, state(CORPUS_HASH), lambda _: None)
    opened = open_index(url)
    yield opened
    opened.close()


def ask(index: StatuteIndex, text: str, day: str = "2020-01-01", **more: object) -> list[Hit]:
    """Search on a day."""
    return index.search(StatuteQuery.model_validate({"text": text, "as_at": day, **more}))


def names(hits: list[Hit]) -> list[str]:
    """The provisions' own names, in order."""
    return [hit.provision_id.split("#")[1] for hit in hits]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"
