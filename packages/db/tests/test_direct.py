"""A statement goes to the driver directly where Django would only pass it on, and nowhere else."""

from __future__ import annotations

import functools
import sqlite3
import sys
from contextlib import contextmanager
from types import ModuleType

import pytest
from db_operations import KEY, OPERATIONS, RECORD
from django.apps import apps
from django.db.backends import utils
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3 import base as sqlite
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from django_kvstore_db import DBBackend
from django_kvstore_db.direct import way_of


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_driver_is_called_directly(backend, made, name):
    OPERATIONS[name](backend)
    assert made == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_both_ways_lead_to_the_same(backend, database, open_backend, name):
    table = backend.table.dialect(database).quote("kvstore").replace("%%", "%")

    def run(backend):
        backend.clear("")
        backend.set(KEY, RECORD, None)
        answer = OPERATIONS[name](backend)
        with database.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
            return answer, [tuple(map(plain, row)) for row in cursor.fetchall()]

    indirect = DBBackend("kept", backend.url, {"using": database.alias, "direct": False})
    assert run(backend) == run(indirect)


def plain(column):
    return bytes(column) if isinstance(column, memoryview) else column


# What Django has to do with a statement, one thing at a time.


@contextmanager
def counted(database):
    """Have a wrapper called for each statement."""
    seen: list[str] = []

    def wrapper(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with database.execute_wrapper(wrapper):
        yield seen


@contextmanager
def logged(database):
    """Have Django note each statement, as the tests of an application do."""
    with CaptureQueriesContext(database) as queries:
        yield queries


@contextmanager
def debugged(database):
    """Have Django note each statement, as it does where DEBUG is set."""
    database.queries_log.clear()
    with override_settings(DEBUG=True):
        yield database.queries_log


def patched(place, name):
    """Have a function put around one of Django's, as who measures or forbids does."""

    @contextmanager
    def patch(database):
        seen: list[str] = []
        owner = {"connection": database, "kind": type(database)}.get(place, place)
        original = getattr(owner, name)

        @functools.wraps(original)
        def around(*args, **kwargs):
            seen.append(name)
            return original(*args, **kwargs)

        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(owner, name, around)
            yield seen

    return patch


@contextmanager
def other_cursors(database):
    """Have Django make cursors of another class."""
    seen: list[str] = []

    class Traced(utils.CursorWrapper):
        def execute(self, sql, params=None):
            seen.append(sql)
            return super().execute(sql, params)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(utils, "CursorWrapper", Traced)
        yield seen


METHODS = ("cursor", "create_cursor", "make_cursor", "ensure_connection")
CONDITIONS = {
    "execute_wrapper": counted,
    "force_debug_cursor": logged,
    "DEBUG": debugged,
    "another class of cursors": other_cursors,
    "CursorWrapper.execute": patched(utils.CursorWrapper, "execute"),
    **{f"connection.{name}": patched("connection", name) for name in METHODS},
    **{f"DatabaseWrapper.{name}": patched("kind", name) for name in METHODS},
    "BaseDatabaseWrapper.cursor": patched(BaseDatabaseWrapper, "cursor"),
    "BaseDatabaseWrapper.ensure_connection": patched(BaseDatabaseWrapper, "ensure_connection"),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_whoever_looks_at_statements_sees_each_of_them(backend, database, made, condition):
    anew = DBBackend("anew", backend.url, backend.options)
    for _ in range(2):
        with CONDITIONS[condition](database) as seen:
            for name in ("get", "set", "get_many", "delete"):
                for one in (backend, anew):
                    before = len(seen)
                    OPERATIONS[name](one)
                    assert len(seen) > before, name
        backend.set(KEY, RECORD, None)
        made.clear()
        assert backend.get(KEY) == anew.get(KEY) == RECORD
        assert made == [], "and the way is free again"


def test_the_log_has_the_statements_as_django_writes_them(backend, database):
    with CaptureQueriesContext(database) as queries:
        backend.get(KEY)
        backend.set(KEY, b"other", None)
    first, second = (query["sql"] for query in queries)
    assert first.startswith("SELECT")
    assert second.startswith("INSERT")
    assert "kvstore" in first
    assert "%s" not in first


def test_it_can_be_switched_off(database, open_backend, made):
    backend = open_backend(database.alias, direct="no")
    made.clear()
    for number, operation in enumerate(OPERATIONS.values(), start=1):
        operation(backend)
        assert len(made) >= number


def test_an_engine_derived_of_djangos_is_let_alone(
    other_database, open_backend, made, monkeypatch, tmp_path
):
    class DatabaseWrapper(sqlite.DatabaseWrapper):
        pass

    module = ModuleType("derived_engine.base")
    module.DatabaseWrapper = DatabaseWrapper
    monkeypatch.setitem(sys.modules, "derived_engine", ModuleType("derived_engine"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    entry = {"ENGINE": "derived_engine", "NAME": str(tmp_path / "derived.sqlite3")}
    other_database("db_derived", entry)
    assert_django_sends_everything(open_backend("db_derived"), made)


def test_a_connection_of_another_class_is_let_alone(other_database, open_backend, made, tmp_path):
    class Traced(sqlite3.Connection):
        pass

    entry = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "traced.sqlite3")}
    other_database("db_traced", {**entry, "OPTIONS": {"factory": Traced}})
    assert_django_sends_everything(open_backend("db_traced"), made)


def assert_django_sends_everything(backend, made):
    made.clear()
    backend.set(KEY, RECORD, None)
    assert backend.get(KEY) == RECORD
    assert len(made) == 2


def test_before_the_project_is_set_up_django_may_warn(backend, database, monkeypatch):
    assert way_of(database) is not None
    monkeypatch.setattr(apps, "ready", False)
    assert way_of(database) is None
