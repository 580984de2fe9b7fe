"""A path is recognised by what lies there, and what is not recognised is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.errors import BadInputError
from corpus.sources.registry import open_source

REAL = Path(__file__).parents[2] / "../shared/corpora"
GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("fr-codes-git", "GitMarkdown"),
        ("ee-riigiteataja-git", "GitMarkdown"),
        ("cn-lawrefbook", "DatedFiles"),
        ("tw-moj-json", "DatedFiles"),
        ("us-cfpb-regml", "Regml"),
        ("uk-clml-samples", "Clml"),
        ("de-ldml-akn", "AkomaNtoso"),
    ],
)
@pytest.mark.corpora
def test_every_shared_folder_is_recognised(folder: str, source: str) -> None:
    if not (REAL / folder).is_dir():
        pytest.skip(f"needs the shared corpora: {folder} is not beside the repository")
    assert type(open_source(str(REAL / folder))).__name__ == source


def test_an_export_with_the_three_columns_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("file,work,in_force_from\na.md,An Act,2001-01-01\n")
    assert "folder" in open_source(str(tmp_path)).name


def test_demo_is_the_demonstration_corpus() -> None:
    assert "fr.jsonl" in open_source("demo").name


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "name it with --dialect"),
        ({"index.csv": "colour,size\n"}, "name it with --dialect"),
        ({"a.xml": "<poem/>"}, "name it with --dialect"),
        ({"a.xml": "<poem"}, "name it with --dialect"),
    ],
)
def test_a_folder_of_something_else_is_refused(
    tmp_path: Path, content: dict[str, str], sentence: str
) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(BadInputError, match=sentence):
        open_source(str(tmp_path))


def test_unknown_dialect_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("file,work,in_force_from\n")
    with pytest.raises(BadInputError, match="there is no dialect 'klingon'"):
        open_source(str(tmp_path), "klingon")


def test_dialect_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("file,work,in_force_from\n")
    with pytest.raises(BadInputError, match="there is no dialect 'fr' that reads this"):
        open_source(str(tmp_path), "fr")
