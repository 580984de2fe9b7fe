"""Import structure of a checkout in figures: ``python -m eval.bench.structure [ROOT]``.

Prints one line per room: its units (files and folders at its top), the imports between them, the
levels (the longest chain of imports), and the import circles among all its modules. Imports inside
functions count. Source text is parsed; nothing is imported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

ROOMS = ("corpus", "retrieval", "agent", "rl", "eval", "ui")
Graph = Mapping[str, set[str]]
"""Module name -> the modules of the same checkout that it imports."""


def module_graph(root: Path) -> dict[str, set[str]]:
    """Return the imports between all modules of the rooms below ``root``."""
    files = {
        _name(path.relative_to(root)): path for room in ROOMS for path in _sources(root / room)
    }
    return {name: set(_imports(path, files)) - {name} for name, path in files.items()}


def circles(graph: Graph) -> list[tuple[str, ...]]:
    """Return the groups of modules that import each other, directly or through others."""
    reach = {name: _reached(graph, name) for name in graph}
    groups = {
        tuple(sorted(other for other in reach[name] if name in reach[other])): None
        for name in graph
        if name in reach[name]
    }
    return list(groups)


def units(graph: Graph, room: str) -> dict[str, set[str]]:
    """Return the imports between the files and folders at the top of a room."""
    inside = {name for name in graph if name.startswith(f"{room}.")}
    found: dict[str, set[str]] = {_unit(name): set() for name in inside}
    for name in inside:
        found[_unit(name)] |= {_unit(other) for other in graph[name] & inside} - {_unit(name)}
    return found


def levels(graph: Graph) -> int:
    """Return the number of units on the longest chain of imports; circles count as one level."""
    tied = {name: group for group in circles(graph) for name in group}
    merged: dict[str, set[str]] = {}
    for name, others in graph.items():
        key = _merged_name(tied, name)
        merged.setdefault(key, set()).update({_merged_name(tied, o) for o in others} - {key})
    depth: dict[str, int] = {}
    for name in TopologicalSorter(merged).static_order():
        depth[name] = 1 + max((depth[other] for other in merged.get(name, ())), default=0)
    return max(depth.values(), default=0)


def main(root: Path) -> None:
    """Print one line for each room."""
    graph = module_graph(root)
    print(f"{'room':10} {'units':>6} {'imports':>8} {'levels':>7} {'circles':>8}")  # noqa: T201
    for room in ROOMS:
        top = units(graph, room)
        inside = {
            n: {o for o in graph[n] if o.startswith(room)} for n in graph if n.startswith(room)
        }
        arrows = sum(map(len, top.values()))
        line = f"{room:10} {len(top):6} {arrows:8} {levels(top):7} {len(circles(inside)):8}"
        print(line)  # noqa: T201


def _merged_name(tied: Mapping[str, tuple[str, ...]], name: str) -> str:
    return tied[name][0] if name in tied else name


def _sources(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if "migrations" not in path.parts)


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _unit(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _imports(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules of the checkout that a file imports at any place."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            named = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [full for full in named if full in known]
            yield from modules
            if len(modules) < len(named) and node.module in known:
                yield node.module


def _reached(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [*graph[start]]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in graph:
            seen.add(name)
            waiting.extend(graph[name])
    return seen


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2])
