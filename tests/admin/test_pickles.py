"""Nothing is unpickled, whatever lies in a store and whoever put it there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from admin.page import Page, url
from admin.parts import in_parts
from django_keyval.models import KeyVal
from django_kvstore import kvstores


class Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return (Path.touch, (self.trace,))


def test_a_pickle_is_told_and_never_loaded(boss: Client, settings_of: Any, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with settings_of(default={"URL": "locmem://pickles", "SERIALIZER": "pickle"}):
        store = kvstores["default"]
        store.set("trap", Trap(trace))
        listing = Page(boss.get(url("change", "default")))
        assert "would run code" in listing.text
        page = Page(boss.get(url("entry", "default", key="trap")))
        assert "would run code" in page.text
        assert page.areas == []
        data = {"expiry": "seconds", "seconds": "60", "seen": page.fields()["seen"]}
        assert boss.post(url("entry", "default", key="trap"), data).status_code == 302
        left = store.ttl("trap")
        assert left is not None
        assert left <= 60
        boss.post(url("entry", "default", key="trap"), {**data, "value": "1"})
        assert not trace.exists()
        store.get("trap")
        assert trace.exists()  # so the trap works, and nobody stepped on it before
        boss.post(url("delete", "default"), {"key": "trap", "confirmed": "yes"})
        assert store.count() == 0


def test_a_pickle_of_keyval_is_never_loaded(boss: Client, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    KeyVal("traps").set("trap", Trap(trace))
    KeyVal("traps").set("plain", [1])
    scope = "keyval:traps"
    assert "it is a pickle" in Page(boss.get(url("change", "default", scope=scope))).text
    page = Page(boss.get(url("entry", "default", key="=trap", scope=scope)))
    assert "it is a pickle" in page.text
    plain = Page(boss.get(url("entry", "default", key="=plain", scope=scope)))
    assert json.loads(plain.areas[0]) == [1]
    assert not trace.exists()


def test_a_pickle_in_the_place_of_keyvals_names_is_never_loaded(
    boss: Client, tmp_path: Path
) -> None:
    from django_keyval.names import names

    trace = tmp_path / "trace"
    names().store.set("f" * 40, Trap(trace))
    page = Page(boss.get(url("change", "default")))
    assert page.response.status_code == 200
    assert not trace.exists()


def test_a_large_pickle_in_parts_is_never_loaded(tmp_path: Path) -> None:
    """Changing its expiry writes the parts anew, for which its bytes are not enough."""
    from django_kvstore.admin import editing
    from django_kvstore.admin.inspection import load
    from django_kvstore.errors import CorruptValue

    store = in_parts("pickle")
    trace = tmp_path / "trace"
    store.set("trap", [Trap(trace), "x" * 10_000])
    found = load(store, "trap")
    assert found is not None
    assert found.size > 10_000
    assert "would run code" in found.problem
    with pytest.raises(CorruptValue):
        editing.retime(store, "trap", found.digest, None)
    assert not trace.exists()


def test_no_page_imports_what_unpickles() -> None:
    package = Path(sys.modules["django_kvstore.admin"].__file__ or "").parent
    for file in package.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        assert "pickle.loads" not in source
        assert "import pickle" not in source
        for line in source.splitlines():
            if ".decode(" in line and "coder" in line:
                assert "safely=True" in line
