"""Damaged bundles of git history: each loads or is refused in one sentence, and nothing else.

``INFORCE_MUTATIONS=10000`` makes that many mutations of each real bundle instead of a few.
"""

from __future__ import annotations

import os
import random
from itertools import islice
from pathlib import Path

import pytest

from corpus.errors import InForceError, SourceError
from corpus.sources.git.git_markdown import GitMarkdown
from corpus.sources.git.markdown_dialect import read_dialect
from tests.corpus.xml_sources import shared

MUTATIONS = int(os.environ.get("INFORCE_MUTATIONS", "3"))
HEAD = 200
"""Bytes at the start of a bundle, where its references and prerequisites stand."""


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Cut a bundle short, or change, delete or insert bytes; half of the damage in its head."""
    if rng.random() < 0.2:
        return data[: rng.randrange(len(data))]
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(HEAD) if rng.random() < 0.5 else rng.randrange(len(out))
        kind = rng.random()
        if kind < 0.5:
            out[at] = rng.randrange(256)
        elif kind < 0.75:
            del out[at : at + rng.randrange(1, 50)]
        else:
            out[at:at] = rng.randbytes(rng.randrange(1, 50))
    return bytes(out)


def refusal(bundle: Path, dialect: str) -> str | None:
    """Read a bundle's first work; return the sentence that refuses it, if one does."""
    faults: list[SourceError] = []
    try:
        works = list(islice(GitMarkdown(bundle, read_dialect(dialect)).works(faults.append), 1))
    except InForceError as error:
        return str(error)
    assert works or faults
    return None


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("folder", "name", "dialect"),
    [("ee-riigiteataja-git", "ee-acts.bundle", "ee"), ("fr-codes-git", "fr-codes.bundle", "fr")],
)
def test_mutations_of_the_real_bundles(
    folder: str, name: str, dialect: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (shared(folder) / name).read_bytes()
    rng, victim = random.Random(name), tmp_path / name
    refused = 0
    for _ in range(MUTATIONS):
        victim.write_bytes(damaged(data, rng))
        if (sentence := refusal(victim, dialect)) is not None:
            assert name in sentence
            assert "\n" not in sentence
            refused += 1
    with capsys.disabled():
        print(f" {name}: {refused} of {MUTATIONS} refused ", end="")  # noqa: T201
    assert refused > 0
