"""The demonstration corpus as a temporary library."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.library import Library
from corpus.demo import demo_files
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from retrieval.index_build import load


@contextmanager
def demo_library() -> Iterator[Library]:
    """Load the demonstration corpus into a temporary folder and open it."""
    with tempfile.TemporaryDirectory(prefix="inforce-demo-") as folder:
        settings = Settings.under(Path(folder))
        load(Jsonl(*demo_files()), settings, strict=True)
        with Library.open(settings) as library:
            yield library
