"""A trace is read by its fields: no key is looked for in a tool result, no rendering is parsed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("agent", "rl", "eval", "ui")
UNTYPED = {"agent/trace_migration.py"}
"""Reads plain JSON, as earlier versions wrote it."""

WRITTEN_BY_OTHERS = {"agent/tools/statutes.py", "ui/pages/address.py"}
"""Read days that a model or an address gives as text."""

RENDERED = {"explanation", "ground"}
PARSERS = {"compile", "findall", "finditer", "fullmatch", "match", "search", "split", "sub"}
DAY = re.compile(r"\\d\{4\}-\\d\{2\}")
MARK = re.compile(r"\\\[\(\\d")


def modules() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def faults(name: str, source: str) -> list[str]:
    """Return what a module does that it must not, each with its line."""
    tree = ast.parse(source)
    found = list(_expressions_parsed(tree))
    if name not in UNTYPED:
        found += _keys_guessed(tree)
    if name not in WRITTEN_BY_OTHERS:
        found += _days_and_marks_parsed(tree)
    return [f"{name}:{line}: {what}" for line, what in sorted(found)]


def _keys_guessed(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield where a key is looked for in the result of a call, or in a name bound to one."""
    names = {"result"} | set(_names_of_results(tree))

    def is_result(node: ast.AST | None) -> bool:
        if isinstance(node, ast.BoolOp):
            return any(map(is_result, node.values))
        if isinstance(node, ast.Attribute):
            return node.attr == "result"
        return isinstance(node, ast.Name) and node.id in names

    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=value, slice=ast.Constant(value=str())) if is_result(value):
                yield node.lineno, "takes a key out of a tool result"
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[other]) if is_result(other):
                yield node.lineno, "looks for a key in a tool result"
            case ast.Call(func=ast.Attribute(value=value, attr="get")) if is_result(value):
                yield node.lineno, "asks a tool result for a key"
            case ast.Call(func=ast.Name(id="isinstance"), args=[value, kind]) if is_result(value):
                if any(isinstance(n, ast.Name) and n.id == "dict" for n in ast.walk(kind)):
                    yield node.lineno, "takes a tool result for a dictionary"


def _names_of_results(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        pairs: list[tuple[ast.AST, ast.AST]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.comprehension | ast.For):
            pairs = [(node.target, node.iter)]
        for target, value in pairs:
            if isinstance(target, ast.Name) and _holds_result(value):
                yield target.id


def _holds_result(value: ast.AST) -> bool:
    """Tell whether an expression is a call's ``result``, ``x.result or y``, or a list of them."""
    if isinstance(value, ast.BoolOp):
        return any(map(_holds_result, value.values))
    if isinstance(value, ast.ListComp | ast.GeneratorExp):
        return _holds_result(value.elt)
    return isinstance(value, ast.Attribute) and value.attr == "result"


def _expressions_parsed(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield where a regular expression runs over an explanation or the text of an answer."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        on = node.func.value
        compiled = isinstance(on, ast.Name) and (on.id == "re" or on.id.isupper())
        if node.func.attr in PARSERS and compiled and any(map(_is_rendering, node.args)):
            yield node.lineno, "parses a rendering"


def _is_rendering(argument: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and (
            node.attr in RENDERED
            or (
                node.attr == "text"
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "answer"
            )
        )
        for node in ast.walk(argument)
    )


def _days_and_marks_parsed(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield patterns that find ISO days or the marks of citations inside a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if DAY.search(node.value):
                yield node.lineno, "looks for days in a text"
            if MARK.search(node.value):
                yield node.lineno, "looks for citation marks in a text"


def test_no_module_guesses_at_a_result_or_parses_a_rendering() -> None:
    found = [
        fault
        for path in modules()
        for fault in faults(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ('x = call.result["hits"]', "takes a key"),
        ('hits = "hits" in call.result', "looks for a key"),
        ('result = call.result or {}\nx = result.get("problem")', "asks a tool result"),
        ('for r in [c.result for c in calls]:\n    x = r["a"]', "takes a key"),
        ("ok = isinstance(call.result, dict)", "for a dictionary"),
        ("def f(result):\n    return isinstance(result, dict | list)", "for a dictionary"),
        ('(found := call.result) and "status" in found', "looks for a key"),
        ("re.sub(PATTERN, say, trace.abstention.explanation)", "parses a rendering"),
        ("DAYS.sub(say, escaped(governing.ground))", "parses a rendering"),
        ("re.findall(PATTERN, trace.answer.text)", "parses a rendering"),
        (r'D = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")', "looks for days"),
        (r're.sub(r"\[(\d+)\]", link, text)', "looks for citation marks"),
    ],
)
def test_each_way_of_guessing_is_found(planted: str, said: str) -> None:
    (fault,) = faults("ui/planted.py", planted)
    assert said in fault


def test_typed_reading_is_no_fault() -> None:
    assert not faults(
        "ui/planted.py",
        "match call.result:\n    case SearchResult(hits=hits):\n        x = hits[0].version_id\n"
        "y = future.result()['key']\n",
    )
