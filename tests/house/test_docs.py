"""What a user can say is documented, and what is documented exists."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer import Typer
from typer.main import get_command

from docs.described import FROM_FIELDS, JSON
from docs.make_reference import (
    PAGES,
    environment,
    method_tables,
    read_class,
    recipe_tables,
)
from inforce import app
from retrieval.citations.law_answers import LawAnswer, VersionLine, VersionsAnswer
from rl.objective.methods.settings import SETTINGS

ROOT = Path(__file__).parents[2]
ROOMS = ("corpus", "retrieval", "agent", "rl", "eval", "ui")
PROSE = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "rl/recipes/README.md",
    ROOT / "corpus/demo/README.md",
    ROOT / "eval/questions/README.md",
]
prose = pytest.mark.parametrize("page", PROSE, ids=lambda path: str(path.relative_to(ROOT)))


def verbs(typer_app: Typer) -> dict[str, Any]:
    """Every verb that does something, by its words."""
    top = get_command(typer_app)
    found = {}
    for name, verb in getattr(top, "commands", {"": top}).items():
        below = getattr(verb, "commands", {})
        found |= {f"{name} {sub}": one for sub, one in below.items()} or {name: verb}
    return found


VERBS = verbs(app)


@pytest.mark.parametrize("page", PAGES)
def test_made_pages_are_not_stale(page: str) -> None:
    kept = (ROOT / page).read_text(encoding="utf-8")
    assert kept == PAGES[page](), "run: python docs/make_reference.py"


def undocumented(typer_app: Typer) -> list[str]:
    """What a user can type that no help says a word of."""
    return [
        f"{name} {param.opts[0]}"
        for name, verb in verbs(typer_app).items()
        for param in verb.params
        if param.name != "help" and not param.help
    ]


def test_every_option_and_argument_has_help() -> None:
    assert undocumented(app) == []


def test_an_option_without_help_is_found() -> None:
    planted = Typer()

    @planted.command()
    def verb(quietly: Annotated[bool, typer.Option()] = False) -> None:
        """Do something."""

    assert undocumented(planted) == [" --quietly"]


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help_with_an_example(name: str) -> None:
    assert VERBS[name].help
    assert VERBS[name].epilog.startswith(f"Example:  inforce {name}")


def test_json_objects_are_documented_for_the_verbs_that_print_them() -> None:
    printing = {n for n, v in VERBS.items() if any("--json" in p.opts for p in v.params)}
    assert set(JSON) == printing


def test_every_key_of_a_json_object_is_described() -> None:
    specs = {spec for printed in JSON.values() for spec in printed.classes}
    assert [key for spec in sorted(specs) for key in undescribed(spec)] == []


def undescribed(spec: str) -> list[str]:
    """Return the fields of a class that have no description, as ``Class.field``."""
    cls = read_class(spec)
    return [f"{cls.name}.{field.name}" for field in cls.fields if not field.doc]


def test_a_json_key_without_a_description_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = (
        'class Report:\n    """All.\n\n    Attributes:\n        told: described here.\n    """\n\n'
        '    told: int\n    also: int\n    """Described here."""\n    untold: int\n'
    )
    (tmp_path / "planted.py").write_text(planted)
    monkeypatch.setattr("docs.make_reference.ROOT", tmp_path)
    assert undescribed("planted.py:Report") == ["Report.untold"]


@pytest.mark.parametrize("model", [LawAnswer, VersionsAnswer, VersionLine])
def test_keys_read_from_the_source_are_those_of_the_model(model: type[LawAnswer]) -> None:
    read = read_class(f"retrieval/citations/law_answers.py:{model.__name__}")
    assert [field.name for field in read.fields] == list(model.model_fields)


def variables(source: str) -> set[str]:
    """The environment variables that code names; ``INFORCE_X_`` where it adds the rest."""
    texts = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {text for text in texts if re.fullmatch(r"INFORCE_[A-Z_]+", text)}


def code() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def test_every_environment_variable_is_documented() -> None:
    named = set().union(*(variables(path.read_text(encoding="utf-8")) for path in code()))
    assert {"INFORCE_HOME", "INFORCE_POLICY", "INFORCE_VLLM_PYTHON", "INFORCE_ES_"} <= named
    assert named - set(environment()) - set(FROM_FIELDS) == set()


def test_an_environment_variable_that_nobody_documents_is_found() -> None:
    planted = 'import os\nif os.environ.get("INFORCE_SECRET_MODE"):\n    print(f"INFORCE_X_{1}")\n'
    assert variables(planted) == {"INFORCE_SECRET_MODE", "INFORCE_X_"}
    assert not variables(planted) & set(environment())


def test_every_environment_variable_says_what_it_is() -> None:
    assert [name for name, (meaning, _) in environment().items() if not meaning] == []


def test_every_recipe_setting_says_what_it_is() -> None:
    silent = [
        f"{table}.{field.name}"
        for table, cls in (*recipe_tables(), *method_tables())
        for field in cls.fields
        if not field.doc and field.name != "kind"
    ]
    assert silent == []
    assert {cls.name for _, cls in method_tables()} == {one.__name__ for one in SETTINGS.values()}


def test_a_recipe_setting_without_a_word_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = (
        'class Recipe:\n    """All."""\n\n    told: int = 1\n    """Why."""\n    untold: int = 2\n'
    )
    (tmp_path / "planted.py").write_text(planted)
    monkeypatch.setattr("docs.make_reference.ROOT", tmp_path)
    fields = read_class("planted.py:Recipe").fields
    assert [field.name for field in fields if not field.doc] == ["untold"]


@prose
def test_pages_point_to_files_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    relative = [link for link in links if link and ":" not in link]
    assert [link for link in relative if not (page.parent / link).exists()] == []
    assert [path for path in paths(text) if not (ROOT / path).exists()] == []


@prose
def test_pages_link_to_headings_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^):\s]*#[^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        there = (page.parent / path if path else page).read_text(encoding="utf-8")
        assert anchor in anchors(there), target


def paths(text: str) -> list[str]:
    """The files and folders of this repository that a text names as code."""
    rooms = "|".join((*ROOMS, "docs", "tests"))
    return re.findall(rf"`((?:{rooms})/[\w./-]*\w|(?:{rooms})/[\w./-]*/)`", text)


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in headings}


@prose
def test_modules_and_imports_of_pages_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    imported = re.findall(r"^from ((?:\w+)[\w.]*) import", blocks, re.MULTILINE)
    named = re.findall(rf"`((?:{'|'.join(ROOMS)})(?:\.\w+)+)(?:\(.*?\))?`", text)
    named = [name for name in named if not name.endswith((".py", ".toml", ".md"))]
    assert [name for name in (*imported, *named) if not exists(name)] == []


def exists(dotted: str) -> bool:
    """Tell whether a module is there, or a module that defines the rest of the name."""
    parts = dotted.split(".")
    if parts[0] not in ROOMS:
        return importlib.util.find_spec(parts[0]) is not None
    for length in range(len(parts), 0, -1):
        below = ROOT.joinpath(*parts[:length])
        file = (
            below.with_suffix(".py") if below.with_suffix(".py").exists() else below / "__init__.py"
        )
        if file.exists():
            rest = parts[length : length + 1]
            return all(re.search(rf"\b{word}\b", file.read_text(encoding="utf-8")) for word in rest)
    return False


@prose
def test_commands_of_pages_exist(page: Path) -> None:
    wrong = [line for line in commands(page.read_text(encoding="utf-8")) if not runs(line)]
    assert wrong == []


def commands(text: str) -> list[str]:
    """What a page tells its reader to type, in blocks and in running text."""
    blocks = re.findall(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(inforce [a-z].*)$", text, re.MULTILINE)
    return [*blocks, *re.findall(r"`(inforce [a-z][^`]*)`", text)]


def runs(line: str) -> bool:
    """Tell whether verb and options of a command exist."""
    words = shlex.split(line, comments=True)[1:]
    plain = [w for w in words if not w.startswith("-")]
    options = [w.partition("=")[0] for w in words if re.match(r"--?[a-z]", w)]
    groups = {name.split()[0] for name in VERBS}
    verb = next((v for n in (2, 1) if (v := VERBS.get(" ".join(plain[:n])))), None)
    if verb is None:
        return plain[0] in groups and len(plain) == 1
    known = {flag for param in verb.params for flag in (*param.opts, *param.secondary_opts)}
    return set(options) <= {*known, "--help"}


def settings(text: str) -> list[str]:
    """The recipe settings that a page names in code: ``train.seed``, ``--set data.longest=9``."""
    tables = "model|data|rollout|objective|warm_start|train"
    spans = re.findall(r"`([^`\n]+)`", text)
    spans += [line for line in commands(text) if "# exit status" not in line]  # shown to fail
    named = re.compile(rf"(?<![\w/.])(?:{tables})\.(?!py\b)\w+")
    return [name for span in spans for name in named.findall(span)]


@prose
def test_recipe_settings_of_pages_exist(page: Path) -> None:
    known = {f"{table}.{field.name}" for table, cls in recipe_tables() for field in cls.fields}
    assert [name for name in settings(page.read_text(encoding="utf-8")) if name not in known] == []


@pytest.mark.parametrize(
    "line", ["inforce lawyer 'art. 1'", "inforce law x --when 2001-01-01", "inforce index rebuild"]
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    assert not runs(line)
