"""What is dead makes room, and nothing that lives, or might just have been written, goes with it.

``pytest packages/tyrant/tests/test_sweep.py``
"""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from django_kvstore import records
from django_kvstore.backend import Write
from django_kvstore_tyrant import TyrantBackend, protocol
from django_kvstore_tyrant.place import Place
from django_kvstore_tyrant.register import Registers
from django_kvstore_tyrant.sweep import GRACE


def record(cell: str, value: bytes, expires: float | None = None) -> bytes:
    return records.pack(cell, value, code=0, expires=expires)


def held(backend: TyrantBackend, space: str) -> set[bytes]:
    """Everything in the database that belongs to the space: cells, marks, chains."""
    stem = space.encode()
    cells, others = backend._client.ask(protocol.fwmkeys(stem), protocol.fwmkeys(b"\0" + stem))
    return {*cells, *others}


def take(backend: TyrantBackend, cell: str) -> bytes | None:
    taken: bytes | None = None

    def change(record: bytes | None) -> Write | None:
        nonlocal taken
        taken = record
        return None if record is None else Write(None)

    backend.update(cell, change)
    return taken


def test_plain_cells_come_and_go_without_a_trace(backend: TyrantBackend, space: str) -> None:
    for turn in range(3):
        backend.set(space + "a", b"1", None)
        assert backend.add(space + "b", b"2", None)
        backend.set_many({space + "c": b"3", space + "d": b"4"}, None)
        assert held(backend, space) == {f"{space}{name}".encode() for name in "abcd"}
        assert backend.delete(space + "a")
        assert backend.delete_many([space + "b", space + "c", space + "d", space + "e"]) == 3
        assert held(backend, space) == set(), turn


def test_what_expired_long_ago_goes(backend: TyrantBackend, space: str) -> None:
    now = time.time()
    old = record(space + "old", b"1", now - GRACE - 1)
    new = record(space + "new", b"1", now - 1)
    later = record(space + "later", b"1", now + 100)
    ever = record(space + "ever", b"1")
    backend.set_many(
        {space + "old": old, space + "new": new, space + "later": later, space + "ever": ever}, None
    )
    assert backend.purge(space, now) == 2
    assert backend.get_many([space + name for name in ("old", "new", "later", "ever")]) == {
        space + "later": later,
        space + "ever": ever,
    }
    assert f"{space}old".encode() not in held(backend, space)
    assert backend.purge(space, now) == 0
    # An hour later what is left of the other goes too, and what expired meanwhile.
    assert backend.purge(space, now + GRACE + 200) == 1
    backend.purge(space, now + 3 * GRACE)
    assert held(backend, space) == {f"{space}ever".encode()}


def test_what_was_taken_and_counted_goes(backend: TyrantBackend, space: str) -> None:
    for number in range(10):
        backend.set(f"{space}job {number}", b"x" * 100, None)
        assert take(backend, f"{space}job {number}") == b"x" * 100
    for _ in range(100):
        backend.update(space + "visits", lambda old: Write((old or b"") + b"."))
    assert backend.get(space + "visits") == b"." * 100
    backend.update(space + "again", lambda old: Write(b"1"))
    backend.update(space + "again", lambda old: Write(b"2"))
    backend.set(space + "again", b"3", None)
    assert backend.purge(space, time.time()) == 0
    now = time.time() + GRACE + 10
    assert backend.purge(space, now) == 0
    assert backend.purge(space, now + GRACE + 10) == 0
    left = held(backend, space)
    assert {name for name in left if name.startswith(space.encode())} == {
        f"{space}visits".encode(),
        f"{space}again".encode(),
    }
    assert all(b"visits" in name for name in left if name.startswith(b"\0"))
    assert backend.get(space + "visits") == b"." * 100
    assert backend.get(space + "again") == b"3"
    assert backend.add(space + "job 1", b"new", None)
    assert take(backend, space + "job 1") == b"new"


def test_a_counter_keeps_its_size(backend: TyrantBackend, space: str) -> None:
    """Old versions go as new ones come, the large ones at once."""
    sizes = []
    for turn in range(300):
        large = b"v" * 5000 + str(turn).encode()
        backend.update(space + "n", lambda old, large=large: Write(large))  # type: ignore[misc]
        if turn % 100 == 99:
            names = held(backend, space)
            found = backend._client.ask(protocol.mget(list(names)))[0]
            sizes.append((len(names), sum(map(len, found.values()))))
    assert sizes[1] == sizes[2]
    assert sizes[2][0] < 80
    assert sizes[2][1] < 4 * 5100


def test_clear_leaves_nothing(backend: TyrantBackend, space: str) -> None:
    for number in range(300):
        backend.set(f"{space}a{number}", b"1", None)
    for number in range(5):
        take(backend, f"{space}a{number}")
        backend.update(f"{space}a{number + 10}", lambda old: Write(b"2"))
    backend.set(space + "b", b"1", None)
    assert backend.clear(space + "a") == 295
    assert held(backend, space) == {f"{space}b".encode()}
    assert backend.clear(space) == 1
    assert held(backend, space) == set()


@pytest.mark.parametrize("meanwhile", ["set", "add", "update"])
def test_what_comes_back_to_life_in_that_very_moment_stays(
    backend: TyrantBackend, space: str, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """Somebody writes after the purge has looked and before it deletes."""
    cell, now = space + "a", time.time() + 2 * GRACE
    fresh = record(cell, b"fresh")
    backend.set(cell, b"old", None)
    assert take(backend, cell) == b"old"
    remove = Registers.remove

    def late(registers: Registers, places: list[Place]) -> list[bytes | None]:
        if meanwhile == "set":
            backend.set(cell, fresh, None)
        elif meanwhile == "add":
            assert backend.add(cell, fresh, None)
        else:
            backend.update(cell, lambda old: Write(fresh))
        return remove(registers, places)

    monkeypatch.setattr(Registers, "remove", late)
    backend.purge(space, now)
    assert backend.get(cell) == fresh


def test_what_comes_and_goes_in_that_very_moment_leaves_nothing_behind(
    backend: TyrantBackend, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two commands of the purge's one request: somebody writes what it deletes."""
    cell = space + "a"
    backend.set(cell, record(cell, b"old", time.time() - 1), None)
    tell = backend._client.tell

    def slow(*commands: protocol.Command) -> list[Any]:
        if len(commands) != 3:
            return tell(*commands)
        monkeypatch.setattr(backend._client, "tell", tell)
        backend.delete(cell)
        tell(protocol.out(cell.encode()))
        replies = tell(commands[0])
        backend.set(cell, record(cell, b"fresh"), None)
        return replies + tell(*commands[1:])

    monkeypatch.setattr(backend._client, "tell", slow)
    backend.purge(space, time.time() + 2 * GRACE)
    assert backend._client.tell == tell
    assert backend.get(cell) is None


def test_writers_during_a_purge_lose_nothing(backend: TyrantBackend, space: str) -> None:
    """Records that have just expired are written anew while they are being purged."""
    over = threading.Event()
    lost: list[str] = []

    def write(number: int) -> None:
        cell = f"{space}{number}"
        while not over.is_set():
            backend.set(cell, record(cell, b"x", time.time() - 1), None)
            fresh = record(cell, str(time.monotonic()).encode())
            if number % 2:
                backend.set(cell, fresh, None)
            else:
                backend.update(cell, lambda old, fresh=fresh: Write(fresh))  # type: ignore[misc]
            if backend.get(cell) != fresh:
                lost.append(cell)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        purged, deadline = 0, time.monotonic() + 3
        while time.monotonic() < deadline:
            purged += backend.purge(space, time.time())
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert lost == []
    assert purged > 0
