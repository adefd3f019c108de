"""The application that type checkers look at uses every call that the reference has."""

from __future__ import annotations

import re

import pytest

from django_kvstore import Store
from django_kvstore.models import Model

from .page import DOCS, PAGES, ROOT, read_page

APPLICATION = ROOT / "tests" / "type_checks"
IMPORT = re.compile(r"^(?:>>> )?from (django_k\w+[.\w]*) import (.+)$", re.M)


@pytest.mark.parametrize("kind", [Store, Model])
def test_every_call_and_its_twin_is_used(kind: type) -> None:
    path = f"{kind.__module__}.{kind.__name__}".replace("models.aio", "models")
    path = path.replace("django_kvstore.store.", "django_kvstore.")
    reference = (DOCS / "reference.md").read_text(encoding="utf-8")
    documented = set(re.findall(rf"automethod:: {re.escape(path)}\.(\w+)", reference))
    assert len(documented) > 10
    twins = {f"a{name}" for name in documented if hasattr(kind, f"a{name}")}
    code = "".join(file.read_text(encoding="utf-8") for file in sorted(APPLICATION.glob("*.py")))
    used = set(re.findall(r"\.(\w+)\(", code))
    overridden = set(re.findall(r"    def (\w+)\(", code))
    assert documented | twins <= used | overridden


def test_every_public_name_is_used() -> None:
    import django_kvstore
    from django_kvstore import models

    code = "".join(file.read_text(encoding="utf-8") for file in sorted(APPLICATION.glob("*.py")))
    for name in {*django_kvstore.__all__, *models.__all__} - {"__version__"}:
        assert re.search(rf"\b{name}\b", code), name


def test_all_that_the_pages_import_is_used() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in sorted(APPLICATION.glob("*.py")))
    blocks = [block.text for page in PAGES for block in read_page(page)]
    found = [match for text in blocks for match in IMPORT.findall(text)]
    assert len(found) > 20
    for module, names in found:
        for name in names.split(", "):
            assert re.search(rf"^from {re.escape(module)} import \(?[^)]*\b{name}\b", code, re.M), (
                module,
                name,
            )
