"""`manage.py kvstore check` is not content with a database that answers and refuses to write."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_kvstore import kvstores

#: What makes a connection refuse every write.
READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET default_transaction_read_only = on",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
}

#: What the database itself says of a write then, in its own words.
WORDS = {
    "sqlite": "attempt to write a readonly database",
    "postgresql": "in a read-only transaction",
    "mysql": "in a READ ONLY transaction",
}


@pytest.fixture
def stores(database, open_backend):
    """The settings' store, in each kind of database in turn."""
    open_backend(database.alias)
    with override_settings(KEY_VALUE_STORES={"kept": f"db://kvstore?using={database.alias}"}):
        yield kvstores


def check() -> str:
    output = io.StringIO()
    try:
        call_command("kvstore", "check", stdout=output)
    except CommandError as error:
        return f"{output.getvalue()}{error}"
    return output.getvalue()


def test_a_healthy_store_is_left_as_it_was(stores, database):
    stores["kept"].set("key", "value")
    assert check().startswith("kept: OK")
    with database.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM kvstore")
        assert cursor.fetchone() == (1,)


def test_a_database_that_refuses_to_write_is_not_ok(stores, database):
    with database.cursor() as cursor:
        cursor.execute(READ_ONLY[database.vendor])
    said = check()
    assert said.endswith("Not OK: kept")
    assert "refused a statement" in said
    assert WORDS[database.vendor] in said


def test_a_role_that_may_only_read_is_not_ok(postgres, open_backend):
    open_backend(postgres.alias)
    with (
        override_settings(KEY_VALUE_STORES={"kept": f"db://kvstore?using={postgres.alias}"}),
        postgres.cursor() as cursor,
    ):
        role = f"reader_of_{postgres.settings_dict['NAME']}"
        cursor.execute(f"CREATE ROLE {role}")
        try:
            cursor.execute(f"GRANT SELECT ON kvstore TO {role}")
            cursor.execute(f"SET ROLE {role}")
            said = check()
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute(f"DROP OWNED BY {role}")
            cursor.execute(f"DROP ROLE {role}")
    assert said.endswith("Not OK: kept")
    assert "refused a statement (error 42501): permission denied for table kvstore" in said
