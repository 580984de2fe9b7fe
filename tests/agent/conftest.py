"""One small statute book, in a real store with a real index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from agent.library import Library
from corpus.demo import demo_files
from corpus.errors import SourceError
from corpus.model import (
    Commencement,
    Coverage,
    EndReason,
    Provision,
    ProvisionNumber,
    SourceRef,
    Version,
    Work,
    WorkHistory,
)
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from retrieval.index_build import refresh_index

WIDGETS, LEVY = "uk/widgets-1990", "uk/levy-2001"


def provision(name: str, *labels: ProvisionNumber, work: str = WIDGETS) -> Provision:
    return Provision(id=f"{work}#{name}", work_id=work, labels=labels)


def version(
    name: str,
    text: str,
    start: str | None,
    end: str | None = None,
    *,
    work: str = WIDGETS,
    ended: EndReason | None = None,
    suffix: str = "",
    **more: object,
) -> Version:
    fields: dict[str, object] = {
        "id": f"{work}#{name}@{start or 'undated'}{suffix}",
        "provision_id": f"{work}#{name}",
        "language": "en",
        "text": text,
        "valid_from": start,
        "valid_to": end,
        "ended": ended or (EndReason.SUPERSEDED if end else None),
        "source": SourceRef(file="widgets.xml"),
    }
    return Version.model_validate({**fields, **more})


def work(work_id: str, title: str, citation: str, *aliases: str) -> Work:
    return Work(
        id=work_id,
        jurisdiction="uk",
        language="en",
        kind="act",
        title=title,
        aliases=aliases,
        citation=citation,
        source="https://example.org",
    )


REGISTER = "A maker of widgets shall keep a register of every widget sold for {} years."
TRIAL = "No widget may be tested on a public road at more than {} kilometres an hour."

WIDGETS_ACT = WorkHistory(
    work=work(WIDGETS, "Widgets Act 1990", "1990 c. 99 of 1 January 1990", "WA 1990"),
    provisions=(
        provision("register", ProvisionNumber(text="s 1")),
        provision(
            "licence",
            ProvisionNumber(text="s 2", valid_to=date(2005, 1, 1)),
            ProvisionNumber(text="s 3", valid_from=date(2005, 1, 1)),
        ),
        provision("recycling", ProvisionNumber(text="s 4")),
        provision("speed", ProvisionNumber(text="s 5")),
        provision("insurance", ProvisionNumber(text="s 6")),
        provision("export", ProvisionNumber(text="s 7")),
    ),
    versions=(
        version("register", REGISTER.format("five"), "1990-01-01", "2000-01-01"),
        version(
            "register",
            REGISTER.format("seven"),
            "2000-01-01",
            "2010-06-01",
            ended=EndReason.REPEALED,
            ended_by="Widgets (Repeal) Act 2010",
        ),
        version(
            "licence",
            "Nobody may make widgets without a licence.  A “licence” is granted for\n10,000 "
            "widgets or 2.5 tonnes, whichever is less. An application is decided within 15 days.",
            "1990-01-01",
        ),
        version("recycling", "Worn widgets go back to their maker for recycling.", "2030-01-01"),
        version("speed", TRIAL.format(50), "1990-01-01", "2014-12-05"),
        version("speed", TRIAL.format(40), "2014-12-05", suffix="~E+W", extent="E+W"),
        version("speed", TRIAL.format(30), "2014-12-05", suffix="~S", extent="S"),
        version(
            "insurance",
            "Insurance of widgets against theft is compulsory.",
            None,
            commencement=Commencement.TO_BE_FIXED,
            condition="waits for an order of the Minister",
        ),
        version(
            "export", "Exported widgets bear a blue mark.", "1990-01-01", known_to="2013-05-01"
        ),
        version(
            "export",
            "Exported widgets bear a blue mark.",
            "1990-01-01",
            "2012-01-01",
            known_from="2013-05-01",
        ),
        version(
            "export", "Exported widgets bear a green mark.", "2012-01-01", known_from="2013-05-01"
        ),
    ),
    coverage=(Coverage(work_id=WIDGETS, covered_from=date(1990, 1, 1), from_origin=True),),
)
LEVY_ACT = WorkHistory(
    work=work(LEVY, "Harbour Levy Act 2001", "2001 c. 7"),
    provisions=(provision("levy", ProvisionNumber(text="s 1"), work=LEVY),),
    versions=(version("levy", "A ship entering port pays harbour levy.", "2016-01-01", work=LEVY),),
    coverage=(Coverage(work_id=LEVY, covered_from=date(2016, 1, 1)),),
)


def _stop(error: SourceError) -> None:
    raise error


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The demonstration corpus."""
    yield from opened(tmp_path_factory.mktemp("demo"), *Jsonl(*demo_files()).works(_stop))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("library"), WIDGETS_ACT, LEVY_ACT)


def opened(folder: Path, *histories: WorkHistory) -> Iterator[Library]:
    settings = Settings(
        store_url=f"sqlite:///{folder / 'store.db'}", index_url=f"embedded:{folder / 'index'}"
    )
    with Store.open(settings.store_url, create=True) as store:
        for history in histories:
            store.write(history)
        refresh_index(store, settings.index_url, lambda *_: None)
    with Library.open(settings) as library:
        yield library
