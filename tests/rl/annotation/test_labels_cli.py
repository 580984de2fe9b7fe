"""The verbs of labelling, from the rollouts of a journal to labels in files."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.library import Library
from agent.trace import AbstentionReason
from corpus.errors import InForceError
from corpus.questions import Family
from corpus.store import Store
from inforce import app
from rl.annotation.exchange import read_jsonl
from rl.annotation.items import ChosenCandidate, ChosenVersion, Decision, Item, LabelStatus, Role
from rl.annotation.items_of_run import items_of_run
from rl.annotation.queue import assignments
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.labels import labels
from rl.annotation.selection.choosers import choosers
from rl.annotation.selection.clusters import cluster_key
from rl.journal import Journal
from rl.recipes.load import read_recipe
from rl.rewards.scored_trace import append_scored, scored
from rl.run.run_directory import Run
from tests.agent.conftest import opened
from tests.rl.annotation.projects import chosen, fresh, text_of
from tests.rl.statutes import (
    DAY,
    FAIRS,
    NEW,
    OLD,
    abstain,
    answer,
    play,
    question,
    read,
    search,
)

VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)
OTHER = question(Family.VALUE_AT_DATE, NEW)
FEE = "pays a fee of £40 for every stall"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


@pytest.fixture(scope="module")
def journal(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A round of two questions: one in dispute, one that all answer alike."""
    right = play(library, VALUE, search(DAY), answer((OLD, FEE), text="It is £40."))
    same = play(library, VALUE, search(DAY), answer((OLD, FEE), text="Forty pounds a stall."))
    wrong = play(library, VALUE, read("fee", "2020-01-01"), answer((NEW, "a fee of £65")))
    silent = play(library, VALUE, search(DAY), abstain(AbstentionReason.NOT_FOUND))
    agreed = play(library, OTHER, read("fee", OTHER.as_at or DAY), answer((NEW, "a fee of £65")))
    path = tmp_path_factory.mktemp("run") / "traces.jsonl"
    made = [(VALUE, right), (VALUE, wrong), (VALUE, same), (VALUE, silent)]
    made += [(OTHER, agreed)] * 4
    append_scored(Journal(path), [scored(1, asked, trace) for asked, trace in made])
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    for name in ("INFORCE_LABELS", "INFORCE_STORE", "INFORCE_INDEX"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def say(*arguments: str) -> str:
    found = CliRunner().invoke(app, ["labels", *arguments], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def create(journal: Path, *more: str) -> str:
    people = ["--people", "ann,ben", "--adjudicators", "judith"]
    return say("create", "fees", "--from", str(journal), *people, *more)


def queue_at(home: Path) -> LabelQueue:
    return LabelQueue.open(f"sqlite:///{home / 'labels.db'}")


def decide(home: Path, person: str, letter: str) -> Item:
    queue = queue_at(home)
    held = assignments.next_item(queue, "fees", person)
    assert held is not None
    assignments.submit(queue, held, person, chosen(letter), fresh(), text_of)
    return next(item for item in queue.items("fees") if item.id == held.item)


def test_equal_answers_in_other_words_are_one_candidate(library: Library) -> None:
    first = play(library, VALUE, search(DAY), answer((OLD, FEE), text="It is £40."))
    second = play(library, VALUE, search(DAY), answer((OLD, FEE[4:]), text="Forty pounds."))
    other = play(library, VALUE, search(DAY), answer((OLD, "of a fair"), text="£40"))
    assert cluster_key(first, "en") == cluster_key(second, "en") != cluster_key(other, "en")
    assert cluster_key(None, "en") is None


def test_a_project_shows_each_distinct_answer_once_and_hides_how_often(
    home: Path, journal: Path
) -> None:
    assert "1 questions to label" in create(journal, "--budget", "0.5")
    [item] = queue_at(home).items("fees")
    assert (item.shown.question, item.shown.as_at) == (VALUE.text, VALUE.as_at)
    assert sorted(map(len, item.origin.traces.values())) == [1, 1, 2]
    assert {c.abstains for c in item.shown.candidates} == {None, AbstentionReason.NOT_FOUND}
    assert item.origin.question_id == VALUE.id
    shown = item.shown.model_dump_json()
    assert not [trace for found in item.origin.traces.values() for trace in found if trace in shown]


def test_more_of_the_same_run_is_added_and_nothing_twice(home: Path, journal: Path) -> None:
    create(journal, "--budget", "0.5")
    assert "1 questions added" in say("select", "fees", "--from", str(journal), "--budget", "1")
    assert "0 questions added" in say("select", "fees", "--from", str(journal), "--budget", "1")


def test_rollouts_of_another_corpus_are_refused(home: Path, journal: Path, tmp_path: Path) -> None:
    create(journal)
    [record, *_] = [json.loads(line) for line in journal.read_text().splitlines()]
    record["trace"]["corpus_hash"] = "f" * 64
    other = tmp_path / "other" / "traces.jsonl"
    other.parent.mkdir()
    other.write_text(json.dumps(record) + "\n")
    with pytest.raises(InForceError, match="answered from corpus ffffffffffff, project 'fees'"):
        say("select", "fees", "--from", str(other))


def test_disagreement_is_listed_settled_and_exported(home: Path, journal: Path) -> None:
    create(journal, "--budget", "0.5", "--overlap-share", "1")
    item = decide(home, "ann", "A")
    decide(home, "ben", "B")
    assert "1 disagreed" in say("status", "fees")
    listed = say("adjudicate", "fees")
    assert item.id in listed
    assert "ann: candidate A" in listed
    say("adjudicate", "fees", item.id[:6], "--candidate", "A", "--as", "judith")
    assert "1 of 1 labelled (1 adjudicated)" in say("status", "fees")
    path = home / "labels.jsonl"
    say("export", "fees", str(path))
    [label] = read_jsonl(path)
    assert (label.status, label.people, label.guidelines) == (
        LabelStatus.ADJUDICATED,
        ("ann",),
        1,
    )
    assert label.traces == item.origin.traces


def test_an_export_equals_its_filter(home: Path, journal: Path) -> None:
    create(journal, "--budget", "1", "--overlap-share", "0")
    decide(home, "ann", "A")
    counted = json.loads(say("status", "fees", "--json"))["progress"]["by_status"]
    for status, count in counted.items():
        path = home / f"{status}.jsonl"
        assert f"{count} labels written" in say("export", "fees", str(path), "--status", status)
        assert len(list(read_jsonl(path))) == count


def test_a_parquet_folder_holds_what_the_labels_hold(home: Path, journal: Path) -> None:
    import pyarrow.parquet as pq

    create(journal, "--budget", "1", "--overlap-share", "0")
    decide(home, "ann", "A")
    say("export", "fees", str(home / "folder"))
    rows = pq.read_table(home / "folder" / "train.parquet").to_pylist()
    assert sorted(row["status"] for row in rows) == ["agreed", "unseen"]
    [done] = [row for row in rows if row["status"] == "agreed"]
    assert (done["kind"], json.loads(done["choice"])["letter"], done["people"]) == (
        "candidate",
        "A",
        ["ann"],
    )


def test_label_studio_and_back(home: Path, journal: Path) -> None:
    create(journal, "--budget", "1", "--overlap-share", "0")
    path = home / "tasks.json"
    say("export", "fees", str(path))
    tasks = json.loads(path.read_text())
    choices = re.findall('Choice value="([^"]+)"', path.with_suffix(".xml").read_text())
    assert {"A", "Z", "decline:repealed", "decline:no_date", "unsure"} <= set(choices)
    assert not [task for task in tasks if "annotations" in task or "low_confidence" in str(task)]
    for task, word in zip(tasks, ("A", "decline:repealed"), strict=True):
        result = {"from_name": "decision", "to_name": "candidates", "type": "choices"}
        task["annotations"] = [
            {"completed_by": 7, "result": [{**result, "value": {"choices": [word]}}]},
            {"completed_by": 8, "was_cancelled": True, "result": []},
        ]
    path.write_text(json.dumps(tasks))
    assert "2 decisions imported, 0 were" in say("import", "fees", str(path))
    assert "0 decisions imported, 2 were" in say("import", "fees", str(path))
    assert "2 of 2 labelled" in say("status", "fees")


def test_our_own_export_is_imported_where_a_label_is_missing(home: Path, journal: Path) -> None:
    create(journal, "--budget", "0.5")
    with Store.open(f"sqlite:///{home / 'store.db'}", create=True) as store:
        store.write(FAIRS)
    held = assignments.next_item(queue_at(home), "fees", "ann")
    assert held is not None
    span = ChosenVersion(version_id=OLD, quote="pays a fee", start=24, end=34)
    texts = {OLD: "The organiser of a fair pays a fee"}.get
    assignments.submit(queue_at(home), held, "ann", Decision(choice=span), fresh(), texts)
    path = home / "tasks.json"
    say("export", "fees", str(path))
    assert "0 decisions imported, 1 were" in say("import", "fees", str(path))
    again = ["--from", str(journal), "--budget", "0.5", "--people", "cleo"]
    say("create", "copy", *again)
    assert "1 decisions imported, 0 were" in say("import", "copy", str(path))
    [label] = labels(queue_at(home), "copy")
    assert (label.choice, label.people) == (span, ("exported",))
    assert "0 decisions imported, 1 were" in say("import", "copy", str(path))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("[{]", r"tasks.json:1: not JSON"),
        ("{}", "tasks.json: not a list"),
        ('[{"data": {"item": "x"}}]', "task 1, field 'data.item': no item of this project: x"),
        (
            '[{"data": {"item": "ITEM"}, "annotations": [{"result": []}]}]',
            "task 1, field 'annotations.0.result': one choice is wanted, there are 0",
        ),
        (
            '[{"data": {"item": "ITEM"}, "annotations": [{"result": [{"from_name": "decision",'
            ' "value": {"choices": ["maybe"]}}]}]}]',
            "'maybe' is no decision",
        ),
    ],
)
def test_a_damaged_import_names_its_place_and_changes_nothing(
    home: Path, journal: Path, damage: str, words: str
) -> None:
    create(journal, "--budget", "1")
    item = queue_at(home).items("fees")[0].id
    path = home / "tasks.json"
    path.write_text(damage.replace("ITEM", item))
    with pytest.raises(InForceError, match=words):
        say("import", "fees", str(path))
    assert "0 of 2 labelled (2 unseen)" in say("status", "fees")


def test_a_damaged_export_of_ours_names_line_and_field(home: Path) -> None:
    path = home / "labels.jsonl"
    path.write_text('{"project": "fees"}\n')
    with pytest.raises(InForceError, match=r"labels.jsonl:1, field 'item': not a label"):
        list(read_jsonl(path))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["status", "taxes"], "no labelling project 'taxes'"),
        (["export", "fees", "x.jsonl", "--status", "done"], "--status: 'done' is none of unseen"),
        (["adjudicate", "fees", "zzz", "--candidate", "A"], "0 items to be settled begin"),
        (["select", "fees", "--from", "gone"], "There is no run 'gone'"),
        (["adjudicate", "taxes"], "no labelling project 'taxes'"),
        (["people", "taxes"], "no labelling project 'taxes'"),
        (["people", "fees", "--remove", "cleo"], "cleo does not work on project 'fees'"),
        (["import", "fees", "gone.json"], "gone.json cannot be read: No such file or directory"),
        (["select", "fees", "--from", "x.jsonl", "--chooser", "best"], "'best' is none of random"),
    ],
)
def test_bad_input_is_one_sentence(
    home: Path, journal: Path, arguments: list[str], words: str
) -> None:
    create(journal)
    with pytest.raises(InForceError, match=words):
        say(*arguments)


def test_guidelines_are_replaced_by_a_further_version(home: Path, journal: Path) -> None:
    create(journal)
    guide = home / "guide.md"
    guide.write_text("Read the version in force.")
    assert "guidelines version 2" in say("guidelines", "fees", str(guide))
    assert queue_at(home).guidelines("fees").text == "Read the version in force."
    with pytest.raises(InForceError, match=r"guidelines: .*gone.md cannot be read: No such file"):
        say("guidelines", "fees", str(home / "gone.md"))


def test_a_project_takes_what_its_run_asked_about(home: Path, journal: Path) -> None:
    """The run chose, also where it stopped before a rollout reached its journal."""
    labels = {"source": "queue", "policy": "care", "overlap": 3}
    table = {"name": "r", "objective": {"post": "soft_adv"}, "labels": labels}
    [item, *_] = items_of_run("r", journal, choosers()["full"], 1.0)
    run = Run.create(home / "runs" / "r-s0-1", read_recipe(table, "r.toml"), [VALUE], "c" * 64)
    run.asked.append([item.model_dump(mode="json")])
    said = say("create", "asked", "--from", "r-s0-1", "--people", "ann")
    assert "1 questions to label" in said
    assert "wants 3 people for an item and --people names 1" in said
    assert "is gone" not in say("status", "asked"), "it waits, and is there"
    queue = queue_at(home)
    assert queue.items("asked") == [item]
    assert (queue.project("asked").overlap, queue.project("asked").corpus_hash) == (3, "c" * 64)
    shown = (run.folder / "questions.jsonl").read_text()
    assert VALUE.text[:20] in shown
    assert "gold" not in shown


def test_labels_are_exported_as_training_data(home: Path, journal: Path) -> None:
    create(journal, "--budget", "1", "--overlap-share", "0")
    decide(home, "ann", "A")
    path = home / "pairs.jsonl"
    assert "0 pairs written" in say("export", "fees", str(path), "--as", "pairs")
    with pytest.raises(InForceError, match="--as: 'essays' is none of labels, demonstrations"):
        say("export", "fees", str(path), "--as", "essays")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a/b", "--people", "ann"], "'a/b' cannot be the name of a project"),
        (["x" * 81, "--people", "ann"], "it has 1 to 80 letters"),
        (["new", "--people", " , "], "name at least one annotator"),
        (["new", "--people", "ann,ann", "--overlap", "2"], "--overlap: 2 people cannot decide"),
    ],
)
def test_a_project_that_nobody_could_finish_is_not_made(
    home: Path, journal: Path, arguments: list[str], words: str
) -> None:
    with pytest.raises(InForceError, match=words):
        say("create", *arguments, "--from", str(journal))
    assert not (home / "labels.db").exists() or not queue_at(home).projects()


def test_an_annotator_alone_decides_every_item(home: Path, journal: Path) -> None:
    say("create", "fees", "--from", str(journal), "--people", "ann", "--budget", "1")
    assert queue_at(home).project("fees").overlap == 1


def test_people_come_and_go_and_their_decisions_stay(home: Path, journal: Path) -> None:
    create(journal, "--budget", "0.5")
    decide(home, "ann", "A")
    said = say("people", "fees", "--annotators", "cleo,judith", "--remove", "ann")
    assert "cleo: annotator" in said
    assert "judith: annotator" in said
    assert "ann:" not in said
    [label] = labels(queue_at(home), "fees")
    assert label.people == ("ann",)
    with pytest.raises(InForceError, match="ann does not work on project 'fees'"):
        assignments.next_item(queue_at(home), "fees", "ann")


def test_an_owner_who_labels_stays_the_owner(home: Path, journal: Path) -> None:
    owner = getpass.getuser()
    say("create", "fees", "--from", str(journal), "--people", owner, "--budget", "0.5")
    assert queue_at(home).people("fees") == {owner: Role.OWNER}
    decide(home, owner, "A")
    with pytest.raises(InForceError, match="owns project 'fees'"):
        say("people", "fees", "--remove", owner)


def test_known_answers_are_mixed_in_to_measure_annotators(
    home: Path, journal: Path, tmp_path: Path
) -> None:
    say("create", "known", "--from", str(journal), "--people", "judith", "--budget", "0.5")
    held = assignments.next_item(queue_at(home), "known", "judith")
    assert held is not None
    assignments.submit(queue_at(home), held, "judith", chosen("B"), fresh(), text_of)
    known = tmp_path / "known.jsonl"
    say("export", "known", str(known), "--status", "agreed")
    said = create(journal, "--budget", "1", "--gold", str(known))
    assert "1 questions with a known answer are mixed in" in said
    gold, other = sorted(queue_at(home).items("fees"), key=lambda item: item.gold is None)
    assert (gold.id, gold.gold, other.gold) == (held.item, ChosenCandidate(letter="B"), None)
    assert [label.item for label in labels(queue_at(home), "fees")] == [other.id]
    known.write_text("")
    with pytest.raises(InForceError, match="settles no question of"):
        say("select", "fees", "--from", str(journal), "--gold", str(known))


def test_gold_items_stand_anywhere_in_the_queue(home: Path, journal: Path) -> None:
    create(journal, "--budget", "0.5")
    queue = queue_at(home)
    [first] = queue.items("fees")
    plain = [first.model_copy(update={"id": f"plain-{n}"}) for n in range(50)]
    queue.add_items("fees", plain)
    known = {"gold": ChosenCandidate(letter="A")}
    queue.add_items("fees", [first.model_copy(update={"id": f"g-{n}", **known}) for n in range(10)])
    places = [n for n, item in enumerate(queue.items("fees")) if item.gold]
    assert len(places) == 10
    assert min(places) < 20
    assert max(places) > 30


def exported_beside_a_copy(home: Path, journal: Path, folder: Path) -> Path:
    """Return the labels of "fees", one of them decided, beside a project "copy" of the same run."""
    create(journal, "--budget", "0.5")
    decide(home, "ann", "A")
    path = folder / "labels.jsonl"
    say("export", "fees", str(path))
    say("create", "copy", "--from", str(journal), "--budget", "0.5", "--people", "cleo")
    return path


def test_labels_as_lines_are_imported_where_one_is_missing(
    home: Path, journal: Path, tmp_path: Path
) -> None:
    path = exported_beside_a_copy(home, journal, tmp_path)
    assert "1 decisions imported, 0 were" in say("import", "copy", str(path))
    [label] = labels(queue_at(home), "copy")
    assert (label.choice, label.people) == (ChosenCandidate(letter="A"), ("exported",))
    assert "0 decisions imported, 1 were" in say("import", "copy", str(path))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (("item", "zz"), r"labels.jsonl:1, field 'item': no item of this project: zz"),
        (("corpus_hash", "f" * 64), r"field 'corpus_hash': a label of another corpus: ffffffff"),
        (("choice", {"kind": "candidate", "letter": "Q"}), r"labels.jsonl:1, field 'choice'"),
    ],
)
def test_foreign_labels_as_lines_are_refused_by_line_and_field(
    home: Path, journal: Path, tmp_path: Path, damage: tuple[str, object], words: str
) -> None:
    path = exported_beside_a_copy(home, journal, tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), damage[0]: damage[1]}) + "\n")
    with pytest.raises(InForceError, match=words):
        say("import", "copy", str(path))
    assert labels(queue_at(home), "copy")[0].choice is None
