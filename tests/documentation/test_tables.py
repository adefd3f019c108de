"""The generated tables say what the code says, and no page is without its table."""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from types import ModuleType
from typing import get_type_hints

import pytest

from django_kvstore import KVStoreError, errors
from django_kvstore.backend import Backend
from django_kvstore.options import PARAMS
from django_kvstore.plugins import load_backend

from .page import DOCS, ROOT, read_page


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kvstore_tables", DOCS / "_ext/kvstore_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(table: str) -> list[list[str]]:
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    assert len({len(line) for line in lines[2:]}) == 1
    return lines[2:]


def test_the_matrix_has_every_flag_and_every_engine(tables: ModuleType) -> None:
    flags = [name for name, hint in get_type_hints(Backend).items() if "bool" in str(hint)]
    assert {*tables.FLAGS, *tables.INNER_FLAGS} == set(flags)
    head = tables.matrix_table().splitlines()[0]
    for scheme in ("db", "locmem"):
        assert f"[{scheme}](/backends/{scheme}.md)" in head


def test_the_matrix_says_what_the_flags_say(tables: ModuleType) -> None:
    schemes = [backend.scheme for backend in tables.backends()]
    marks = {
        row[0].split("`")[1] if row[0][0] == "`" else row[0]: dict(
            zip(schemes, row[1:], strict=True)
        )
        for row in rows(tables.matrix_table())
    }
    for flag in tables.FLAGS:
        for scheme in schemes:
            assert (marks[flag][scheme] == "✓") is getattr(load_backend(scheme), flag)
    assert marks["shared"]["locmem"] != marks["shared"]["db"]
    assert marks["largest value, serialized"]["db"].split() == ["64", "MiB"]
    assert marks["longest key, its namespace included"]["db"].split() == ["1,024", "B"]


def test_a_backends_table_has_its_parameters(tables: ModuleType) -> None:
    for backend in tables.backends():
        table = tables.params_table(backend.scheme)
        for param in backend.params:
            assert f"`{param.name}`" in table
            assert param.help.rstrip(".").split("``")[0] in table
        assert bool(backend.params) == table.startswith("| parameter")


def test_the_options_table_has_every_option(tables: ModuleType) -> None:
    found = rows(tables.store_options_table())
    assert [row[0].strip("`") for row in found] == [param.name for param in PARAMS]
    assert [row[1].strip("`") for row in found] == [param.name.upper() for param in PARAMS]


def test_the_errors_table_has_every_error(tables: ModuleType) -> None:
    found = [row[0].strip("`") for row in rows(tables.errors_table())]
    family = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, KVStoreError)
    }
    assert set(found) == family
    assert found[0] == "KVStoreError"


def test_the_serializers_table_warns_of_pickle(tables: ModuleType) -> None:
    safe = {row[0].strip("`"): row[1] for row in rows(tables.serializers_table())}
    assert safe == {"json": "yes", "pickle": "**no**", "typed": "yes"}


def test_every_page_of_an_engine_has_its_generated_table(tables: ModuleType) -> None:
    pages = [page for page in (DOCS / "backends").glob("*.md") if page.stem != "index"]
    assert {"db", "locmem"} <= {page.stem for page in pages}
    for page in pages:
        assert f"{{kvstore-params}} {page.stem}" in [block.language for block in read_page(page)]


def test_the_urls_of_every_engine_are_on_their_page(tables: ModuleType) -> None:
    page = DOCS / "urls.md"
    schemes = [backend.scheme for backend in tables.backends()]
    headings = re.findall(r"^## (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == schemes
    directives = [block.language for block in read_page(page)]
    assert {f"{{kvstore-params}} {scheme}" for scheme in schemes} <= set(directives)


def test_the_schemes_table_has_the_older_names(tables: ModuleType) -> None:
    older = {row[0].split("]")[0][1:]: row[1] for row in rows(tables.schemes_table())}
    assert older["gae"] == "`appengine`, `googleappengine`"
    assert older["db"] == "-"
    assert set(older) == {backend.scheme for backend in tables.backends()}


def test_the_entry_points_table_has_those_of_every_distribution(tables: ModuleType) -> None:
    found = {(row[0].strip("`"), row[1].strip("`")) for row in rows(tables.entry_points_table())}
    declared = set()
    for path in ROOT.glob("packages/*/pyproject.toml"):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        for group, points in project.get("entry-points", {}).items():
            declared |= {(group, name) for name in points}
    assert {("kvstore.backends", "tokyotyrant"), ("pytest11", "django_kvstore")} <= declared
    assert declared <= found


@pytest.mark.parametrize("page", ["README.md", "packages/core/README.md", "docs/choosing.md"])
def test_a_table_by_hand_lists_every_engine(tables: ModuleType, page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    listed = re.findall(r"^\| .*?`(?:django-kvstore\[)?(\w+)\]?`", text, re.MULTILINE)
    schemes = {backend.scheme for backend in tables.backends()}
    assert schemes <= set(listed)


def test_every_table_that_a_page_wants_is_made(tables: ModuleType) -> None:
    directives = (DOCS / "_ext/kvstore_directives.py").read_text(encoding="utf-8")
    made = set(re.findall(r'"(kvstore-[\w-]+)"', directives))
    wanted = {
        block.language.strip("{").partition("}")[0]
        for page in DOCS.rglob("*.md")
        for block in read_page(page)
        if block.language.startswith("{kvstore-")
    }
    assert wanted == made


def test_every_check_is_on_its_page() -> None:
    text = (DOCS / "checks.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`((?:django_kvstore|django_keyval)\.[\w.]+)`", text))
    assert told == set(check_ids())


def check_ids() -> Iterator[str]:
    """Yield the ids of the checks in the packages' sources, the numbers of E003 and E004 too."""
    for path in ROOT.glob("packages/*/src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if re.fullmatch(r"(django_kvstore|django_keyval)(\.\w+)?\.[EWI]\d{3}", node.value):
                    yield node.value
                elif re.fullmatch(r"[EW]\d{3}", node.value):
                    yield f"django_kvstore.{node.value}"
