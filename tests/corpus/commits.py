"""Tiny git repositories for tests: the same commits give the same ids on every machine."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pygit2

Commit = Mapping[str, str]
"""``path``, ``message`` and ``text``; without ``text`` the file is deleted."""


def read_commits(path: Path) -> list[Commit]:
    """Read the ``[[commit]]`` tables of a TOML file."""
    commits: list[Commit] = tomllib.loads(path.read_text(encoding="utf-8"))["commit"]
    return commits


def repository(folder: Path, commits: Iterable[Commit], branch: str = "main") -> Path:
    """Make a bare repository with one commit for each entry and return its folder."""
    repo = pygit2.init_repository(str(folder), bare=True, initial_head=branch)
    index = pygit2.Index()
    parents: list[pygit2.Oid] = []
    for second, commit in enumerate(commits, start=100_000):
        if "text" in commit:
            blob = repo.create_blob(commit["text"].encode("utf-8", "surrogateescape"))
            index.add(pygit2.IndexEntry(commit["path"], blob, pygit2.enums.FileMode.BLOB))
        else:
            index.remove(commit["path"])
        who = pygit2.Signature("test", "test@example.org", second, 0)
        tree = index.write_tree(repo)
        head = f"refs/heads/{branch}"
        parents = [repo.create_commit(head, who, who, commit["message"], tree, parents)]
    return folder


def bundle(repo: Path, file: Path) -> Path:
    """Write a repository's branches into a bundle."""
    command = ["git", "-C", str(repo), "bundle", "create", "--quiet", str(file), "--branches"]
    subprocess.run(command, check=True, capture_output=True)
    return file
