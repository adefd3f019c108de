"""What the backend writes to Datastore, reads from it, and how many requests it takes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.cloud import datastore

from django_kvstore.backend import Write
from django_kvstore.errors import Conflict
from django_kvstore.options import StoreOptions
from django_kvstore.store import Store
from django_kvstore_gae.connection import Connection


@pytest.fixture
def requests(monkeypatch):
    """The requests that were made since, as pairs of method and message."""
    made = []
    call = Connection.call

    def noted(self, method, request, **kwargs):
        made.append((method, type(request)(request)))  # a copy, as it was sent
        return call(self, method, request, **kwargs)

    monkeypatch.setattr(Connection, "call", noted)
    return made


@pytest.fixture
def google(emulator, url):
    """Google's own high-level client, on the namespace of the backend."""
    client = datastore.Client(project="kvstore-tests", namespace=url.rpartition("/")[2])
    yield client
    client.close()


def outcome(steps):
    """Return what a generator yields, and what it returns."""
    yielded = []
    while True:
        try:
            yielded.append(next(steps))
        except StopIteration as end:
            return yielded, end.value


def walk(backend, prefix, limit):
    cursor = None
    while True:
        page = backend.scan(prefix, cursor, limit)
        yield from page.cells
        cursor = page.cursor
        if cursor is None:
            return


# The entity.


def test_an_entity_is_what_the_documentation_says(backend, google):
    expires = 1_900_000_000.123456
    backend.set("shop:greeting", b"\x00\xff", expires)
    entity = google.get(google.key("KVStore", "shop:greeting"))
    assert dict(entity) == {"record": b"\x00\xff", "expires": entity["expires"]}
    assert entity["expires"].timestamp() == pytest.approx(expires, abs=1e-6)
    assert entity.exclude_from_indexes == {"record", "expires"}


def test_an_overwritten_entity_has_nothing_left_of_the_old_one(backend, google):
    backend.set("a:b", b"old", time.time() + 60)
    backend.set("a:b", b"new", None)
    assert dict(google.get(google.key("KVStore", "a:b"))) == {"record": b"new"}


@pytest.mark.parametrize("expires", [-1e9, 0.0, 253_402_300_799.9, 253_402_300_800.0, 1e300])
def test_an_expiry_that_no_timestamp_holds_does_no_harm(backend, expires):
    backend.set("a:b", b"record", expires)
    assert backend.get("a:b") == b"record"
    assert backend.count("a:") == (1 if expires > time.time() else 0)


def test_kinds_and_namespaces_are_apart(opened, emulator, url):
    stores = [opened(f"{url}{rest}") for rest in ("", "-2", "?kind=Other", "-2?kind=Other")]
    for number, store in enumerate(stores):
        store.set("a:b", b"%d" % number, None)
    assert [store.get("a:b") for store in stores] == [b"0", b"1", b"2", b"3"]
    assert stores[0].clear("") == 1
    assert [store.count("") for store in stores] == [0, 1, 1, 1]


def test_databases_are_apart(opened, emulator, url):
    # The emulator mixes them up in queries, if namespace and kind are the same.
    stores = [opened(f"{url}?database={name}") for name in ("", "one", "other")]
    for store in stores:
        assert store.add("a:b", store.options["database"].encode(), None) is True
    assert [store.get("a:b") for store in stores] == [b"", b"one", b"other"]
    assert stores[1].delete("a:b") is True
    assert [store.get("a:b") for store in stores] == [b"", None, b"other"]


def test_the_default_database_may_be_named(opened, emulator, url):
    opened(url).set("a:b", b"1", None)
    assert opened(f"{url}?database=(default)").get("a:b") == b"1"


def test_the_default_namespace_will_do(opened, emulator):
    store = opened("gae://kvstore-tests?kind=InNoNamespace")
    store.set("a:b", b"1", None)
    assert store.clear("a:") == 1


@pytest.mark.parametrize("kind", ["k" * 1500, "Ünï code/with: all\nsorts"])
def test_the_longest_names_leave_room_for_the_longest_record(opened, emulator, url, kind):
    store = opened(url + "n" * (100 - len(url.rpartition("/")[2])), kind=kind)
    record = b"\xa5" * store.cell_bytes
    name = "_:" + "\U0001f600" * ((store.max_key_bytes - 2) // 4) + "x" * 3
    assert len(name.encode()) == store.max_key_bytes
    store.set(name, record, time.time() + 60)
    assert store.get(name) == record
    assert store.delete(name) is True


# How many requests.


@pytest.mark.parametrize(
    ("call", "methods"),
    [
        (lambda backend: backend.get("a:b"), ["lookup"]),
        (lambda backend: backend.set("a:b", b"2", None), ["commit"]),
        (lambda backend: backend.add("a:new", b"2", None), ["commit"]),
        (lambda backend: backend.add("a:b", b"2", None), ["commit"]),
        (lambda backend: backend.delete("a:none"), ["lookup"]),
        (lambda backend: backend.delete("a:b"), ["lookup", "commit"]),
        (lambda backend: backend.take("a:none"), ["lookup"]),
        (lambda backend: backend.take("a:b"), ["lookup", "commit"]),
        (lambda backend: backend.compare_and_set("a:b", b"1", b"2", None), ["lookup", "commit"]),
        (lambda backend: backend.compare_and_set("a:b", b"x", b"2", None), ["lookup"]),
        (lambda backend: backend.update("a:b", lambda old: Write(b"2")), ["lookup", "commit"]),
        (lambda backend: backend.update("a:n", lambda old: Write(b"2")), ["lookup", "commit"]),
        (lambda backend: backend.update("a:b", lambda old: None), ["lookup"]),
        (lambda backend: backend.scan("a:", None, 10), ["run_query"]),
        (lambda backend: backend.scan_keys("a:", None, 10), ["run_query"]),
        (lambda backend: backend.clear("a:"), ["run_query", "commit"]),
        (lambda backend: backend.ping(), ["lookup"]),
    ],
)
def test_an_operation_takes_so_many_requests(backend, requests, call, methods):
    backend.set("a:b", b"1", None)
    requests.clear()
    call(backend)
    assert [method for method, _ in requests] == methods


@pytest.mark.parametrize(
    ("call", "methods"),
    [
        (lambda store: store.get("b"), ["lookup"]),
        (lambda store: store.get("none"), ["lookup"]),
        (lambda store: store.set("b", 2), ["commit"]),
        (lambda store: store.add("new", 2), ["commit"]),
        (lambda store: store.delete("b"), ["lookup", "commit"]),
        (lambda store: store.delete("none"), ["lookup"]),
        (lambda store: store.incr("b"), ["lookup", "commit"]),
    ],
)
def test_a_call_of_the_stores_takes_so_many_requests(backend, requests, call, methods):
    store = Store(backend, StoreOptions())
    store.set("b", 1)
    requests.clear()
    call(store)
    assert [method for method, _ in requests] == methods


def test_many_cells_go_in_requests_that_datastore_takes(backend, requests):
    cells = {f"n:{number:04}": b"%d" % number for number in range(1201)}
    backend.set_many(cells, None)
    assert [len(request.mutations) for _, request in requests] == [500, 500, 201]
    requests.clear()
    assert backend.get_many([*cells, *cells, "n:none"]) == cells
    assert [len(request.keys) for _, request in requests] == [1000, 202]
    requests.clear()
    assert backend.delete_many([*cells, *cells, "n:none"]) == 1201
    sizes = [len(getattr(r, "keys" if m == "lookup" else "mutations")) for m, r in requests]
    assert sizes == [1000, 202, 500, 500, 201]
    assert backend.get_many(list(cells)) == {}


def test_large_cells_go_in_requests_that_datastore_takes(backend, requests):
    cells = {f"n:{number}": bytes([number]) * backend.cell_bytes for number in range(8)}
    backend.set_many(cells, None)
    assert [len(request.mutations) for _, request in requests] == [3, 3, 2]
    assert backend.get_many(list(cells)) == cells
    assert dict(walk(backend, "n:", 5)) == cells


def test_nothing_is_asked_for_no_keys(backend, requests):
    assert backend.get_many([]) == {}
    assert backend.delete_many([]) == 0
    backend.set_many({}, None)
    assert requests == []


def test_what_needs_no_records_does_not_ask_for_them(backend, requests):
    backend.set_many({"a:1": b"1", "a:2": b"2"}, None)
    requests.clear()
    backend.count("a:")
    backend.delete("a:1")
    backend.clear("a:")
    reads = [request for method, request in requests if method != "commit"]
    assert len(reads) == 3
    assert all(list(request.property_mask.paths) == ["expires"] for request in reads)


# Versions.


def test_a_stale_version_changes_nothing(backend):
    session = backend._session()
    backend.set("a:b", b"1", None)
    seen = session.lookup(["a:b"])["a:b"]
    backend.set("a:b", b"2", None)
    assert session.replace("a:b", seen.version, b"3", None) is False
    assert session.replace("a:b", seen.version, None, None) is False
    assert outcome(session.delete([seen])) == ([], ["a:b"])
    assert backend.get("a:b") == b"2"


def test_a_cell_that_is_gone_is_not_written_for_its_old_version(backend):
    session = backend._session()
    backend.set("a:b", b"1", None)
    seen = session.lookup(["a:b"])["a:b"]
    backend.delete("a:b")
    assert session.replace("a:b", seen.version, b"3", None) is False
    assert outcome(session.delete([seen])) == ([], ["a:b"])
    assert backend.get("a:b") is None


def test_update_starts_anew_when_somebody_was_faster(backend):
    backend.set("a:b", b"1", None)
    read = []

    def change(record):
        read.append(record)
        if len(read) == 1:
            backend.set("a:b", b"5", None)
        return Write(record + b"!")

    backend.update("a:b", change)
    assert read == [b"1", b"5"]
    assert backend.get("a:b") == b"5!"


def test_update_of_an_absent_cell_starts_anew_when_somebody_added_it(backend):
    read = []

    def change(record):
        read.append(record)
        if record is None:
            backend.set("a:b", b"5", None)
        return Write(b"mine")

    backend.update("a:b", change)
    assert read == [None, b"5"]
    assert backend.get("a:b") == b"mine"


def test_update_gives_up_in_the_end_and_writes_nothing(backend):
    backend.contention_timeout = 0.2
    theirs = []

    def change(record):
        theirs.append(b"theirs %d" % len(theirs))
        backend.set("a:b", theirs[-1], None)
        return Write(b"mine")

    with pytest.raises(Conflict, match="others kept changing"):
        backend.update("a:b", change)
    assert backend.get("a:b") == theirs[-1]


def test_one_of_many_deletes_says_that_there_was_something(backend):
    for _ in range(5):
        backend.set("a:b", b"1", None)
        with ThreadPoolExecutor(16) as pool:
            told = list(pool.map(lambda _: backend.delete("a:b"), range(16)))
        assert told.count(True) == 1


def change_after_each_lookup(backend, monkeypatch, changes):
    """Write a cell, and after each look at it the last of the changes that are left."""
    session = backend._session()
    lookup = session.lookup

    def changed_after(cells, *, light=False):
        found = lookup(cells, light=light)
        if changes:
            backend.set("a:b", changes.pop(), None)
        return found

    backend.set("a:b", b"1", None)
    monkeypatch.setattr(session, "lookup", changed_after)


def test_one_of_many_takes_gets_the_record(backend):
    for turn in range(5):
        backend.set("a:b", b"%d" % turn, None)
        with ThreadPoolExecutor(16) as pool:
            got = list(pool.map(lambda _: backend.take("a:b"), range(16)))
        assert [record for record in got if record is not None] == [b"%d" % turn]


def test_take_returns_what_it_deleted_when_the_cell_is_changed_in_between(backend, monkeypatch):
    change_after_each_lookup(backend, monkeypatch, [b"3", b"2"])
    assert backend.take("a:b") == b"3"
    assert backend.get("a:b") is None


def test_delete_insists_when_the_cell_is_changed_in_between(backend, monkeypatch):
    changes = [b"2", b"3"]
    change_after_each_lookup(backend, monkeypatch, changes)
    assert backend.delete("a:b") is True
    assert changes == []
    assert backend.get("a:b") is None


def test_purge_leaves_what_was_written_anew_in_between(backend, monkeypatch):
    backend.set_many({"a:1": b"1", "a:2": b"2"}, time.time() - 1)
    backend.set("a:3", b"3", None)
    session = backend._session()
    query = session.query

    def changed_after(*args, **kwargs):
        page = query(*args, **kwargs)
        backend.set("a:2", b"new", None)
        return page

    monkeypatch.setattr(session, "query", changed_after)
    assert backend.purge("a:", time.time()) == 1
    assert backend.get_many(["a:1", "a:2", "a:3"]) == {"a:2": b"new", "a:3": b"3"}


def test_clear_deletes_and_counts_what_was_written_anew_in_between(backend, monkeypatch):
    backend.set_many({f"a:{number}": b"1" for number in range(5)}, None)
    session = backend._session()
    query = session.query

    def changed_after(*args, **kwargs):
        page = query(*args, **kwargs)
        backend.set("a:2", b"new", None)
        backend.delete("a:3")
        return page

    monkeypatch.setattr(session, "query", changed_after)
    assert backend.clear("a:") == 4
    assert backend.count("a:") == 0


# Walks.

AWKWARD = [
    *("a:", "a:\0", "a: ", "a: a", "a:a", "a:A", "a:\n", "a:\x7f", "a:\x80", "a:e\u0301", "a:\xe9"),
    *("a:\ud7ff", "a:\ue000", "a:\ufffe", "a:\uffff", "a:\uffffz", "a:\U00010000"),
    *("a:\U0001f600", "a:\U0010ffff", "a:\U0010ffff\U0010ffff", "a:/", "a:%", "a:'", 'a:"'),
    *("a:\\", "a:.", "a:..", "a:1", "a:__x__", "a;", "b:", "_:", "__:__", "__x:y__", "~:", "~_:"),
]


def test_awkward_names_are_cells_of_their_own(backend):
    cells = {name: name.encode() for name in AWKWARD}
    backend.set_many(cells, None)
    assert backend.get_many(AWKWARD) == cells
    assert sorted(walk(backend, "", 7)) == sorted(cells.items())


@pytest.mark.parametrize("prefix", [*AWKWARD, "a", "__", "~", "c"])
def test_a_prefix_finds_just_what_starts_with_it(backend, prefix):
    backend.set_many(dict.fromkeys(AWKWARD, b"1"), None)
    expected = sorted(name for name in AWKWARD if name.startswith(prefix))
    assert sorted(name for name, _ in walk(backend, prefix, 3)) == expected
    assert backend.count(prefix) == len(expected)
    assert backend.clear(prefix) == len(expected)
    assert sorted(name for name, _ in walk(backend, "", 9)) == sorted(set(AWKWARD) - set(expected))


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 731])
def test_a_walk_ends_and_shows_each_cell_once(backend, size):
    names = [f"a:{number:05}" for number in range(size)]
    backend.set_many(dict.fromkeys(names, b"1"), None)
    assert [name for name, _ in walk(backend, "a:", 10)] == names
    assert [name for name, _ in walk(backend, "a:", 1000)] == names


def test_a_walk_shows_what_nobody_touches_though_all_else_changes(backend):
    kept = [f"a:{number:03}:kept" for number in range(40)]
    gone = [f"a:{number:03}:gone" for number in range(40)]
    backend.set_many(dict.fromkeys(kept + gone, b"1"), None)
    seen, cursor, turn = [], None, 0
    while True:
        page = backend.scan("a:", cursor, 7)
        seen += [name for name, _ in page.cells]
        backend.delete_many(gone[turn : turn + 5])
        backend.set_many({f"a:{turn + number:03}:new": b"1" for number in range(3)}, None)
        turn += 5
        cursor = page.cursor
        if cursor is None:
            break
    assert [name for name in seen if name in kept] == kept
    assert len(seen) == len(set(seen))


def test_a_page_is_never_endless(backend):
    names = [f"a:{number:04}" for number in range(1100)]
    backend.set_many(dict.fromkeys(names, b"1"), None)
    page = backend.scan("a:", None, 2**40)
    assert len(page.cells) <= 1000
    assert [name for name, _ in walk(backend, "a:", 2**40)] == names


def test_the_cell_that_a_cursor_stands_on_may_be_deleted(backend, opened, url):
    names = [f"a:{number}" for number in range(9)]
    backend.set_many(dict.fromkeys(names, b"1"), None)
    page = backend.scan("a:", None, 4)
    backend.delete_many(names[:4])
    again = opened(url)  # as another process would
    assert [name for name, _ in again.scan("a:", page.cursor, 9).cells] == names[4:]


def test_expired_cells_are_scanned_and_not_listed(backend):
    backend.set_many({"a:1": b"1", "a:2": b"2"}, time.time() - 0.001)
    backend.set("a:3", b"3", time.time() + 60)
    assert len(backend.scan("a:", None, 10).cells) == 3
    assert backend.scan_keys("a:", None, 10).keys == ["a:3"]
    assert backend.count("a:") == 1
    assert backend.purge("b:", time.time()) == 0
    assert backend.purge("a:", time.time()) == 2
    assert backend.clear("a:") == 1
