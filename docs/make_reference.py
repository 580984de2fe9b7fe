"""Write the reference pages from the code: ``docs/cli.md`` and ``docs/settings.md``.

Run ``python docs/make_reference.py`` after a change of a verb, an option, a JSON object or a
recipe setting; ``tests/house/test_docs.py`` fails where a page is stale. Classes are read from
their source text, so nothing that needs torch is imported.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

from typer.main import get_command

from docs.described import ENVIRONMENT, FROM_FIELDS, JSON, Printed
from inforce import app
from rl.objective.methods.settings import SLOTS

ROOT = Path(__file__).resolve().parents[1]
MADE = "<!-- Made by python docs/make_reference.py; edit the code instead. -->\n"


class Field(NamedTuple):
    """One field of a class: ``type`` and ``default`` as the code writes them."""

    name: str
    type: str
    default: str | None
    doc: str


class ClassText(NamedTuple):
    """A class as its source text shows it."""

    name: str
    doc: str
    fields: tuple[Field, ...]


RECIPE = "rl/recipes/recipe.py"
TABLES = (RECIPE, "rl/recipes/judge_settings.py", "rl/recipes/label_settings.py")
METHODS = "rl/objective/methods/settings.py"


def cli_page() -> str:
    """Return ``docs/cli.md``: every verb with its arguments, options, example and JSON keys."""
    command = get_command(app)
    parts = [MADE, "# The command line\n", inspect.cleandoc(command.help or ""), _environment()]
    for name, verb in sorted(_verbs(command)):
        parts.append(f"## `inforce {name}`\n\n{_markdown(verb.help or '')}")
        commands = sorted(getattr(verb, "commands", {}).items())
        parts += [_command(f"{name} {sub}", below, "###") for sub, below in commands]
        if not commands:
            parts.append(_usage(name, verb))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def settings_page() -> str:
    """Return ``docs/settings.md``: every setting of a training recipe, table by table."""
    intro = (
        "# Settings of a training recipe\n\nA recipe is a TOML file of these tables "
        "([recipes](../rl/recipes/README.md), [training](training.md)). `--set table.field=value` "
        'changes one on the command line. `extends = "NAME"` lays a recipe over another.'
    )
    parts = [MADE, intro]
    for path, cls in recipe_tables():
        heading = f"## `[{path}]`" if path else "## Top level"
        parts.append(f"{heading}\n\n{cls.doc}\n\n{_field_table(cls.fields)}")
    parts.append(
        "## Methods\n\nSettings of the methods that fill a slot of `[objective]`; "
        "[methods.md](methods.md) says what they do. `kind` is the name."
    )
    for slot, cls in method_tables():
        kind = cls.fields[0].default
        settings = [field for field in cls.fields if field.name != "kind"]
        shown = _field_table(tuple(settings)) if settings else "No settings."
        parts.append(f"### `kind = {kind}`, in `{slot}`\n\n{cls.doc}\n\n{shown}")
    return "\n\n".join(part.strip() for part in parts) + "\n"


def method_tables() -> Iterator[tuple[str, ClassText]]:
    """Yield the settings of each method with the slot that it fills."""
    for slot, fitting in SLOTS.items():
        for one in fitting:
            cls, above = (read_class(f"{METHODS}:{c.__name__}") for c in one.__mro__[:2])
            more = [field for field in above.fields if field.name != "kind"]
            yield slot, cls._replace(fields=(*cls.fields, *more))


def recipe_tables() -> Iterator[tuple[str, ClassText]]:
    """Yield each table of a recipe with its class, outer tables first."""
    known = {name: path for path in TABLES for name in _classes(path)}
    waiting = [("", read_class(f"{RECIPE}:Recipe"))]
    while waiting:
        path, cls = waiting.pop(0)
        yield path, cls
        for field in cls.fields:
            inner = re.sub(r" \| None$", "", field.type)
            if inner in known:
                where = f"{path}.{field.name}" if path else field.name
                waiting.append((where, read_class(f"{known[inner]}:{inner}")))


def environment() -> dict[str, tuple[str, str]]:
    """Return every environment variable with its meaning and its default."""
    found = dict(ENVIRONMENT)
    for prefix, spec in FROM_FIELDS.items():
        for field in read_class(spec).fields:
            alone = field.name in {"policy", "controller"}
            name = ("INFORCE_" if alone else prefix) + field.name.upper()
            found[name] = (field.doc, _default(field))
    return found


def read_class(spec: str) -> ClassText:
    """Read the class ``path.py:Name`` from its source.

    Raises:
        KeyError: there is no such class; a name in this file is stale.
    """
    path, _, name = spec.partition(":")
    node = _classes(path)[name]
    doc = ast.get_docstring(node) or ""
    words, _, attributes = doc.partition("\nAttributes:\n")
    described = _attributes(attributes)
    fields = tuple(
        field._replace(doc=field.doc or described.get(field.name, "")) for field in _fields(node)
    )
    return ClassText(name, _markdown(words), fields)


def _classes(path: str) -> dict[str, ast.ClassDef]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _fields(node: ast.ClassDef) -> Iterator[Field]:
    for this, after in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
        if isinstance(this, ast.AnnAssign) and isinstance(this.target, ast.Name):
            default = ast.unparse(this.value) if this.value is not None else None
            yield Field(this.target.id, ast.unparse(this.annotation), default, _docstring(after))


def _docstring(node: ast.stmt) -> str:
    value = node.value if isinstance(node, ast.Expr) else None
    text = value.value if isinstance(value, ast.Constant) else ""
    return _markdown(text) if isinstance(text, str) else ""


def _attributes(text: str) -> dict[str, str]:
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", text, re.MULTILINE)
    return {name: _markdown(words) for name, words in found}


def _markdown(text: str) -> str:
    """Return a docstring as Markdown: one line a paragraph, roles as code."""
    plain = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", inspect.cleandoc(text)).replace("``", "`")
    blocks = plain.split("\n\n")
    return "\n\n".join(
        block if block.lstrip().startswith(("- ", "|", "    ")) else " ".join(block.split())
        for block in blocks
    )


def _environment() -> str:
    rows = [(f"`{name}`", *words) for name, words in sorted(environment().items())]
    return "## Environment variables\n\n" + _table(("variable", "meaning", "default"), rows)


def _verbs(command: Any) -> Iterator[tuple[str, Any]]:
    yield from command.commands.items()


def _command(name: str, verb: Any, level: str) -> str:
    return f"{level} `inforce {name}`\n\n{_markdown(verb.help or '')}\n\n{_usage(name, verb)}"


def _usage(name: str, verb: Any) -> str:
    arguments = [p for p in verb.params if not p.opts[0].startswith("-")]
    options = [p for p in verb.params if p.opts[0].startswith("-") and p.name != "help"]
    parts: list[str] = []
    rows: list[tuple[str, ...]]
    if arguments:
        rows = [(f"`{_metavar(p)}`", _cell(p.help)) for p in arguments]
        parts.append(_table(("argument", "meaning"), rows))
    if options:
        hints = get_type_hints(verb.callback)
        rows = [
            (f"`{_flags(p, hints[p.name])}`", _cell(p.help), _shown_default(p)) for p in options
        ]
        parts.append(_table(("option", "meaning", "default"), rows))
    parts.append(f"Example: `{(verb.epilog or '').removeprefix('Example:').strip()}`")
    if any("--json" in p.opts for p in options):
        parts.append(_json(JSON[name]))
    return "\n\n".join(parts)


def _json(printed: Printed) -> str:
    parts = [f"With `--json`: {printed.note}".strip()]
    for spec in printed.classes:
        cls = read_class(spec)
        parts.append(f"`{cls.name}`: {cls.doc}\n\n{_keys(cls.fields)}")
    if printed.keys:
        rows = [(f"`{name}`", words) for name, words in printed.keys.items()]
        parts.append(_table(("key", "meaning"), rows))
    return "\n\n".join(parts)


def _keys(fields: Sequence[Field]) -> str:
    """Return the keys of an object as a table."""
    rows = [(f"`{f.name}`", f"`{_escaped(f.type)}`", f.doc) for f in fields]
    return _table(("key", "type", "meaning"), rows)


def _field_table(fields: Sequence[Field]) -> str:
    rows = [(f"`{f.name}`", f"`{_escaped(f.type)}`", _default(f), f.doc) for f in fields]
    return _table(("setting", "type", "default", "meaning"), rows)


def _default(field: Field) -> str:
    """Return a default as code; ``Field(default=x, ...)`` is ``x``."""
    if field.default is None:
        return "required"
    found = re.match(r"Field\(default=(.+?)(?:, \w+=[^()]*)?\)$", field.default)
    value = found.group(1) if found else field.default
    if value.startswith("Field("):
        return "required"
    if value.endswith("Settings()"):
        return "the table's own"
    return "none" if value == "None" else f"`{_escaped(value)}`"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _metavar(param: Any) -> str:
    name = param.metavar or param.name.upper()
    shown = name if param.required else f"[{name}]"
    return shown + ("..." if param.nargs == -1 else "")


def _flags(param: Any, hint: Any) -> str:
    """Return an option's names and the kind of its value, as ``--limit NUMBER``."""
    names = ", ".join([*param.opts, *param.secondary_opts])
    kinds = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH"}
    plain = {hint, *get_args(hint), *(inner for one in get_args(hint) for inner in get_args(one))}
    return names if param.is_flag else f"{names} {next(k for t, k in kinds.items() if t in plain)}"


def _shown_default(param: Any) -> str:
    if getattr(param, "multiple", False) or param.default is None:
        return "may be repeated" if getattr(param, "multiple", False) else "none"
    if isinstance(param.default, bool):
        return "on" if param.default else "off"
    return f"`{_escaped(str(param.default))}`"


def _cell(text: str | None) -> str:
    """Return a help text for a table; ``<del>`` must not become markup."""
    return _escaped(" ".join((text or "").split())).replace("<", "\\<")


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


PAGES = {"docs/cli.md": cli_page, "docs/settings.md": settings_page}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")
