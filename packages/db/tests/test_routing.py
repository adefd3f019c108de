"""Which database a store lies in: ``using``, else the routers, else the default one."""

from __future__ import annotations

import re

import pytest
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from django_kvstore.backend import Write
from django_kvstore.errors import Unavailable


class Split:
    """Reads from one database, writes to another, and notes what it was asked about."""

    asked: list[tuple[str, str, str]] = []

    def db_for_read(self, model, **hints):
        self.asked.append(("read", model._meta.app_label, model._meta.db_table))
        return "db_replica"

    def db_for_write(self, model, **hints):
        self.asked.append(("write", model._meta.app_label, model._meta.db_table))
        return "db_primary"

    def allow_migrate(self, db, app_label, model_name=None, model=None, **hints):
        self.asked.append(("migrate", app_label, model_name))
        return db == "db_primary"


class Undecided:
    """Has an opinion on nothing."""

    def db_for_read(self, model, **hints):
        return None


@pytest.fixture
def two(other_database, tmp_path):
    """Two databases, the aliases of which a router may name."""
    for alias in ("db_primary", "db_replica"):
        entry = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / alias)}
        other_database(alias, entry)
    Split.asked = []


@pytest.mark.usefixtures("two")
def test_routers_part_reading_from_writing(open_backend):
    with override_settings(DATABASE_ROUTERS=[Undecided(), Split()]):
        backend = open_backend(None, "Routed")
        replica = open_backend("db_replica", "Routed")
        assert replica.get("n:key") is None
        backend.set("n:key", b"primary", None)
        assert replica.get("n:key") is None
        replica.set("n:key", b"replica", None)
        for reader, record in ((backend, b"primary"), (backend.reader, b"replica")):
            assert reader.get("n:key") == record
            assert reader.get_many(["n:key"]) == {"n:key": record}
            assert reader.scan("n:", None, 9).cells == [("n:key", record)]
            assert reader.scan_keys("n:", None, 9).keys == ["n:key"]
            assert reader.count("n:") == 1
        assert not backend.add("n:key", b"other", None)
        assert backend.compare_and_set("n:key", b"primary", b"second", None)
        assert backend.clear("n:") == 1
        assert replica.count("n:") == 1
    assert set(Split.asked) == {
        ("read", "django_kvstore_db", "Routed"),
        ("write", "django_kvstore_db", "Routed"),
        ("migrate", "django_kvstore_db", "routed"),
    }


@pytest.mark.usefixtures("two")
def test_what_is_read_to_be_written_is_read_where_it_is_written(open_backend):
    with override_settings(DATABASE_ROUTERS=[Split()]):
        backend = open_backend(None)
        open_backend("db_replica").set("n:hits", b"70", None)
        backend.set("n:hits", b"1", None)
        backend.update("n:hits", lambda record: Write(b"%d" % (int(record) + 1)))
        assert backend.compare_and_set("n:hits", b"2", b"3", None)
        assert not backend.compare_and_set("n:hits", None, None, None)
        assert open_backend("db_primary").get("n:hits") == b"3"


@pytest.mark.usefixtures("two")
def test_using_comes_before_the_routers(open_backend):
    with override_settings(DATABASE_ROUTERS=[Split()]):
        backend = open_backend("db_replica")
        assert backend.reader is backend
        backend.set("n:key", b"record", None)
        assert backend.get("n:key") == b"record"
        assert backend.provisions_on_migrate("db_replica")
        assert not backend.provisions_on_migrate("db_primary")
    assert Split.asked == []


@pytest.mark.usefixtures("two")
def test_the_table_is_made_where_it_is_written_if_the_routers_let_it(open_backend):
    with override_settings(DATABASE_ROUTERS=[Split()]):
        backend = open_backend(None, provision=False)
        assert backend.provisions_on_migrate("db_primary")
        assert not backend.provisions_on_migrate("db_replica")
        assert not backend.provisions_on_migrate("default")
        assert backend.provision()
        assert connections["db_primary"].introspection.table_names() == ["kvstore"]
        assert connections["db_replica"].introspection.table_names() == []


class Forbidding(Split):
    """Writes go to a database that it keeps the table out of."""

    def allow_migrate(self, db, app_label, **hints):
        return False


@pytest.mark.usefixtures("two")
def test_a_router_that_keeps_the_table_out_is_named(open_backend):
    with override_settings(DATABASE_ROUTERS=[Undecided(), Forbidding()]):
        backend = open_backend(None, provision=False)
        assert not backend.provisions_on_migrate("db_primary"), "migrate goes on"
        for call in (
            backend.provision,
            lambda: backend.set("n:key", b"record", None),
            lambda: call_command("kvstore", "provision", "kept"),
        ):
            with (
                override_settings(KEY_VALUE_STORES={"kept": "db://kvstore"}),
                pytest.raises((ImproperlyConfigured, Unavailable, CommandError)) as caught,
            ):
                call()
            assert "'kvstore' is missing in the database 'db_primary'" in str(caught.value)
            assert "The database router Forbidding keeps it out" in str(caught.value)
            assert "manage.py" not in str(caught.value)
        MigrationRecorder(connections["db_primary"]).ensure_schema()
        (message,) = backend.check(databases=["db_primary"])
        assert message.id == "django_kvstore.db.W001"
        assert "The database router Forbidding keeps it out" in message.hint
        assert "kvstore" not in connections["db_primary"].introspection.table_names()
    with override_settings(DATABASE_ROUTERS=[Split()]):
        assert backend.provision()
    with override_settings(DATABASE_ROUTERS=[Forbidding()]):
        assert not backend.provision(), "a table that exists may be anybody's work"


def test_without_routers_it_is_the_default_database(open_backend):
    backend = open_backend(None, "unrouted", provision=False)
    assert backend.reader is backend
    assert backend.provisions_on_migrate("default")
    assert backend.table.for_read() is backend.table.for_write() is connections["default"]


def test_a_database_that_is_not_there_is_named(open_backend):
    backend = open_backend("nowhere", provision=False)
    said = r"'using' names the database 'nowhere', .* settings\.DATABASES has: 'default'"
    with pytest.raises(ImproperlyConfigured, match=said):
        backend.get("n:key")
    (message,) = backend.check()
    assert message.id == "django_kvstore.db.E002"
    assert re.search(said, message.msg)


@override_settings(KEY_VALUE_STORES={"kept": "db://kvstore?using=nowhere"})
def test_a_database_that_is_not_there_fails_the_checks_and_no_more(monkeypatch):
    # Not the checks of applications that another test had installed.
    ours = {check for check in registry.registered_checks if "kvstore" in check.__module__}
    assert ours
    monkeypatch.setattr(registry, "registered_checks", ours)
    for arguments in ([], ["--database", "default"]):
        with pytest.raises(SystemCheckError, match=r"settings\.DATABASES has: 'default'"):
            call_command("check", *arguments)
    with pytest.raises(SystemCheckError, match=r"settings\.DATABASES has: 'default'"):
        call_command("migrate", skip_checks=False)


def test_a_database_that_a_router_makes_up_is_named(open_backend):
    class Lost:
        def db_for_read(self, model, **hints):
            return "nowhere"

        db_for_write = db_for_read

    with override_settings(DATABASE_ROUTERS=[Lost()]):
        backend = open_backend(None, provision=False)
        with pytest.raises(ImproperlyConfigured, match="a router chose the database 'nowhere'"):
            backend.get("n:key")


def test_a_database_of_another_kind_is_named(open_backend, other_database):
    other_database("db_dummy", {"ENGINE": "django.db.backends.dummy", "NAME": "x"})
    backend = open_backend("db_dummy", provision=False)
    with pytest.raises(ImproperlyConfigured, match="SQLite, PostgreSQL, MariaDB and MySQL"):
        backend.get("n:key")
    (message,) = backend.check()
    assert message.id == "django_kvstore.db.E003"


def test_the_place_is_the_same_by_every_alias_of_a_database(database, open_backend, other_database):
    settings = dict(database.settings_dict)
    same = other_database("db_same", settings)
    other = other_database("db_elsewhere", {**settings, "NAME": f"{settings['NAME']}_2"})
    aliases = (database.alias, same.alias, other.alias)
    one, two, three = (open_backend(alias, provision=False).place for alias in aliases)
    assert one == two
    assert one != three
    assert one != open_backend(database.alias, "another", provision=False).place
    capitals = open_backend(database.alias, "KVstore", provision=False).place
    assert (one == capitals) == (database.vendor == "sqlite")


def test_databases_in_memory_are_places_of_their_own(open_backend, other_database):
    memory = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    places = set()
    for alias in ("db_memory", "db_memory_2"):
        other_database(alias, memory)
        places.add(open_backend(alias, provision=False).place)
    assert len(places) == 2
