"""The rows of tables of django-kvstore 1.0 are fetched a few at a time, however many there are."""

from __future__ import annotations

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from django_kvstore.transfer.legacy_tables import rows

ROWS = [(f"key{number:04}", "text") for number in range(1200)]


def fill(database: BaseDatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.execute("CREATE TABLE old (kee varchar(200), value text)")
        cursor.executemany("INSERT INTO old VALUES (%s, %s)", ROWS)


def test_every_row_is_returned_while_others_are_written(database: BaseDatabaseWrapper) -> None:
    fill(database)
    found = []
    for row in rows(database.alias, "old", "kee", "value"):
        found.append(row)
        if len(found) % 100 == 0:
            with database.cursor() as cursor:
                cursor.execute("SELECT 1")
    assert sorted(found) == ROWS


@pytest.mark.parametrize(("disabled", "cursors"), [(False, 1), (True, 0)])
def test_the_rows_stay_in_the_server(
    postgres: BaseDatabaseWrapper, disabled: bool, cursors: int
) -> None:
    fill(postgres)
    postgres.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = disabled
    found = rows(postgres.alias, "old", "kee", "value")
    next(found)
    with postgres.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE NOT statement LIKE '%%pg_cursors%%'")
        assert cursor.fetchone() == (cursors,)
    assert len(list(found)) == len(ROWS) - 1
