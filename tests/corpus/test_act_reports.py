"""What reading an act showed of its history is counted, printed and kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from corpus.act_report import act_report
from corpus.ingest import ingest
from corpus.model import WorkHistory
from corpus.sources.git.git_markdown import GitMarkdown
from corpus.sources.git.markdown_dialect import read_dialect
from corpus.sources.jsonl import Jsonl, write_jsonl
from corpus.store import Store
from tests.corpus.build import history, version
from tests.corpus.commits import repository
from tests.corpus.test_impossible_histories import NEW, OLD, RULES, at, text


def source(folder: Path) -> GitMarkdown:
    (folder / "yy.toml").write_text(RULES, encoding="utf-8")
    since = "since: 1990-01-01\n"
    commits = [
        at("1980-01-01", text("Too early.", head=since)),
        at("1990-01-01", text(OLD, head=since)),
        at("1995-01-01", text(OLD, head=since + "updated: 1995-01-01\n")),
        at("2000-01-01", text(NEW, "Two.", head=since)),
        at("2000-01-01", text(OLD, "2b.", head=since)),
        at("2001-01-01", "no frontmatter", path="yy/Q2.md"),
    ]
    return GitMarkdown(repository(folder / "repo", commits), read_dialect(folder / "yy.toml"))


def test_report_counts_states_and_names_what_was_refused(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'law.db'}", create=True) as store:
        report = ingest(source(tmp_path), store)
        act, left_out = report.acts
        assert (act.work_id, act.states, act.unchanged) == ("yy/Q1", 5, 1)
        assert (act.of_one_day, act.before_origin) == (1, 1)
        problems = [remark.problem for remark in act.refused]
        assert len(problems) == 2
        assert "before the act itself" in problems[0]
        assert "has the day of another state" in problems[1]
        assert left_out.work_id is None
        assert "frontmatter" in left_out.refused[0].problem
        assert store.act_reports() == [act, left_out]
        assert store.act_reports("yy/Q1") == [act]


def test_report_of_a_second_ingest_takes_the_place_of_the_first(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'law.db'}", create=True) as store:
        reader = source(tmp_path)
        first = ingest(reader, store)
        second = ingest(reader, store)
        assert first.acts == second.acts
        assert store.act_reports() == list(second.acts)


def test_rows_alone_show_repetition_and_proportion() -> None:
    rows = [
        version("1990-01-01", "2000-01-01", text="Same."),
        version("2000-01-01", "2010-01-01", text="Same."),
        version("2010-01-01", text="x" * 30_000),
    ]
    found = act_report("x", history(*rows), None)
    assert (found.states, found.unchanged, found.undated) == (3, 1, 0)
    assert found.out_of_proportion == ()
    twenty = many_sections(30_000)
    assert act_report("x", twenty, None).out_of_proportion == ("s 0",)


def many_sections(longest: int) -> WorkHistory:
    single = history(version("1990-01-01"))
    (provision,), (row,) = single.provisions, single.versions
    provisions, versions = [], []
    for number in range(20):
        own = f"{single.work.id}#p{number}"
        labels = (provision.labels[0].model_copy(update={"text": f"s {number}"}),)
        provisions.append(provision.model_copy(update={"id": own, "labels": labels}))
        length = 50 if number else longest
        more = {"id": f"{own}@1990", "provision_id": own, "text": "y" * length}
        versions.append(row.model_copy(update=more))
    return single.model_copy(update={"provisions": tuple(provisions), "versions": tuple(versions)})


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inforce", *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "INFORCE_HOME": str(home)},
        cwd=Path(__file__).parents[2],
    )


def test_command_line_prints_the_report_and_keeps_it(tmp_path: Path) -> None:
    source(tmp_path)
    home = tmp_path / "home"
    words = ("ingest", str(tmp_path / "repo"), "--dialect", str(tmp_path / "yy.toml"))
    done = run(home, *words)
    assert done.returncode == 2
    assert "Worth a look" in done.stdout
    assert "before the act itself (1990-01-01)" in done.stdout
    assert "left out: yy/Q2.md" in done.stderr
    again = run(home, "corpus", "report", "--json")
    assert again.returncode == 0, again.stderr
    acts = json.loads(again.stdout)["acts"]
    assert [act["work_id"] for act in acts] == ["yy/Q1", None]
    assert acts[0]["before_origin"] == 1
    assert json.loads(run(home, *words, "--json").stdout)["acts"] == acts


def test_markup_in_a_title_or_a_path_is_only_text(tmp_path: Path) -> None:
    path = tmp_path / "[/x][bold] law.jsonl"
    path.parent.mkdir()
    write_jsonl([history(version("1990-01-01"))], path)
    written = path.read_text(encoding="utf-8")
    odd = written.replace('"title": "', '"title": "[/x] ').replace("widgets", "[/y]widgets")
    path.write_text(written + odd + odd.replace("1990-01-01", "1990-02-30"), encoding="utf-8")
    done = run(tmp_path / "home", "ingest", str(path))
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
    assert "[/x][bold] law.jsonl:" in done.stderr.replace("\n", "")
    assert Jsonl(path).count() == 3
