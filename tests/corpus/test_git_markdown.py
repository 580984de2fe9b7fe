"""Legislation in git: what a commit says, and what it must not be taken to say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import BadInputError, SourceError
from corpus.invariants import violations
from corpus.model import EndReason, Provision, Version, WorkHistory
from corpus.provision_numbers import label_key
from corpus.resolve import CoverageGap, NotYetInForce, Repealed, Resolution, resolve
from corpus.sources.git.git_markdown import GitMarkdown, detect_dialect
from corpus.sources.git.markdown_dialect import read_dialect
from corpus.sources.jsonl import write_jsonl
from tests.corpus.commits import Commit, bundle, read_commits, repository

GOLDEN = Path(__file__).parent / "golden/git_markdown"
PATH = "fr/LEGITEXT000000000001.md"
LONG = "Le meunier qui laisse tourner la roue pendant la nuit en répond envers tous ses voisins."
Reader = Callable[..., WorkHistory]
FILLER = {str(n): f"Disposition constante numéro {n}." for n in range(100, 130)}


def _raise(error: SourceError) -> None:
    raise error


def page(articles: Mapping[str, str] | list[tuple[str, str]], heading: str = "Article") -> str:
    listed = articles.items() if isinstance(articles, Mapping) else articles
    body = "\n".join(f"{heading} {number}\n\n{text}\n" for number, text in listed)
    return f'---\ntitle: "Code"\nrank: "code"\n---\n# Code\n\n{body}'


def reform(day: str, articles: Mapping[str, str] | list[tuple[str, str]], **more: str) -> Commit:
    message = f"[reform] Code\n\nSource-Id:\nSource-Date: {day}\nNorm-Id: X\n"
    return {"path": PATH, "message": message, "text": page(articles), **more}


def snapshot(day: str, articles: Mapping[str, str] | list[tuple[str, str]]) -> Commit:
    message = f"[reform] Code\n\nSource-Id: LEGI-DAILY-{day}-X\nSource-Date: {day}\n"
    return {"path": PATH, "message": message, "text": page(articles, "##### Article")}


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    def from_commits(*commits: Commit) -> WorkHistory:
        repo = repository(tmp_path / "repo", commits)
        (history,) = GitMarkdown(repo, read_dialect("fr")).works(_raise)
        assert violations(history) == ()
        return history

    return from_commits


def bearers(history: WorkHistory, label: str, day: str) -> list[Provision]:
    on, key = date.fromisoformat(day), label_key(label)
    return [
        p
        for p in history.provisions
        if any(label_key(n.text) == key and on in n.valid for n in p.labels)
    ]


def law(history: WorkHistory, label: str, day: str, known: str | None = None) -> Resolution:
    (provision,) = bearers(history, label, day)
    known_at = date.fromisoformat(known) if known else None
    return resolve(history.of(provision), date.fromisoformat(day), known_at)


def text(history: WorkHistory, label: str, day: str, known: str | None = None) -> str:
    found = law(history, label, day, known)
    assert isinstance(found, Version), found
    return found.text


@pytest.mark.parametrize("name", ["fr", "ee"])
def test_golden_pair(name: str, tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", read_commits(GOLDEN / f"{name}.toml"))
    histories = list(GitMarkdown(repo, read_dialect(name)).works(_raise))
    write_jsonl(histories, tmp_path / "found.jsonl")
    expected = (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8")
    assert (tmp_path / "found.jsonl").read_text(encoding="utf-8") == expected
    assert [violations(history) for history in histories] == [()]


def test_bundle_reads_like_its_repository(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", read_commits(GOLDEN / "fr.toml"))
    file = bundle(repo, tmp_path / "acts.bundle")
    of_repo, of_file = (GitMarkdown(path, read_dialect("fr")) for path in (repo, file))
    assert list(of_repo.works(_raise)) == list(of_file.works(_raise))
    assert (of_repo.count(), of_repo.fingerprint()) == (of_file.count(), of_file.fingerprint())
    assert detect_dialect(file) == read_dialect("fr")


def test_copy_of_a_bundle_goes_with_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bundle(repository(tmp_path / "repo", [GOOD]), tmp_path / "acts.bundle")
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "copies"))
    source = GitMarkdown(file, read_dialect("fr"))
    assert source.count() == 1
    assert len(list((tmp_path / "copies").iterdir())) == 1
    del source
    assert list((tmp_path / "copies").iterdir()) == []


def test_fingerprint_depends_on_commits_and_dialect(tmp_path: Path) -> None:
    commits = [reform("2000-01-01", {"1": "Un."}), reform("2001-01-01", {"1": "Deux."})]
    one = repository(tmp_path / "one", commits[:1])
    two = repository(tmp_path / "two", commits)
    french = read_dialect("fr")
    other = french.model_copy(update={"renumbering_length": 100})
    sources = (GitMarkdown(one, french), GitMarkdown(two, french), GitMarkdown(one, other))
    assert len({source.fingerprint() for source in sources}) == 3


# Which commits are law, and since when ------------------------------------------------------------


def test_union_of_all_versions_never_becomes_law(read: Reader) -> None:
    union = {**reform("1999-01-01", {"1": "Union."}), "message": "[bootstrap] Code\n\n"}
    history = read(union, reform("2000-01-01", {"1": "Loi."}))
    assert [v.text for v in history.versions] == ["Loi."]


def test_commit_order_is_not_time_order(read: Reader) -> None:
    history = read(
        reform("2030-01-01", {"1": "Futur."}),
        reform("2000-01-01", {"1": "Premier."}),
        reform("2010-01-01", {"1": "Second."}),
    )
    days = ["2000-01-01", "2009-12-31", "2010-01-01", "2029-12-31", "2030-01-01"]
    found = [text(history, "1", day) for day in days]
    assert found == ["Premier.", "Premier.", "Second.", "Second.", "Futur."]


def test_empty_body_at_the_beginning_is_not_law(read: Reader) -> None:
    history = read(reform("1999-01-01", {}), reform("2000-01-01", {"1": "Loi."}))
    assert [c.covered_from for c in history.coverage] == [date(2000, 1, 1)]
    assert [v.valid_from for v in history.versions] == [date(2000, 1, 1)]


def test_empty_body_in_between_is_a_gap_not_a_repeal(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi."}),
        reform("2001-01-01", {}),
        reform("2002-01-01", {"1": "Loi."}),
    )
    assert isinstance(law(history, "1", "2001-06-01"), CoverageGap)
    assert text(history, "1", "2002-01-01") == "Loi."
    assert len(history.provisions) == 1


@pytest.mark.parametrize("marker", ["(article abrogé).", "(texte abrogé).", "(Abrogé)"])
def test_repeal_marker_is_a_repeal_not_a_text(read: Reader, marker: str) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi.", "2": "Reste."}),
        reform("2001-01-01", {"1": marker, "2": "Reste."}),
    )
    found = law(history, "1", "2001-01-01")
    assert isinstance(found, Repealed)
    assert (found.ended, found.how) == (date(2001, 1, 1), EndReason.REPEALED)


def test_provision_without_a_text_is_unknown_not_repealed(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi.", "2": "Reste."}),
        reform("2001-01-01", {"1": "", "2": "Reste."}),
    )
    assert isinstance(law(history, "1", "2001-01-01"), CoverageGap)


def test_title_of_the_next_division_is_not_text(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi.\n\nLivre II : Suite\n\nChapitre Ier : Du vent", "2": "B."})
    )
    assert text(history, "1", "2000-01-01") == "Loi."


def test_last_paragraph_that_begins_like_a_title_stays(read: Reader) -> None:
    written = "Sont compris :\n\nPartie des moulins du fleuve, sauf ceux du bief."
    history = read(reform("2000-01-01", {"1": written}))
    assert text(history, "1", "2000-01-01").endswith("sauf ceux du bief.")


# Snapshots ----------------------------------------------------------------------------------------


def test_markup_of_a_snapshot_is_no_amendment(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi.\n\nAlinéa."}),
        snapshot("2020-01-01", {"1": "Loi.\n\n\n   Alinéa."}),
    )
    (version,) = history.versions
    assert (version.text, version.valid_to) == ("Loi.\nAlinéa.", None)
    assert [c.checked for c in history.coverage] == [date(2020, 1, 1)]


def test_snapshot_with_one_difference_ends_only_that_text_as_unknown(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi.", "2": "Sortie.", **FILLER}),
        snapshot("2020-01-01", {"1": "Loi neuve.", **FILLER}),
    )
    assert len(history.coverage) == 1
    assert text(history, "1", "2000-01-01") == "Loi."
    assert isinstance(law(history, "1", "2000-01-02"), CoverageGap)
    assert isinstance(law(history, "2", "2021-01-01"), CoverageGap)
    assert text(history, "1", "2020-01-01") == "Loi neuve."
    assert text(history, "100", "2010-01-01") == FILLER["100"]


def test_snapshots_of_two_days_date_a_change_exactly(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi.", **FILLER}),
        snapshot("2020-01-01", {"1": "Loi.", **FILLER}),
        snapshot("2020-01-02", {"1": "Loi neuve.", **FILLER}),
    )
    assert text(history, "1", "2020-01-01") == "Loi."
    assert text(history, "1", "2020-01-02") == "Loi neuve."


def test_snapshot_with_many_differences_after_a_silence_is_a_coverage_gap(read: Reader) -> None:
    history = read(
        reform("2000-04-22", {"1": "Vieille loi.", "2": "Constante."}),
        snapshot("2026-04-01", {"1": "Loi neuve.", "2": "Constante."}),
    )
    spans = [(c.covered_from, c.covered_to) for c in history.coverage]
    assert spans == [
        (date(2000, 4, 22), date(2000, 4, 23)),
        (date(2026, 4, 1), None),
    ]
    assert bearers(history, "1", "2000-04-22") == bearers(history, "1", "2026-04-01")
    for label in ("1", "2"):
        assert isinstance(law(history, label, "2010-01-01"), CoverageGap)
        assert isinstance(law(history, label, "2000-04-23"), CoverageGap)
        assert isinstance(law(history, label, "2000-04-22"), Version)
        assert isinstance(law(history, label, "2026-04-01"), Version)


def test_many_differences_soon_after_a_reform_are_no_gap(read: Reader) -> None:
    history = read(
        reform("2020-01-01", {"1": "Loi."}),
        snapshot("2020-02-01", {"1": "Loi neuve."}),
    )
    assert len(history.coverage) == 1


def test_reform_dated_ahead_does_not_undo_what_a_later_copy_found(read: Reader) -> None:
    history = read(
        reform("2020-01-01", {"1": "Loi.", "2": "Fixe."}),
        reform("2030-01-01", {"1": "Loi.", "2": "Fixe.", "3": "Future."}),
        snapshot("2020-01-02", {"1": "Loi neuve.", "2": "Fixe."}),
    )
    assert text(history, "1", "2030-01-01") == "Loi neuve."
    assert text(history, "3", "2030-01-01") == "Future."
    future = next(p for p in history.provisions if p.labels[0].text == "Article 3")
    found = resolve(history.of(future), date(2029, 12, 31))
    assert isinstance(found, NotYetInForce)
    assert found.starts == date(2030, 1, 1)


# Identity -----------------------------------------------------------------------------------------


def test_renumbered_provision_keeps_its_identity(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"10": "Ancien dix.", "20": LONG}),
        reform("2016-10-01", {"10": LONG, "20": "Nouveau vingt."}),
    )
    (before,), (after,) = (
        bearers(history, "20", "2016-09-30"),
        bearers(history, "10", "2016-10-01"),
    )
    assert before.id == after.id
    (displaced,), (reused,) = (
        bearers(history, "10", "2016-09-30"),
        bearers(history, "20", "2016-10-01"),
    )
    assert len({before.id, displaced.id, reused.id}) == 3
    assert len(history.of(before).versions) == 1


def test_numbers_that_change_places_are_both_traced(read: Reader) -> None:
    other = LONG.replace("nuit", "crue")
    history = read(
        reform("2000-01-01", {"1": LONG, "2": other}),
        reform("2001-01-01", {"1": other, "2": LONG}),
    )
    assert bearers(history, "1", "2000-01-01") == bearers(history, "2", "2001-01-01")
    assert bearers(history, "2", "2000-01-01") == bearers(history, "1", "2001-01-01")


def test_short_text_says_too_little_to_be_recognised(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Sans objet.", "3": "Trois."}),
        reform("2001-01-01", {"2": "Sans objet.", "3": "Trois."}),
    )
    assert bearers(history, "1", "2000-01-01") != bearers(history, "2", "2001-01-01")


def test_text_that_also_stayed_or_came_twice_is_not_traced(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": LONG, "2": LONG, "9": "Neuf."}),
        reform("2001-01-01", {"2": LONG, "3": LONG, "9": "Neuf."}),
    )
    assert bearers(history, "1", "2000-01-01") != bearers(history, "3", "2001-01-01")


def test_number_used_again_after_a_repeal_is_another_provision(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi.", "2": "Deux."}),
        reform("2001-01-01", {"2": "Deux."}),
        reform("2002-01-01", {"1": "Autre chose.", "2": "Deux."}),
    )
    assert bearers(history, "1", "2000-01-01") != bearers(history, "1", "2002-01-01")
    assert isinstance(law(history, "1", "2001-06-01"), Repealed)


def test_revived_provision_is_the_same_one(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi.", "2": "Deux."}),
        reform("2001-01-01", {"2": "Deux."}),
        reform("2002-01-01", {"1": "Loi.", "2": "Deux."}),
    )
    (provision,) = bearers(history, "1", "2000-01-01")
    found = resolve(history.of(provision), date(2001, 6, 1))
    assert isinstance(found, Repealed)
    assert found.revived == date(2002, 1, 1)


def test_two_texts_under_one_number_are_two_provisions_never_a_choice(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Loi."}),
        reform("2001-01-01", [("1", "Loi."), ("1", "Autre loi.")]),
        reform("2002-01-01", {"1": "Autre loi."}),
    )
    both = bearers(history, "1", "2001-06-01")
    found = [resolve(history.of(provision), date(2001, 6, 1)) for provision in both]
    assert {f.text for f in found if isinstance(f, Version)} == {"Loi.", "Autre loi."}
    assert text(history, "1", "2000-06-01") == "Loi."
    assert text(history, "1", "2002-01-01") == "Autre loi."
    assert bearers(history, "1", "2000-06-01") == bearers(history, "1", "2002-01-01")


def test_one_text_printed_twice_is_not_ambiguous(read: Reader) -> None:
    history = read(reform("2000-01-01", [("1", "Loi."), ("1", "Loi.")]))
    assert text(history, "1", "2000-01-01") == "Loi."


def test_order_is_that_of_the_latest_text(read: Reader) -> None:
    history = read(
        reform("2000-01-01", {"1": "Un.", "3": "Trois."}),
        reform("2001-01-01", {"0": "Zéro.", "1": "Un.", "2": "Deux.", "3": "Trois."}),
    )
    printed = sorted(history.provisions, key=lambda p: p.order)
    assert [p.labels[0].text for p in printed] == [f"Article {n}" for n in range(4)]


# Both clocks --------------------------------------------------------------------------------------


def act(day: str, published: str, wording: str, **more: str) -> Commit:
    fields = {"title": "Veskiseadus", "effective_from": day, "publication_date": published, **more}
    head = "\n".join(f'{key}: "{value}"' for key, value in fields.items())
    body = f"##### § 1. Mölder\n\n{wording}\n\n##### § 1<sup>1</sup>. Sell\n\nSell aitab.\n"
    text = f"---\n{head}\n---\n# Veskiseadus\n\n{body}"
    return {"path": "ee/7.md", "message": f"[reform] VeskS\n\nSource-Date: {day}\n", "text": text}


def estonian(folder: Path, *commits: Commit) -> WorkHistory:
    (history,) = GitMarkdown(repository(folder, commits), read_dialect("ee")).works(_raise)
    assert violations(history) == ()
    return history


def test_late_publication_is_not_known_before(tmp_path: Path) -> None:
    history = estonian(
        tmp_path, act("2020-01-01", "2019-12-01", "Vana."), act("2023-07-01", "2023-09-28", "Uus.")
    )
    assert text(history, "§ 1", "2023-08-01", known="2023-09-27") == "Vana."
    assert text(history, "§ 1", "2023-08-01", known="2023-09-28") == "Uus."
    assert text(history, "§ 1", "2023-08-01") == "Uus."


def test_text_known_before_the_state_that_it_repeats(tmp_path: Path) -> None:
    """The state of 2024 was published before that of 2023-07, whose text it repeats."""
    history = estonian(
        tmp_path,
        act("2020-01-01", "2019-12-01", "Vana."),
        act("2023-07-01", "2023-12-30", "Uus."),
        act("2024-01-01", "2023-03-17", "Uus."),
    )
    assert text(history, "§ 1", "2023-08-01", known="2023-09-01") == "Vana."
    assert text(history, "§ 1", "2024-01-01", known="2023-09-01") == "Uus."
    assert text(history, "§ 1", "2023-08-01", known="2023-12-30") == "Uus."


def test_placeholder_publication_is_unknown_and_kept_upstream(tmp_path: Path) -> None:
    history = estonian(tmp_path, act("2002-10-24", "1900-01-01", "Vana."))
    for version in history.versions:
        assert (version.published, version.known_from) == (None, None)
        assert version.upstream["publication_date"] == "1900-01-01"
        assert "placeholder" in version.upstream["publication_date_reason"]


def test_last_day_before_the_next_state_is_a_gap(tmp_path: Path) -> None:
    history = estonian(
        tmp_path,
        act("2004-05-01", "2004-04-01", "Vana.", effective_until="2005-09-14"),
        act("2005-11-15", "2005-11-01", "Vana."),
    )
    assert isinstance(law(history, "§ 1", "2005-09-14"), Version)
    assert isinstance(law(history, "§ 1", "2005-09-15"), CoverageGap)
    assert isinstance(law(history, "§ 1", "2005-11-15"), Version)


def test_last_day_before_the_first_is_kept_upstream_only(tmp_path: Path) -> None:
    history = estonian(
        tmp_path,
        act("2002-07-01", "2002-06-01", "Vana.", effective_until="2002-06-30"),
        act("2002-08-01", "2002-07-01", "Uus."),
    )
    assert text(history, "§ 1", "2002-07-31") == "Vana."
    assert history.versions[0].upstream["effective_until"] == "2002-06-30"


def test_raised_number_is_another_section(tmp_path: Path) -> None:
    history = estonian(
        tmp_path, act("2020-01-01", "2019-12-01", "Vana lõike 1<sup>2</sup> alusel.")
    )
    assert [p.labels[0].text for p in history.provisions] == ["§ 1", "§ 1¹"]
    assert text(history, "§ 1", "2020-01-01") == "Vana lõike 1² alusel."
    assert not bearers(history, "§ 11", "2020-01-01")


def test_change_of_a_title_is_an_amendment(tmp_path: Path) -> None:
    renamed = act("2021-01-01", "2020-12-01", "Vana.")
    renamed = {**renamed, "text": renamed["text"].replace("Mölder", "Meister")}
    history = estonian(tmp_path, act("2020-01-01", "2019-12-01", "Vana."), renamed)
    (section,) = bearers(history, "§ 1", "2021-01-01")
    now = [v.heading for v in history.of(section).versions if v.known_to is None]
    assert now == ["Mölder", "Meister"]


# Bad input ----------------------------------------------------------------------------------------

GOOD = reform("2000-01-01", {"1": "Loi."}, path="fr/LEGITEXT000000000002.md")


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        ({"message": "x\n\nSource-Date: 2000-13-01\n"}, "field 'Source-Date': .* '2000-13-01'"),
        ({"message": "x\n\nNo-Date: 1\n"}, "field 'Source-Date': .* does not say since when"),
        ({"text": "# Code\n\nArticle 1\n\nLoi.\n"}, "does not begin with frontmatter"),
        ({"text": '---\ntitle: "X"\n# Code\n'}, "does not begin with frontmatter"),
        ({"text": "---\ntitle: X\n???\n---\n"}, r"\.md:3: .* not 'key: value': '\?\?\?'"),
        ({"text": "---\ntitle: \udcff\n---\n"}, "is not UTF-8 text at byte 11"),
        ({"text": page({})}, "no commit of this file has the text of a provision"),
        ({"path": "fr/LEGI TEXT.md"}, "cannot be an id"),
    ],
)
def test_fault_names_file_commit_and_field_and_leaves_out_one_act(
    tmp_path: Path, spoilt: dict[str, str], sentence: str
) -> None:
    repo = repository(tmp_path, [{**reform("2000-01-01", {"1": "Loi."}), **spoilt}, GOOD])
    faults: list[SourceError] = []
    histories = list(GitMarkdown(repo, read_dialect("fr")).works(faults.append))
    assert [h.work.id for h in histories] == ["fr/LEGITEXT000000000002"]
    (fault,) = faults
    with pytest.raises(SourceError, match=sentence):
        raise fault
    assert str(fault).startswith(spoilt.get("path", PATH))
    assert "\n" not in str(fault)


def truncated(content: bytes) -> bytes:
    return content[:-60]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (truncated, "the bundle is damaged, git says: "),
        (flipped, "the bundle is damaged, git says: "),
        (lambda _: b"PK\x03\x04 something else", "this file is not a git bundle"),
        (lambda _: b"", "this file is not a git bundle"),
    ],
)
def test_damaged_bundle_is_one_sentence(
    tmp_path: Path, spoil: Callable[[bytes], bytes], sentence: str
) -> None:
    file = bundle(repository(tmp_path / "repo", [GOOD]), tmp_path / "acts.bundle")
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(SourceError, match=sentence) as fault:
        list(GitMarkdown(file, read_dialect("fr")).works(_raise))
    assert str(fault.value).startswith(str(file))
    assert "\n" not in str(fault.value)


def test_missing_branch_is_named_with_those_there_are(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", [GOOD], branch="trunk")
    file = bundle(repo, tmp_path / "acts.bundle")
    with pytest.raises(SourceError, match=r"no branch 'main' \(it has: trunk\)"):
        GitMarkdown(file, read_dialect("fr")).count()
    with pytest.raises(SourceError, match="no branch 'main'"):
        GitMarkdown(repo, read_dialect("fr")).count()


def test_folder_that_is_no_repository_and_path_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="git cannot open this folder"):
        GitMarkdown(tmp_path, read_dialect("fr")).count()
    with pytest.raises(BadInputError, match="no such git bundle or repository"):
        GitMarkdown(tmp_path / "none", read_dialect("fr")).count()


# Dialects -----------------------------------------------------------------------------------------

SMALLEST = """
name = "xx"
jurisdiction = "xx"
language = "xx"
files = "xx/*.md"
source = "X"
[dates]
effective = { trailer = "Source-Date" }
[page]
start = '^§ (?P<label>\\d+)$'
"""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("name =", "nmae ="), r"x\.toml, field 'name': Field required"),
        (("[dates]", "[dates]\ncolour = 1"), r"x\.toml, field 'dates.colour': Extra inputs"),
        (("(?P<label>", "("), r"x\.toml, field 'page': .*a group named 'label'"),
        (("(?P<label>", "((?P<label>"), r"x\.toml, field 'page.start': .*regular expression"),
        (("{ trailer =", "{ frontmatter = 'a', trailer ="), r"field 'dates.effective': .*either"),
        (("[page]", "[page"), r"x\.toml: not a TOML file: .*line 9"),
    ],
)
def test_wrong_setting_is_named(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(SMALLEST, encoding="utf-8")
    assert read_dialect(file).name == "xx"
    file.write_text(SMALLEST.replace(*change), encoding="utf-8")
    with pytest.raises(SourceError, match=sentence):
        read_dialect(file)


def test_unknown_dialect_is_named_with_those_there_are() -> None:
    with pytest.raises(SourceError, match=r"zz: no such dialect file.*ee, fr"):
        read_dialect("zz")


def test_worked_example_of_the_manual_reads_as_it_says(tmp_path: Path) -> None:
    manual = Path(__file__).parents[2] / "docs/adding-a-country.md"
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", manual.read_text(encoding="utf-8"), re.DOTALL))
    (tmp_path / "ruritania.toml").write_text(blocks["toml"], encoding="utf-8")
    commit = {"path": "acts/F-17.md", "message": blocks["text"], "text": blocks["markdown"]}
    repo = repository(tmp_path / "repo", [commit])
    (history,) = GitMarkdown(repo, read_dialect(tmp_path / "ruritania.toml")).works(_raise)
    assert (history.work.id, history.work.kind) == ("xr/F-17", "act")
    assert history.work.aliases == ("Woods Act", "ForA")
    (version,) = history.versions
    assert (version.valid_from, version.known_from) == (date(2012, 3, 1), date(2012, 2, 20))
    assert (version.heading, version.text.split()[0]) == ("Deadwood", "Whoever")
    assert [p.labels[0].text for p in history.provisions] == ["s 4a"]
    assert not history.coverage[0].from_origin
    assert violations(history) == ()
