"""A mutation that no longer applies would count as caught for ever."""

from __future__ import annotations

import ast

import pytest

from tests.mutations.mutations import ROOT, Mutation, read_mutations

KNOWN = read_mutations()


@pytest.mark.parametrize("mutation", KNOWN.mutations, ids=lambda one: f"{one.file}: {one.what}")
def test_every_mutation_applies_once_and_can_be_parsed(mutation: Mutation) -> None:
    changed = mutation.applied((ROOT / mutation.file).read_text(encoding="utf-8"))
    ast.parse(changed)


def test_no_mutation_is_listed_twice_and_each_has_tests() -> None:
    told = [(one.file, one.what) for one in KNOWN.mutations]
    assert len(set(told)) == len(told)
    for one in KNOWN.mutations:
        assert all((ROOT / test).exists() for test in KNOWN.tests_of(one))


def test_the_list_covers_every_folder_in_which_a_method_is_wired() -> None:
    files = {one.file for one in KNOWN.mutations}
    for path in KNOWN.tests:
        assert any(file.startswith(path) for file in files), path
