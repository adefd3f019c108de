"""What is asked of SimpleDB: one request where one will do, consistently, in allowed sizes.

Each test has the module's own server, whose counts and knobs are its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import Conflict
from django_kvstore.options import StoreOptions
from django_kvstore.store import Store
from django_kvstore_sdb import SimpleDBBackend
from servers.simpledb import SimpleDB
from servers.simpledb.client import connect, put

CALLS: dict[str, tuple[Callable[[SimpleDBBackend], Any], Any, dict[str, int]]] = {
    "get": (lambda b: b.get("a:1"), b"old", {"GetAttributes": 1}),
    "get a miss": (lambda b: b.get("a:none"), None, {"GetAttributes": 1}),
    "set": (lambda b: b.set("a:1", b"x", None), None, {"PutAttributes": 1}),
    "set anew": (lambda b: b.set("a:none", b"x", None), None, {"PutAttributes": 1}),
    "set largest": (
        lambda b: b.set("a:none", b"x" * (b.cell_bytes or 0), None),
        None,
        {"PutAttributes": 1},
    ),
    "add": (lambda b: b.add("a:none", b"x", None), True, {"PutAttributes": 1}),
    "add refused": (lambda b: b.add("a:1", b"x", None), False, {"PutAttributes": 1}),
    "delete": (lambda b: b.delete("a:1"), True, {"DeleteAttributes": 1}),
    "delete nothing": (lambda b: b.delete("a:none"), False, {"DeleteAttributes": 1}),
    "update": (
        lambda b: b.update("a:1", lambda old: Write((old or b"") + b"x")),
        None,
        {"GetAttributes": 1, "PutAttributes": 1},
    ),
    "take": (
        lambda b: b.update("a:1", lambda old: Write(None)),
        None,
        {"GetAttributes": 1, "DeleteAttributes": 1},
    ),
    "compare_and_set": (
        lambda b: b.compare_and_set("a:1", b"old", b"x", None),
        True,
        {"GetAttributes": 1, "PutAttributes": 1},
    ),
    "compare_and_set refused": (
        lambda b: b.compare_and_set("a:1", b"other", b"x", None),
        False,
        {"GetAttributes": 1},
    ),
    "get_many": (
        lambda b: len(b.get_many([f"a:{n}" for n in range(60)])),
        50,
        {"Select": 3},
    ),
    "set_many": (
        lambda b: b.set_many({f"a:{n}": b"x" for n in range(60)}, None),
        None,
        {"BatchPutAttributes": 3},
    ),
    "delete_many": (
        lambda b: b.delete_many([f"a:{n}" for n in range(60)]),
        50,
        {"Select": 3, "BatchDeleteAttributes": 2},
    ),
    "scan": (lambda b: len(b.scan("a:", None, 30).cells), 30, {"Select": 1}),
    "scan_keys": (lambda b: len(b.scan_keys("a:", None, 30).keys), 30, {"Select": 1}),
    "count": (lambda b: b.count("a:"), 50, {"Select": 1}),
    "clear": (lambda b: b.clear("a:"), 50, {"Select": 1, "BatchDeleteAttributes": 2}),
    "purge of nothing": (lambda b: b.purge("a:", time.time()), 0, {"Select": 1}),
    "ping": (lambda b: b.ping(), None, {"GetAttributes": 1}),
    "provision again": (lambda b: b.provision(), False, {"DomainMetadata": 1}),
}


@pytest.mark.parametrize("name", CALLS)
def test_no_more_requests_than_that(own: SimpleDBBackend, own_server: SimpleDB, name: str) -> None:
    call, answer, requests = CALLS[name]
    own.set_many({f"a:{number}": b"old" for number in range(50)}, None)
    own_server.forget_counts()
    assert call(own) == answer
    assert own_server.requests() == requests
    assert own_server.inconsistent() == {}


@pytest.mark.parametrize(
    ("call", "requests"),
    [
        (lambda store: store.get("b"), {"GetAttributes": 1}),
        (lambda store: store.get("none"), {"GetAttributes": 1}),
        (lambda store: store.set("b", 2), {"PutAttributes": 1}),
        (lambda store: store.add("new", 2), {"PutAttributes": 1}),
        # It must know whether the entry had expired, and its parts.
        (lambda store: store.delete("b"), {"GetAttributes": 1, "DeleteAttributes": 1}),
        (lambda store: store.delete("none"), {"GetAttributes": 1}),
        (lambda store: store.incr("b"), {"GetAttributes": 1, "PutAttributes": 1}),
    ],
)
def test_a_call_of_the_stores_takes_so_many_requests(
    own: SimpleDBBackend,
    own_server: SimpleDB,
    call: Callable[[Store], object],
    requests: dict[str, int],
) -> None:
    store = Store(own, StoreOptions())
    store.set("b", 1)
    own_server.forget_counts()
    call(store)
    assert own_server.requests() == requests


def test_a_domain_is_only_created_when_asked(own_server: SimpleDB, opened: Any) -> None:
    own_server.reset()
    backend = opened(own_server, "another.domain")
    assert backend.provision() is True
    assert backend.provision() is False
    assert own_server.requests() == {"DomainMetadata": 2, "CreateDomain": 1}


# What a plain set and a condition do to each other.


def test_a_set_breaks_the_condition_of_others(own: SimpleDBBackend) -> None:
    own.set("a:1", b"old", None)
    seen: list[bytes | None] = []

    def change(old: bytes | None) -> Write:
        seen.append(old)
        if len(seen) == 1:
            own.set("a:1", b"new", None)
        return Write((old or b"") + b"!")

    own.update("a:1", change)
    assert seen == [b"old", b"new"]
    assert own.get("a:1") == b"new!"


@pytest.mark.parametrize("meddle", ["set", "set_many", "delete", "add again"])
def test_the_same_bytes_written_again_break_a_condition_too(
    own: SimpleDBBackend, meddle: str
) -> None:
    own.set("a:1", b"old", None)
    turns = 0

    def change(old: bytes | None) -> Write:
        nonlocal turns
        turns += 1
        if turns == 1:
            if meddle == "set":
                own.set("a:1", b"old", None)
            elif meddle == "set_many":
                own.set_many({"a:1": b"old"}, None)
            else:
                own.delete("a:1")
                if meddle == "add again":
                    own.add("a:1", b"old", None)
        return Write(b"new")

    own.update("a:1", change)
    assert turns == 2
    assert own.get("a:1") == b"new"


def test_compare_and_set_goes_by_bytes(own: SimpleDBBackend, monkeypatch: Any) -> None:
    own.set("a:1", b"old", None)
    domain = own._domain()
    put, meddled = domain.put, []

    def late(*arguments: Any) -> bool:
        if not meddled:
            meddled.append(put("a:1", b"old", None))
        return put(*arguments)

    monkeypatch.setattr(domain, "put", late)
    assert own.compare_and_set("a:1", b"old", b"new", None) is True
    assert own.get("a:1") == b"new"


def test_nothing_is_left_of_a_longer_record(own: SimpleDBBackend, own_server: SimpleDB) -> None:
    for write in (
        lambda record: own.set("a:1", record, None),
        lambda record: own.set_many({"a:1": record}, None),
        lambda record: own.update("a:1", lambda old: Write(record)),
    ):
        own.set("a:1", b"x" * 100_000, 2e9)
        write(b"short")
        assert own.get("a:1") == b"short"
        client = connect(own_server)
        answer = client.get_attributes(
            DomainName="shared.domain", ItemName="a:1", ConsistentRead=True
        )
        assert sorted(pair["Name"] for pair in answer["Attributes"]) == ["d", "f", "v", "x"]


def test_endless_contention_is_told(own: SimpleDBBackend, monkeypatch: Any) -> None:
    own.set("a:1", b"0", None)
    monkeypatch.setattr(own, "contention_timeout", 0.05)

    def change(old: bytes | None) -> Write:
        own.set("a:1", b"other", None)
        return Write(b"mine")

    with pytest.raises(Conflict):
        own.update("a:1", change)
    assert own.get("a:1") == b"other"

    put = own._domain().put

    def late(*arguments: Any) -> bool:
        put("a:1", b"other", None)
        return put(*arguments)

    monkeypatch.setattr(own._domain(), "put", late)
    with pytest.raises(Conflict):
        own.compare_and_set("a:1", b"other", b"mine", None)
    assert own.get("a:1") == b"other"


def test_a_cell_named_twice_is_one(own: SimpleDBBackend) -> None:
    names = [f"a:{number}" for number in range(30)]
    own.set_many(dict.fromkeys(names, b"x"), None)
    assert own.get_many(names * 2) == dict.fromkeys(names, b"x")
    assert own.delete_many(names * 2) == 30


# Pages.


def fill(backend: SimpleDBBackend, number: int = 24) -> list[str]:
    names = [f"a:{at:04}" for at in range(number - 6)]
    # Names that are cut, of one beginning and of several.
    names += ["a:" + "b" * 1021 + end for end in "12"]
    names += ["a:" + "é" * 500 + end for end in "12"]
    names += ["a:" + "\0" * 400 + end for end in "12"]
    backend.set_many({name: name.encode() for name in names}, None)
    backend.set_many({"b:1": b"other", "a": b"other", "a;1": b"other"}, None)
    return sorted(names)


def walk(backend: SimpleDBBackend, prefix: str, limit: int) -> tuple[list[str], list[str]]:
    keys, cells = [], []
    cursor = None
    while True:
        page, cursor = backend.scan_keys(prefix, cursor, limit)
        assert len(page) <= limit
        keys += page
        if cursor is None:
            break
    while True:
        found, cursor = backend.scan(prefix, cursor, limit)
        assert len(found) <= limit
        cells += [name for name, record in found if record == name.encode()]
        if cursor is None:
            return keys, cells


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"page_items": 3},
        {"scan_items": 4},
        {"empty_pages": 3},
        {"empty_pages": 1, "page_items": 7, "scan_items": 11},
        {"select_seconds": -1.0},
    ],
)
@pytest.mark.parametrize("limit", [1, 10, 1000])
def test_pages_of_any_shape_are_followed_to_the_end(
    own: SimpleDBBackend, own_server: SimpleDB, knobs: dict[str, float], limit: int
) -> None:
    names = fill(own)
    own_server.set(**knobs)
    keys, cells = walk(own, "a:", limit)
    assert sorted(keys) == names
    assert sorted(cells) == names
    assert own.count("a:") == len(names)
    assert own.get_many([*names, "a:none"]) == {name: name.encode() for name in names}
    for prefix in ("a:00", "a:" + "b" * 1000, "a:" + "b" * 1021 + "2", "a:" + "é" * 400, "c"):
        right = [name for name in names if name.startswith(prefix)]
        keys, cells = walk(own, prefix, limit)
        assert sorted(keys) == sorted(cells) == right
        assert own.count(prefix) == len(right)
    assert own.clear("a:" + "b" * 1021 + "2") == 1
    assert own.clear("a:") == len(names) - 1
    assert sorted(own.get_many([*names, "b:1", "a", "a;1"])) == ["a", "a;1", "b:1"]


def test_pages_of_large_values(own: SimpleDBBackend) -> None:
    # In plain Base64 255 is "/", which takes three bytes of a batch's form.
    large = {f"a:{number}": bytes([255 - number]) * (own.cell_bytes or 0) for number in range(9)}
    own.set_many(large, None)
    page, cursor = own.scan("a:", None, 100)
    assert 0 < len(page) < 9
    assert cursor is not None
    rest = own.scan("a:", cursor, 100)
    assert dict(page) | dict(rest.cells) | dict(own.scan("a:", rest.cursor, 9).cells) == large
    assert own.get_many(list(large)) == large


def test_a_cursor_holds_in_another_process_and_over_changes(
    own: SimpleDBBackend, own_server: SimpleDB, opened: Any
) -> None:
    names = fill(own)
    page, cursor = own.scan_keys("a:", None, 9)
    own.delete(page[-1])
    own.set("a:0000+", b"x", None)
    other = opened(own_server)
    rest, cursor = other.scan_keys("a:", cursor, 1000)
    assert sorted([*page, *rest]) == names
    assert cursor is None


@pytest.mark.parametrize("cursor", ["", "'", "''", "a:1' or itemName() > 'a", "`", "0", "~"])
def test_a_foreign_cursor_widens_no_walk(own: SimpleDBBackend, cursor: str) -> None:
    names = fill(own)
    found = own.scan_keys("a:00", cursor, 1000).keys
    assert found == [name for name in names if name.startswith("a:00") and name > cursor]
    assert [name for name, _ in own.scan("a:00", cursor, 1000).cells] == found


def test_expired_cells_are_not_listed_nor_counted_and_are_purged(own: SimpleDBBackend) -> None:
    now = time.time()
    own.set_many({f"a:{number}": b"gone" for number in range(30)}, now - 1)
    own.set_many({f"a:x{number}": b"here" for number in range(5)}, now + 1000)
    own.set("a:y", b"for ever", None)
    assert own.count("a:") == 6
    assert len(own.scan_keys("a:", None, 100).keys) == 6
    assert len(own.scan("a:", None, 100).cells) == 36
    assert own.purge("b", now) == 0
    assert own.purge("a:", now) == 30
    assert len(own.scan("a:", None, 100).cells) == 6
    assert own.purge("a:", now + 2000) == 5
    assert own.get("a:y") == b"for ever"


def test_a_purge_leaves_what_was_written_meanwhile(own: SimpleDBBackend, monkeypatch: Any) -> None:
    own.set_many({"a:1": b"gone", "a:2": b"gone"}, 1.0)
    domain = own._domain()
    delete = domain.delete

    def late(*arguments: Any) -> bool:
        own.set("a:1", b"new", None)
        return delete(*arguments)

    monkeypatch.setattr(domain, "delete", late)
    assert own.purge("a:", time.time()) == 1
    assert own.get("a:1") == b"new"
    assert own.get("a:2") is None


def test_what_is_not_ours_is_left_alone(own: SimpleDBBackend, own_server: SimpleDB) -> None:
    own.set("a:1", b"ours", None)
    client = connect(own_server)
    for name in ("a:=zz", "a: b", "a:=41", "a:é"):
        put(client, name, domain="shared.domain", title="Mort")
    assert own.scan_keys("a:", None, 10).keys == ["a:1"]
    assert own.scan("a:", None, 10).cells == [("a:1", b"ours")]
    assert own.count("a:") == 1
    assert own.clear("a:") == 1
    answer = client.select(SelectExpression="select * from `shared.domain`", ConsistentRead=True)
    assert len(answer["Items"]) == 4


# Races.


def race(number: int, work: Callable[[int], Any]) -> list[Any]:
    answers: list[Any] = [None] * number
    barrier = threading.Barrier(number)

    def one(at: int) -> None:
        barrier.wait()
        answers[at] = work(at)

    threads = [threading.Thread(target=one, args=(at,)) for at in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_32_adds_one_wins(own: SimpleDBBackend, own_server: SimpleDB) -> None:
    own_server.set(dwell=0.001)
    for turn in range(5):
        won = race(32, lambda at, turn=turn: own.add(f"a:{turn}", b"%d" % at, None))
        assert won.count(True) == 1
        assert own.get(f"a:{turn}") == b"%d" % won.index(True)


def test_no_increment_is_lost(own: SimpleDBBackend, own_server: SimpleDB) -> None:
    own_server.set(dwell=0.001)

    def count(at: int) -> None:
        for _ in range(20):
            own.update("a:1", lambda old: Write(b"%d" % (int(old or b"0") + 1)))

    race(8, count)
    assert own.get("a:1") == b"160"


def test_of_many_deletes_one_is_told(own: SimpleDBBackend) -> None:
    for _ in range(5):
        own.set("a:1", b"x", None)
        assert race(16, lambda at: own.delete("a:1")).count(True) == 1
