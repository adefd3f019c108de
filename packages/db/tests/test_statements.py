"""One statement for each simple operation, and an index under every one of them."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext

import pytest
from db_operations import KEY, RECORD
from django.db.backends.sqlite3 import base as sqlite
from django.test.utils import CaptureQueriesContext

from django_kvstore import Store
from django_kvstore.backend import Write
from django_kvstore.options import StoreOptions
from django_kvstore.records import HAS_EXPIRY, IS_SPLIT, LONGEST_HEAD, pack
from django_kvstore_db.sql import DIALECTS

NOW = time.time()
KEYS = [f"n:{number}" for number in range(100)]

OPERATIONS = {
    "get": (1, lambda backend: backend.get("n:here")),
    "get, missing": (1, lambda backend: backend.get("n:not")),
    "set, new": (1, lambda backend: backend.set("n:new", b"record", None)),
    "set, over": (1, lambda backend: backend.set("n:here", b"other", NOW + 9)),
    "delete": (1, lambda backend: backend.delete("n:here")),
    "take": (1, lambda backend: backend.take("n:here")),
    "take_many": (1, lambda backend: backend.take_many(["n:here"])),
    "add": (1, lambda backend: backend.add("n:new", b"record", None)),
    "add, there": (1, lambda backend: backend.add("n:here", b"record", None)),
    "swap": (1, lambda backend: backend.compare_and_set("n:here", b"record", b"other", None)),
    "swap for none": (1, lambda backend: backend.compare_and_set("n:here", b"record", None, None)),
    "swap from none": (1, lambda backend: backend.compare_and_set("n:new", None, b"record", None)),
    "update": (2, lambda backend: backend.update("n:here", lambda record: Write(b"other"))),
    "get_many": (1, lambda backend: backend.get_many(KEYS)),
    "set_many": (1, lambda backend: backend.set_many(dict.fromkeys(KEYS, b"record"), None)),
    "delete_many": (1, lambda backend: backend.delete_many(KEYS)),
    "scan": (1, lambda backend: backend.scan("n:", None, 10)),
    "scan_keys": (1, lambda backend: backend.scan_keys("n:", "n:5", 10)),
    "count": (1, lambda backend: backend.count("n:")),
    "clear, none expired": (2, lambda backend: backend.clear("n:")),
    "purge, none expired": (1, lambda backend: backend.purge("n:", NOW)),
    "provision, there": (1, lambda backend: backend.provision()),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_takes_as_many_statements_as_it_must(database, open_backend, name):
    backend = open_backend(database.alias)
    backend.set("n:here", b"record", None)
    # Asked of the server once, and kept.
    _ = database.features.ignores_table_name_case
    _ = database.features.can_return_columns_from_insert
    number, operation = OPERATIONS[name]
    with CaptureQueriesContext(database) as queries:
        operation(backend)
    assert len(queries) == number, [query["sql"][:100] for query in queries]


@pytest.mark.parametrize("expires", [None, NOW + 900], ids=["for ever", "a while"])
def test_an_expiry_that_stays_is_not_written_again(database, open_backend, expires):
    backend = open_backend(database.alias)
    backend.set("n:here", b"record", expires)
    for new, later, written in ((b"other", expires, False), (b"again", NOW + 1800, True)):
        with CaptureQueriesContext(database) as queries:
            backend.update("n:here", lambda old, new=new, later=later: Write(new, later))
        assert ("expires" in queries[-1]["sql"]) is written
        assert backend.get("n:here") == new
    with database.cursor() as cursor:
        cursor.execute("SELECT expires FROM kvstore")
        assert list(cursor.fetchall()) == [(NOW + 1800,)]


def test_a_statement_is_bounded_in_cells_and_in_bytes(database, open_backend):
    backend = open_backend(database.alias)
    cells = {f"n:{number}": bytes(12_000) for number in range(1100)}
    backend.set("n:0", bytes(2_000_000), None)  # MariaDB is asked once how much it takes
    with CaptureQueriesContext(database) as queries:
        backend.set_many(cells, None)
    assert len(queries) == 5  # 3 MiB hold 262 of them
    with CaptureQueriesContext(database) as queries:
        assert len(backend.get_many(list(cells))) == 1100
    assert len(queries) == 3
    with CaptureQueriesContext(database) as queries:
        assert backend.delete_many([*cells, *cells]) == 1100
    assert len(queries) == 3


@pytest.mark.parametrize("tells", [True, False])
def test_what_is_taken_is_gone_and_heads_are_told(database, open_backend, monkeypatch, tells):
    backend = open_backend(database.alias)
    if not tells and database.vendor == "postgresql":
        pytest.skip("it always tells")
    if not tells:  # as MySQL
        monkeypatch.setattr(type(database.features), "can_return_columns_from_insert", False)
    head = pack("n:head", b"names its parts", code=1, flags=IS_SPLIT | HAS_EXPIRY, expires=2.0**40)
    cells = {f"n:{number}": b"%d" % number * 100 for number in range(1001)} | {"n:short": b""}
    backend.set_many({"n:gone": b"gone", "m:gone": b"gone"}, NOW - 9)
    for direct in (True, False):
        backend.set_many(cells, None)
        backend.set_many({"n:head": head, "m:head": head}, NOW + 900)
        with nullcontext() if direct else CaptureQueriesContext(database):
            assert backend.take("n:gone") is None
            assert backend.take("n:not") is None
            assert backend.take("m:head") == head
            assert backend.take("m:head") is None
            assert cells["n:7"].startswith(backend.take("n:7"))
            assert backend.take("n:7") is None
            deleted, heads = backend.take_many([*cells, *cells, "m:gone", "n:not", "n:head"])
        assert deleted == len(cells)
        assert heads.pop("n:head") == head
        assert all(cells[name].startswith(record) for name, record in heads.items())
        assert backend.count("") == 0


@pytest.mark.parametrize("delete", ["delete", "delete_many"])
def test_a_large_value_is_deleted_with_its_parts_and_a_small_one_by_one_statement(
    database, open_backend, delete
):
    backend = open_backend(database.alias)
    store = Store(backend, StoreOptions())
    keys = {"delete": "key", "delete_many": ["key"]}
    # SQLite does not tell what it deletes: there a head is read first.
    for value, most in (("small", 1), (bytes(9 * 2**20), 4 if database.vendor == "sqlite" else 2)):
        store.set("key", value, ttl=900)
        with CaptureQueriesContext(database) as queries:
            assert getattr(store, delete)(keys[delete]) == 1
        assert len(queries) == most
        assert backend.count("") == 0
        assert getattr(store, delete)(keys[delete]) == 0


def test_the_head_of_a_large_value_is_a_short_record(file, open_backend):
    backend = open_backend(file.alias)
    store = Store(backend, StoreOptions())
    store.set("k" * 1000, bytes(9 * 2**20), ttl=900)
    assert len(backend.get(store.coder.cell("k" * 1000))) <= LONGEST_HEAD


def plan(connection, statement, params):
    """Return how the database would run the statement: the indexes used, and what it scans."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", params)
            return "; ".join(row[3] for row in cursor.fetchall())
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT JSON, COSTS OFF) {statement}", params)
            return json.dumps(cursor.fetchone()[0])
        cursor.execute(f"EXPLAIN {statement}", params)
        names = [column[0] for column in cursor.description]
        return json.dumps([dict(zip(names, row, strict=True)) for row in cursor.fetchall()])


@pytest.fixture
def filled(database, open_backend):
    """A backend whose table is large enough for an index to be worth it, with statistics."""
    backend = open_backend(database.alias)
    for start in range(0, 10_000, 500):
        backend.set_many({f"n:{n:05}": b"record" for n in range(start, start + 500)}, None)
    backend.set_many({f"m:{n:05}": b"record" for n in range(300)}, NOW + 900)
    backend.set_many({f"n:{n:05}": b"record" for n in range(20_000, 20_300)}, NOW - 900)
    table = backend.table.dialect(database).quote("kvstore")
    with database.cursor() as cursor:
        cursor.execute(f"ANALYZE {'TABLE ' if database.vendor == 'mysql' else ''}{table}")
    return backend


BY_KEY = {"sqlite": "sqlite_autoindex_kvstore_1", "postgresql": "kvstore_pkey", "mysql": "PRIMARY"}
BY_EXPIRY = {
    "sqlite": "INDEX kvstore_expires",
    "postgresql": "kvstore_expires",
    "mysql": '"key": "kvstore_expires"',
}
WALK = (b"n:05000", b"n;", NOW)


@pytest.mark.parametrize(
    ("statement", "params"),
    [
        ("first_page", (*WALK, 100)),
        ("next_page", (*WALK, 100)),
        ("first_keys", (*WALK, 100)),
        ("next_keys", (*WALK, 100)),
        ("get", (b"n:00001",)),
        ("delete", (b"n:00001", NOW)),
        ("take", (b"n:00001", NOW)),
        ("replace", (b"new", b"n:00001", b"record", NOW)),
        ("replace_live", (b"new", b"n:00001", b"record")),
        ("replace_value", (b"new", b"n:00001", b"record")),
    ],
)
def test_the_index_of_keys_serves_cells_and_walks(filled, database, statement, params):
    found = getattr(filled.table.dialect(database), statement)
    shown = plan(database, found[0] if isinstance(found, list) else found, params)
    assert BY_KEY[database.vendor] in shown
    assert "Sort" not in shown
    assert "TEMP B-TREE" not in shown
    assert "filesort" not in shown


def test_a_count_of_a_narrow_prefix_reads_no_more_than_that(filled, database):
    shown = plan(database, filled.table.dialect(database).count, (b"n:0500", b"n:0501", NOW))
    assert BY_KEY[database.vendor] in shown


def test_the_index_of_expiries_serves_the_purge(filled, database):
    sql = filled.table.dialect(database)
    assert BY_EXPIRY[database.vendor] in plan(database, sql.expired, (NOW, b"n:", b"n;", 500))
    assert BY_KEY[database.vendor] in plan(database, sql.purge(2), (b"n:20001", b"n:20002", NOW))


@pytest.mark.parametrize("kind", ["file", "mysql"])
@pytest.mark.parametrize("analyzed", [False, True])
def test_the_indexes_serve_although_another_looks_shorter(request, open_backend, kind, analyzed):
    # Few cells in the prefix, and most of the table expired: the planner, left alone, sorts.
    database = request.getfixturevalue(kind)
    backend = open_backend(database.alias)
    for start in range(0, 10_000, 500):
        backend.set_many({f"m:{n:05}": b"record" for n in range(start, start + 500)}, NOW - 900)
        backend.set_many({f"o:{n:05}": b"record" for n in range(start, start + 250)}, None)
    backend.set_many({f"n:{n:05}": b"record" for n in range(500)}, NOW - 900)
    sql = backend.table.dialect(database)
    if analyzed:
        with database.cursor() as cursor:
            what = "TABLE " if kind == "mysql" else ""
            cursor.execute(f"ANALYZE {what}{sql.quote('kvstore')}")
    walk = plan(database, sql.first_page, (b"n:", b"n;", NOW, 100))
    assert BY_KEY[database.vendor] in walk
    assert "filesort" not in walk
    assert BY_EXPIRY[database.vendor] in plan(database, sql.expired, (NOW, b"n:", b"n;", 500))


def test_a_purge_deletes_what_expired_in_its_prefix_alone(filled):
    filled.set_many({f"o:{n:05}": b"record" for n in range(7)}, NOW - 900)
    filled.set_many({f"n:{n:05}": b"record" for n in range(20_300, 21_100)}, NOW - 900)
    assert filled.purge("n:", NOW) == 1100
    assert filled.purge("n:", NOW) == 0
    assert filled.purge("", NOW) == 7
    assert filled.count("") == 10_300


NAMES = ["plain", "100%", "100%s", "a%%s", "%s", "%%", "what?", "?", "`", '"', "a%%%s", "%(x)s"]


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_is_rewritten_as_django_does_it(name):
    sql = DIALECTS["sqlite"](name)
    convert = sqlite.SQLiteCursorWrapper.convert_query
    several = (sql.set_many[1](3), sql.get_many(2), sql.delete_many(1))
    several = (*several, sql.purge(1), sql.take, sql.delete_whole, sql.delete_many_whole(2))
    for statement in (sql.get, sql.set[0], sql.set[1], sql.add[1], sql.next_page, *several):
        assert statement.driver == convert(None, statement.django)


@pytest.mark.parametrize("name", NAMES)
def test_tables_of_any_name_are_found_by_the_driver(file, open_backend, made, name):
    backend = open_backend(file.alias, name)
    made.clear()
    backend.set_many({KEY: RECORD, "n:other": RECORD}, None)
    assert backend.get(KEY) == RECORD
    assert made == []
    with CaptureQueriesContext(file):
        assert backend.get(KEY) == RECORD
