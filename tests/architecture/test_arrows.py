"""The arrows of ``docs/architecture.md``: who may import whom."""

from __future__ import annotations

import ast
import contextlib
import functools
import graphlib
import re
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .imports import PACKAGES, ROOT, modules, sources, within

#: The contract's tests, which use more of the core than an engine does.
KIT = "testing"
ENGINES = sorted(
    {path.parents[2].name for path in PACKAGES.glob("*/src/django_kvstore_*/__init__.py")} - {KIT}
)
WITH_CODE = sorted({path.parents[2].name for path in PACKAGES.glob("*/src/*/__init__.py")})

#: The core's layers from the ground up. A module imports its own layer and those before it.
LAYERS = (
    {"errors", "url", "keys", "params", "records", "equality", "rivals", "backends"}
    | {"compression", "nesting", "serializers", "typed_input", "typed_json"},
    {"redaction"},
    {"callers", "backend", "line", "options"},
    {"plugins", "legacy", "config"},
    {"naming", "split", "coder", "singleflight"},
    {"entries", "atomic", "iteration", "aio", "store"},
    {"stores"},
    {"models", "transfer"},
    {"checks", "commands", "apps", "management", "admin", "migrations"},
)
#: What applications import from, and what nothing in the core imports.
OUTSIDE = {"", "shortcuts", "test"}

#: What the core publishes for engines.
PUBLISHED = {"backend", "errors", "keys", "line", "params", "plugins", "records", "url"}

#: Comes with Django, or is in the library of Python 3.14.
ALWAYS = {"django", "asgiref", "annotationlib"}


def layer(module: str) -> int:
    top = module.split(".")[0]
    for number, names in enumerate(LAYERS):
        if top in names:
            return number
    raise AssertionError(f"django_kvstore.{module} has no layer: give it one, here and in the docs")


@pytest.mark.parametrize(
    "module",
    [name for name in within("core", "django_kvstore") if name.split(".")[0] not in OUTSIDE],
)
def test_a_module_of_the_core_imports_what_stands_before_it(module: str) -> None:
    for target in within("core", "django_kvstore")[module]:
        assert target.split(".")[0] not in OUTSIDE, target
        assert layer(target) <= layer(module), target


@pytest.mark.parametrize("package", WITH_CODE)
def test_no_modules_import_each_other(package: str) -> None:
    tuple(graphlib.TopologicalSorter(modules(package, running=True)).static_order())


def test_a_circle_would_be_found() -> None:
    with pytest.raises(graphlib.CycleError):
        tuple(graphlib.TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())


@pytest.mark.parametrize("package", ENGINES)
def test_an_engine_imports_what_is_published_for_engines(package: str) -> None:
    for name, targets in modules(package).items():
        core = {target for target in targets if target.split(".")[0] == "django_kvstore"}
        allowed = {f"django_kvstore.{module}" for module in PUBLISHED}
        assert core <= allowed, name


@pytest.mark.parametrize("package", [name for name in WITH_CODE if name != KIT])
def test_only_tests_import_the_kit(package: str) -> None:
    for name, targets in modules(package).items():
        assert "django_kvstore_testing" not in {target.split(".")[0] for target in targets}, name


@pytest.mark.parametrize("package", [*ENGINES, KIT])
def test_an_engine_imports_no_other_engine(package: str) -> None:
    for name, targets in modules(package).items():
        others = {f"django_kvstore_{other}" for other in ENGINES if other != package}
        assert not {target.split(".")[0] for target in targets} & others, name


def test_the_core_imports_no_engine() -> None:
    for name, targets in modules("core").items():
        tops = {target.split(".")[0] for target in targets}
        assert not any(top.startswith("django_kvstore_") for top in tops), name


def test_the_core_names_no_engine() -> None:
    pattern = "|".join(ENGINES)
    named = re.compile(rf"django[-_]kvstore[-_]({pattern})|({pattern})")
    for name, path in sources("core"):
        for text in strings(path):
            # Whole, since a message may give "db://kvstore" as an example of a URL.
            assert not named.fullmatch(text), f"{name}: {text!r}"


def strings(path: Path) -> list[str]:
    """Return the texts in a module's code; what stands in docstrings is for readers."""
    return [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


@pytest.mark.parametrize("package", WITH_CODE)
def test_a_library_is_named_by_the_distribution_that_imports_it(package: str) -> None:
    owners = owners_of_modules()
    distribution = "django-kvstore" if package == "core" else f"django-kvstore-{package}"
    declared = brought_by(distribution)
    for name, targets in modules(package).items():
        for top in {target.split(".")[0] for target in targets}:
            if top in sys.stdlib_module_names or top in ALWAYS or top == name.split(".")[0]:
                continue
            found = owners.get(top, set())
            assert found & declared, f"{name} imports {top} of {found}"


@functools.cache
def owners_of_modules() -> dict[str, set[str]]:
    """Return which installed distributions bring each top-level module."""
    found = {
        module: {*map(canonicalize_name, names)}
        for module, names in packages_distributions().items()
    }
    # A distribution that is installed editable lists no files.
    return {**found, "django_kvstore": {"django-kvstore"}}


def brought_by(distribution: str) -> set[str]:
    """Return what a distribution requires, its extras included, and what that in turn requires."""
    found: dict[str, set[str]] = {}
    asked = [Requirement(line) for line in requires(distribution) or ()]
    while asked:
        requirement = asked.pop()
        name = canonicalize_name(requirement.name)
        if name in found and requirement.extras <= found[name]:
            continue
        found[name] = requirement.extras | found.get(name, set())
        if name.startswith("django-kvstore"):
            continue  # what an engine requires is that engine's own
        with contextlib.suppress(PackageNotFoundError):
            for line in requires(name) or ():
                further = Requirement(line)
                extras = [{"extra": extra} for extra in ("", *requirement.extras)]
                if further.marker is None or any(map(further.marker.evaluate, extras)):
                    asked.append(further)
    return set(found)


def test_a_client_library_is_imported_by_one_distribution() -> None:
    users: dict[str, set[str]] = {}
    for package in WITH_CODE:
        for targets in modules(package).values():
            for top in {target.split(".")[0] for target in targets}:
                if top not in sys.stdlib_module_names and top not in ALWAYS:
                    users.setdefault(top, set()).add(package)
    shared = {top for top, packages in users.items() if len(packages) > 1}
    assert shared == {"django_kvstore"}
    if "memcached" in ENGINES:
        assert users["pymemcache"] == {"memcached"}


@pytest.mark.parametrize("folder", ["packages", "tests", "docs", ".github"])
def test_no_module_is_a_drawer_for_everything(folder: str) -> None:
    drawers = {"utils", "util", "common", "helpers", "helper", "misc"}
    found = [path for path in (ROOT / folder).rglob("*.py") if path.stem in drawers]
    found += [path for path in (ROOT / folder).rglob("*/") if path.name in drawers]
    assert not found


def test_the_page_tells_the_same() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| layer | modules |\n|---|---|\n")
    told = [set(re.findall(r"`(\w+)`", line)) for line in table.partition("\n\n")[0].splitlines()]
    assert told[:-1] == list(LAYERS)
    assert told[-1] == OUTSIDE - {""}
    (published,) = re.findall(r"what is published for engines, ([^;]*);", text.replace("\n", " "))
    assert set(re.findall(r"`(\w+)`", published)) == PUBLISHED
