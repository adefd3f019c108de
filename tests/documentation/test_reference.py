"""The reference has every public call, and the twins are as the page says."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest

import django_kvstore
import django_kvstore_testing
from django_kvstore import Store, models
from django_kvstore.models import Model

from .page import DOCS

#: What does not ask an engine, so that there is nothing to wait for.
WITHOUT_TWIN = {
    Store: {"address", "namespace", "with_options"},
    Model: {"clean", "full_clean", "to_dict", "from_dict", "pk"},
}


def calls(kind: type) -> set[str]:
    """Return the public methods and properties of a class and its bases."""
    return {
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if not name.startswith("_")
        and (inspect.isroutine(value) or isinstance(value, (classmethod, property)))
    }


def sync_calls(kind: type) -> set[str]:
    found = calls(kind)
    return {name for name in found if not (name.startswith("a") and name[1:] in found)}


@pytest.mark.parametrize("kind", [Store, Model])
def test_every_call_is_in_the_reference(kind: type) -> None:
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    listed = re.findall(
        rf"auto\w+:: django_kvstore[.\w]*\.{kind.__name__}\.(\w+)(?:\(.*\))?$", text, re.M
    )
    assert sorted(listed) == sorted(sync_calls(kind))


@pytest.mark.parametrize("kind", [Store, Model])
def test_every_call_that_asks_the_engine_has_a_twin(kind: type) -> None:
    found = calls(kind)
    alone = {name for name in sync_calls(kind) if f"a{name}" not in found}
    assert alone == WITHOUT_TWIN[kind]


@pytest.mark.parametrize("module", [django_kvstore, models], ids=lambda module: module.__name__)
def test_every_public_name_is_in_the_reference(module: ModuleType) -> None:
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    told = re.findall(rf"^\.\. [\w:]+:: {module.__name__}\.(\w+)(?![\w.])", text, re.MULTILINE)
    assert set(told) >= set(module.__all__) - {"__version__"}


def test_what_is_for_tests_is_told() -> None:
    pages = [(DOCS / page).read_text(encoding="utf-8") for page in ("reference.md", "testing.md")]
    assert any("django_kvstore.test.IsolatedStoresMixin" in page for page in pages)
    for name in django_kvstore_testing.__all__:
        assert any(f"django_kvstore_testing.{name}" in page for page in pages)
