"""No message shows a password or a key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.errors import without_password

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t/pa@ss"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://lawyer:s3cr3t@db:5432/law", "postgresql://***@db:5432/law"),
        (f"elastic+http://u:{SECRET}@host:9200/alias", "elastic+http://***@host:9200/alias"),
        ("postgresql://db/law?user=u&password=s3cr3t", "postgresql://db/law?…"),
        ("sqlite:////home/law.db", "sqlite:////home/law.db"),
        ("embedded:index?chain=plain", "embedded:index?…"),
        ("sqlite:////home/a@b/law.db", "sqlite:////home/a@b/law.db"),
        ("u:s3cr3t", "u:s3cr3t"),
    ],
)
def test_a_url_is_shown_without_what_opens_it(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INFORCE_STORE", f"postgres//u:{SECRET}@127.0.0.1/law"),
        ("INFORCE_STORE", f"nonsense://u:{SECRET}@127.0.0.1:1/law"),
        ("INFORCE_STORE", f"postgresql://u:{SECRET}@127.0.0.1:1/law"),
        ("INFORCE_INDEX", f"elastic+http://u:{SECRET}@[::1/Alias"),
        ("INFORCE_INDEX", f"elastic+http://u:{SECRET}@127.0.0.1:1/ALIAS"),
        ("INFORCE_INDEX", f"elastic://u:{SECRET}@127.0.0.1:1/law"),
        ("INFORCE_INDEX", f"elastic+http://u:{SECRET}@127.0.0.1:1/law?chain=x"),
    ],
)
@pytest.mark.parametrize(
    "words", [("ask", "What?"), ("ingest", "nowhere.jsonl"), ("index", "status")]
)
def test_no_verb_shows_a_password(
    tmp_path: Path, name: str, value: str, words: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inforce", *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "INFORCE_HOME": str(tmp_path), name: value},
        cwd=ROOT,
    )
    said = done.stdout + done.stderr
    assert "s3cr3t" not in said
    assert "Traceback" not in said
    assert done.returncode in {1, 2}
