"""``python -m tests.mutations [WORD ...]``: print the mutations that no test catches.

Each mutation is applied to a copy of the tree, and the tests of its file run there until the first
fails. With words, only mutations whose description or file contains one of them. The libraries are
imported once; every run is a fork of this process.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pytest

from tests.mutations.mutations import ROOT, Mutation, read_mutations

LIBRARIES = ("torch", "transformers", "trl", "datasets", "peft", "hypothesis", "numpy", "pydantic")
LONGEST = 600
"""Processor seconds after which a run of tests counts as failed: a mutation may make it endless."""
STALLED = 3600
"""Seconds after which a run of tests is given up: it waits, or the machine is busy."""
LEFT_OUT = shutil.ignore_patterns(".*", "var", "dist", "__pycache__", "images")


def main(words: Sequence[str]) -> int:
    """Apply every mutation; return 1 if one survives or cannot be judged."""
    for name in LIBRARIES:
        import_module(name)
    known = read_mutations()
    chosen = [one for one in known.mutations if not words or _named(one, words)]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        shutil.copy2(ROOT / "pyproject.toml", copy)
        for tests in dict.fromkeys(known.tests_of(one) for one in chosen):
            if _outcome(copy, tests) != pytest.ExitCode.OK:
                _say(f"Without a mutation, {' '.join(tests)} fails: nothing can be judged.")
                return 1
        bad = [one for one in chosen if not _caught(copy, one, known.tests_of(one))]
    _say(f"{len(chosen) - len(bad)} of {len(chosen)} mutations are caught.")
    return int(bool(bad))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _named(mutation: Mutation, words: Sequence[str]) -> bool:
    return any(word in mutation.what or word in mutation.file for word in words)


def _caught(copy: Path, mutation: Mutation, tests: Sequence[str]) -> bool:
    file = copy / mutation.file
    text = file.read_text(encoding="utf-8")
    file.write_text(mutation.applied(text), encoding="utf-8")
    try:
        found = _outcome(copy, tests)
    finally:
        file.write_text(text, encoding="utf-8")
    caught = found in {pytest.ExitCode.TESTS_FAILED, -signal.SIGPROF}
    if not caught:
        said = "survives" if found == pytest.ExitCode.OK else f"cannot be judged ({found})"
        _say(f"{mutation.file}: {mutation.what}: {said}")
    return caught


def _outcome(copy: Path, tests: Sequence[str]) -> int:
    """Run tests in a fork; return pytest's exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        os._exit(_run(copy, tests))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(copy: Path, tests: Sequence[str]) -> int:
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    signal.alarm(STALLED)
    os.chdir(copy)
    sys.path[:] = [str(copy), *(path for path in sys.path if Path(path or ".") != ROOT)]
    os.environ["PYTHONPATH"] = str(copy)
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    sys.dont_write_bytecode = True  # a mutation may have the size and second of the original
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    return int(pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
