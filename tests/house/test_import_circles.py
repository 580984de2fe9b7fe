"""No module imports, by whatever way round, what imports it: not even inside a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.house.test_rooms import ROOMS, ROOT

Graph = dict[str, set[str]]


def modules(root: Path) -> dict[str, Path]:
    """Every module of the rooms by its dotted name; a package is its ``__init__``."""
    found = {"inforce": root / "inforce.py"}
    for path in (path for room in ROOMS for path in (root / room).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: path for name, path in found.items() if path.exists()}


def named(tree: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules named by every import of a file: at its top, in functions, for types alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in inner)


def imports(root: Path) -> Graph:
    """Which module imports which. Importing ``a.b.c`` also runs ``a`` and ``a.b``.

    The packages around the importing module itself are running already and are left out, unless it
    names them.
    """
    known, graph = modules(root), Graph()
    for module, path in known.items():
        graph[module] = set()
        for name in named(ast.parse(path.read_text(encoding="utf-8")), known):
            parts = name.split(".")
            around = {".".join(parts[:end]) for end in range(1, len(parts))}
            run = {name} | {one for one in around if not f"{module}.".startswith(f"{one}.")}
            graph[module] |= (run & known.keys()) - {module}
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """The sets of modules that import each other (Tarjan's strongly connected components)."""
    found: list[list[str]] = []
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in number:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], number[other])
        if lowest[module] == number[module]:
            at = stack.index(module)
            together, stack[at:] = stack[at:], []
            if len(together) > 1:
                found.append(sorted(together))

    for module in sorted(graph):
        if module not in number:
            visit(module)
    return found


def test_no_modules_import_each_other() -> None:
    graph = imports(ROOT)
    assert len(graph) > 200
    assert circles(graph) == []


PLANTED = {
    "at the top": "from rl.second import two\n",
    "inside a function": "def one():\n    from rl import second\n    return second\n",
    "for types alone": "import typing\nif typing.TYPE_CHECKING:\n    import rl.second\n",
}


@pytest.mark.parametrize("first", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_circle_is_found(tmp_path: Path, first: str) -> None:
    folder = tmp_path / "rl"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "first.py").write_text(first)
    (folder / "second.py").write_text("def two():\n    from rl.first import one\n    return one\n")
    (folder / "third.py").write_text("from rl.first import one\n")
    assert circles(imports(tmp_path)) == [["rl.first", "rl.second"]]


def test_a_circle_through_the_init_of_a_package_is_found(tmp_path: Path) -> None:
    (tmp_path / "rl/inner").mkdir(parents=True)
    (tmp_path / "rl/__init__.py").write_text("")
    (tmp_path / "rl/inner/__init__.py").write_text("from rl import outer\n")
    (tmp_path / "rl/inner/leaf.py").write_text("")
    (tmp_path / "rl/outer.py").write_text("from rl.inner.leaf import one\n")
    assert circles(imports(tmp_path)) == [["rl.inner", "rl.outer"]]
