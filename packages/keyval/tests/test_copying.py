"""Every name, moved to another store by ``manage.py keyval -c copy``."""

from __future__ import annotations

import io
import json
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_keyval.models import KeyVal
from django_keyval.names import names
from django_kvstore import Unavailable, kvstores

COPY = ("keyval", "-c", "copy", "--to", "new")
VALUES: dict[str, Any] = {
    "number": 12,
    "tuple": (1, None),
    "object": OrderedDict(a=1),
    "k" * 3000: "of a long key",
    "\udcff": "of a surrogate",
}


@pytest.fixture(autouse=True)
def _stores() -> Iterator[None]:
    stores = {name: f"locmem://{uuid.uuid4().hex}" for name in ("default", "new")}
    apps = ["django_kvstore", "django_keyval"]
    with override_settings(KEY_VALUE_STORES=stores, INSTALLED_APPS=apps):
        yield


def manage(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def kept() -> dict[str, dict[str, Any]]:
    return {name: dict(KeyVal(name).items()) for name in KeyVal.names()}


def test_every_name_is_copied_with_types_and_expiry() -> None:
    for key, value in VALUES.items():
        KeyVal("settings").set(key, value)
    KeyVal("other").set("short", 1, ttl=1000)
    KeyVal("\udcff").set("k", 1)
    before = kept()
    assert manage(*COPY, "--dry-run") == "7 keys would be copied."
    assert json.loads(manage(*COPY, "--dry-run", "--json")) == {"entries": 7}
    assert kvstores["new"].backend.count("") == 0
    assert manage(*COPY) == "Copied 7 keys to new."
    assert json.loads(manage(*COPY, "--json")) == {"entries": 7}
    assert kept() == before
    with override_settings(KEYVAL_STORE="new"):
        assert kept() == before
        assert type(KeyVal("settings").get("object")) is OrderedDict
        assert 990 < (KeyVal("other").ttl("short") or 0) <= 1000


def test_one_name_is_copied_alone_and_to_a_url() -> None:
    for name in ("one", "two"):
        KeyVal(name).set("k", name)
    assert manage(*COPY, "-n", "one") == "Copied 1 key to new."
    with override_settings(KEYVAL_STORE="new"):
        assert kept() == {"one": {"k": "one"}}
    url = f"locmem://{uuid.uuid4().hex}"
    assert manage(*COPY[:-1], url, "-n", "two") == f"Copied 1 key to {url}."


def test_what_is_not_copied_is_told_and_the_rest_is() -> None:
    KeyVal("one").set("bad", 1)
    KeyVal("one").set("good", 1)
    KeyVal("two").set("bad", 1)
    backend = kvstores["default"].backend
    cell = next(key for key in backend.scan_keys("", None, 100).keys if key.endswith("=bad"))
    backend.set(cell, b"damaged", None)
    err = io.StringIO()
    with pytest.raises(CommandError, match=r"^1 entry was not transferred\.$"):
        call_command(*COPY, stdout=io.StringIO(), stderr=err)
    assert ": bad': Store 'default' (locmem): the stored bytes cannot be read" in err.getvalue()
    with override_settings(KEYVAL_STORE="new"):
        assert sum(map(len, kept().values())) == 2


def test_a_store_that_loses_what_is_written_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    KeyVal("one").set("k", 1)
    monkeypatch.setattr(kvstores["new"].backend, "set_many", lambda cells, expires: None)
    err = io.StringIO()
    with pytest.raises(CommandError, match=r"^1 entry was not transferred\.$"):
        call_command(*COPY, stdout=io.StringIO(), stderr=err)
    assert "'one: k': it is not there" in err.getvalue()


def test_an_outage_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    KeyVal("one").set("k", 1)

    def fail(*args: object) -> None:
        raise kvstores["new"].backend.error(Unavailable, "it is gone.")

    monkeypatch.setattr(kvstores["new"].backend, "set_many", fail)
    with pytest.raises(CommandError, match="it is gone"):
        manage(*COPY)


def test_where_to_must_be_said_and_be_elsewhere() -> None:
    for arguments, said in (
        (COPY[:-2], "Give the other store with --to, an alias or a URL."),
        ((*COPY[:-1], "default"), "The names are in default already."),
        ((*COPY[:-1], "nope"), "There is no store 'nope'."),
    ):
        with pytest.raises(CommandError) as caught:
            manage(*arguments)
        assert str(caught.value).startswith(said)
    assert names().store.backend.alias == "default"
