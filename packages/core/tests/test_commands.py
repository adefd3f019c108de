from __future__ import annotations

import io
import time
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_kvstore import kvstore


def manage(*arguments: str) -> str:
    out = io.StringIO()
    call_command("kvstore", *arguments, stdout=out)
    return out.getvalue()


def test_purge_deletes_what_has_expired() -> None:
    with override_settings(KEY_VALUE_STORES={"default": f"locmem://{uuid4().hex}"}):
        kvstore.set("short", 1, ttl=0.01)
        kvstore.set("long", 1, ttl=100)
        time.sleep(0.02)
        assert manage("purge") == "default: 1 deleted\n"
        assert manage("purge", "default") == "default: 0 deleted\n"
        assert kvstore.get("long") == 1


def test_provision_makes_the_table_once() -> None:
    with override_settings(
        KEY_VALUE_STORES={"default": "db://made_by_command", "memory": "locmem://"}
    ):
        assert manage("provision") == "default: created\nmemory: nothing to create\n"
        assert manage("provision", "default") == "default: nothing to create\n"
        kvstore.set("a", 1)
        assert kvstore.get("a") == 1


def test_stores_lists_them_without_secrets() -> None:
    stores = {"default": "locmem://user:hunter2@x", "none": "db://missing_table"}
    with override_settings(KEY_VALUE_STORES=stores):
        said = manage("stores")
    assert "hunter2" not in said
    assert "locmem://user:***@x" in said
    assert "atomic iterable" in said
    assert "answers in" in said
    assert "missing_table" in said


def test_an_unknown_alias_and_a_bad_store_end_with_a_message() -> None:
    with override_settings(KEY_VALUE_STORES={"default": "nothing://x"}):
        with pytest.raises(CommandError, match=r"no store 'nope'\. The settings have: default"):
            manage("purge", "nope")
        with pytest.raises(CommandError, match="no backend for the scheme 'nothing'"):
            manage("purge")


def test_migrate_makes_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    with override_settings(KEY_VALUE_STORES={"default": "db://made_by_migrate"}):
        call_command("migrate", verbosity=1)
        assert "made_by_migrate" in capsys.readouterr().out
        kvstore.set("a", 1)
        assert kvstore.get("a") == 1
