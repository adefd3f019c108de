"""With ATOMIC_REQUESTS a page that shows what went wrong is not part of what went wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.db import connection, connections, transaction
from django.test import Client, override_settings
from django.urls import path

from admin.page import Page, url
from django_kvstore import Timeout, kvstores
from django_kvstore_db import DBBackend
from servers.postgresql import PostgreSQL


@pytest.fixture
def postgresql(engine: Callable[..., Any]) -> Iterator[str]:
    """The alias of a PostgreSQL with ATOMIC_REQUESTS."""
    server, alias = engine(PostgreSQL), "admin_postgresql"
    name = f"admin_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    server.create_database(name)
    settings.DATABASES[alias] = {**server.django_database(name), "ATOMIC_REQUESTS": True}
    connections.settings = connections.configure_settings(settings.DATABASES)
    addresses: Any = ModuleType("addresses")  # as if the project had known of it from the start
    addresses.urlpatterns = [path("admin/", admin.site.urls)]
    with override_settings(ROOT_URLCONF=addresses):
        yield alias
    connections[alias].close()
    del connections[alias], settings.DATABASES[alias]
    connections.settings = connections.configure_settings(settings.DATABASES)


def test_a_store_without_its_table_makes_no_other_look_ill(
    boss: Client, settings_of: Any, postgresql: str
) -> None:
    stores = {"absent": "db://absent", "there": "db://there"}
    with settings_of(**{name: f"{url}?using={postgresql}" for name, url in stores.items()}):
        kvstores["there"].backend.provision()
        kvstores["there"].set("key", 1)
        page = Page(boss.get(url("changelist")))
        assert len(page.all("span", **{"class": "kvstore-ill"})) == 1
        assert "the table 'absent' is missing" in page.text
        deleted = boss.post(url("flush", "there"), follow=True)
        assert "1 entry was deleted." in Page(deleted).text
        assert kvstores["there"].count() == 0


def test_what_an_error_left_undone_is_noted(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.admin.models import LogEntry

    def clear(self: DBBackend, prefix: str) -> int:
        if connection.in_atomic_block:
            transaction.set_rollback(True)  # as an error of PostgreSQL does
        raise self.error(Timeout, "it took too long.")

    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    monkeypatch.setattr(DBBackend, "clear", clear)
    try:
        response = boss.post(url("flush", "table"), follow=True)
    finally:
        monkeypatch.undo()
    assert response.status_code == 200
    assert "it took too long." in Page(response).text
    assert "it took too long." in LogEntry.objects.get().get_change_message()
