from __future__ import annotations

from typing import Any

import pytest
from django.core.checks.registry import registry
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from django_kvstore import kvstores
from django_kvstore.checks import check_databases, check_deployment, check_models, check_stores


def ids(stores: Any, *, databases: list[str] | None = None, deploy: bool = False) -> list[str]:
    """Ask our own checks alone: other tests leave those of applications that are gone."""
    with override_settings(KEY_VALUE_STORES=stores):
        found = [*check_stores(), *check_databases(databases=databases)]
        found += check_deployment() if deploy else []
        return [str(message.id) for message in found]


def test_django_knows_of_the_checks() -> None:
    known = registry.get_checks(include_deployment_checks=True)
    assert {check_stores, check_models, check_databases, check_deployment} <= set(known)
    assert check_deployment not in registry.get_checks()


def test_a_good_store_passes() -> None:
    assert ids({"default": "locmem://"}) == []


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("locmem", "django_kvstore.E001"),
        ({"URL": "locmem://", "NOPE": 1}, "django_kvstore.E001"),
        ("nothing://x", "django_kvstore.E002"),
        ("locmem://?nope=1", "django_kvstore.E003"),
        ("locmem://?ttl=x", "django_kvstore.E004"),
        ("locmem://?serializer=nope", "django_kvstore.E005"),
        ("locmem://pickled?serializer=pickle", "django_kvstore.W001"),
        ("no.such.module://x", "django_kvstore.E003"),
    ],
)
def test_each_mistake_has_its_id(entry: object, expected: str) -> None:
    assert ids({"default": entry, "good": "locmem://"}) == [expected]


def test_both_settings_at_once_are_an_error() -> None:
    with override_settings(KEY_VALUE_STORE_BACKEND="locmem://"):
        assert ids({"default": "locmem://"}) == ["django_kvstore.E001"]


def test_memory_is_unfit_for_deployment_and_only_there() -> None:
    stores = {"default": "locmem://"}
    assert ids(stores, deploy=True) == ["django_kvstore.locmem.W001"]
    assert ids(stores) == []


def test_a_missing_table_is_found_where_databases_may_be_asked() -> None:
    stores = {"default": "db://no_such_table_yet"}
    assert ids(stores) == []
    MigrationRecorder(connection).ensure_schema()
    (found,) = ids(stores, databases=["default"])
    assert found.startswith("django_kvstore.db.")
    with override_settings(KEY_VALUE_STORES=stores):
        assert kvstores["default"].backend.provision() is True
    assert ids(stores, databases=["default"]) == []
