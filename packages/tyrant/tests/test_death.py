"""Clients killed between any two requests, and clients that come back too late: no harm done.

``pytest packages/tyrant/tests/test_death.py``
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from django_kvstore.backend import Write
from django_kvstore_tyrant import TyrantBackend
from django_kvstore_tyrant.register import Registers
from servers.tyrant import Tyrant

#: A process that forks a child for each number of requests, which kills itself before the next.
MORTALS = """
import os, signal, sys
from django.conf import settings
settings.configure(SECRET_KEY="-" * 50, KEY_VALUE_STORES={})
from django_kvstore.backend import Write
from django_kvstore.params import read_params
from django_kvstore.url import StoreURL
from django_kvstore_tyrant import TyrantBackend
from django_kvstore_tyrant.client import Client

url, cell, act = sys.argv[1:]
acts = {
    "set": lambda store: store.set(cell, b"new", None),
    "delete": lambda store: store.delete(cell),
    "add": lambda store: store.add(cell, b"new", None),
    "extend": lambda store: store.update(cell, lambda old: Write((old or b"") + b"+")),
    "take": lambda store: store.update(cell, lambda old: old and Write(None)),
    "set many": lambda store: store.set_many({cell: b"new", cell + "2": b"new"}, None),
    "purge": lambda store: store.purge(cell, 1e10),
}
for left in map(int, sys.stdin):
    child = os.fork()
    if child == 0:
        address = StoreURL.parse(url)
        store = TyrantBackend("mortal", address, read_params(TyrantBackend.params, {}, where=""))
        store.ping()
        count = iter(range(left))

        def count_down(call):
            def counted(client, *commands):
                if next(count, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(client, *commands)
            return counted

        Client.ask, Client.tell = count_down(Client.ask), count_down(Client.tell)
        acts[act](store)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@pytest.mark.parametrize("before", ["absent", "plain", "changed", "taken"])
@pytest.mark.parametrize("act", ["set", "delete", "add", "extend", "take", "set many", "purge"])
@pytest.mark.parametrize("name", ["stand-in-hash", "tree"])
def test_a_client_killed_between_any_two_requests(
    opened: Callable[[str], TyrantBackend],
    servers: Callable[[str], Tyrant],
    space: str,
    name: str,
    before: str,
    act: str,
) -> None:
    """The entry is as before or as after, and the next ones find nothing in their way."""
    url = f"tyrant://{servers(name).address}"
    backend = opened(url)
    cell = space + "entry"
    old = {"absent": None, "plain": b"old", "changed": b"old!", "taken": None}[before]
    new = {
        "set": b"new",
        "delete": None,
        "add": old or b"new",
        "extend": (old or b"") + b"+",
        "take": None,
        "set many": b"new",
        "purge": old,
    }[act]
    command = [sys.executable, "-c", MORTALS, url, cell, act]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as mortals:
        assert mortals.stdin is not None
        assert mortals.stdout is not None
        seen = set()
        for requests in range(40):
            backend.clear(space)
            if before != "absent":
                backend.set(cell, b"old", None)
            if before == "changed":
                backend.update(cell, lambda record: Write((record or b"") + b"!"))
            if before == "taken":
                backend.update(cell, lambda record: Write(None))
            mortals.stdin.write(f"{requests}\n")
            mortals.stdin.flush()
            status = int(mortals.stdout.readline())
            begun = time.monotonic()
            found = backend.get(cell)
            assert found in (old, new)
            seen.add(found)
            backend.update(cell, lambda record: Write((record or b"") + b"1"))
            assert backend.get(cell) == (found or b"") + b"1"
            assert backend.delete(cell)
            assert backend.add(cell, b"2", None)
            assert not backend.add(cell, b"3", None)
            assert backend.compare_and_set(cell, b"2", None, None)
            backend.set(cell, b"4", None)
            assert backend.compare_and_set(cell, b"4", b"5", None)
            assert backend.get(cell) == b"5"
            assert time.monotonic() - begun < 2
            if status == 0:
                break
            assert status == -9
        else:
            pytest.fail("forty requests were not enough")
        mortals.stdin.close()
    assert seen <= {old, new}
    assert new in seen
    backend.clear(space)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda store, cell: store.set(cell, b"theirs", None),
        lambda store, cell: store.compare_and_set(cell, b"old", b"theirs", None),
        lambda store, cell: [
            store.update(cell, lambda old, at=at: Write(b"theirs" if at == 199 else b"%d" % at))
            for at in range(200)
        ],
        lambda store, cell: (store.delete(cell), store.add(cell, b"theirs", None)),
        lambda store, cell: (
            store.compare_and_set(cell, b"old", None, None),
            store.add(cell, b"theirs", None),
        ),
    ],
    ids=["set", "swap", "many changes", "delete and add", "take and add"],
)
@pytest.mark.parametrize("mine", [b"mine", None], ids=["change", "take"])
@pytest.mark.parametrize("changed", [False, True], ids=["plain", "changed"])
def test_who_comes_back_late_overwrites_nothing(
    backend: TyrantBackend,
    space: str,
    meanwhile: Callable[[TyrantBackend, str], object],
    mine: bytes | None,
    changed: bool,
) -> None:
    """He looked, and sends his change when others have long been there."""
    cell = space + "entry"
    backend.set(cell, b"first" if changed else b"old", None)
    if changed:
        assert backend.compare_and_set(cell, b"first", b"old", None)
    late = Registers(backend._client)
    place = late.look(cell.encode())
    meanwhile(backend, cell)
    assert backend.get(cell) == b"theirs"
    # Where the whole chain was left behind his change counts as one before that, or does not.
    left_behind = backend._registers.look(cell.encode()).cell != place.cell
    assert not late.change(place, mine) or left_behind
    assert backend.get(cell) == b"theirs"
    backend.update(cell, lambda old: Write((old or b"") + b"!"))
    assert backend.get(cell) == b"theirs!"


def test_a_plain_write_is_never_lost_to_a_conditional_one(
    backend: TyrantBackend, space: str
) -> None:
    """Each value that was set is read back until its own writer sets the next, or counted on."""
    cell = space + "entry"
    over = threading.Event()

    def count_up() -> None:
        while not over.is_set():
            backend.update(cell, lambda old: Write((old or b"") + b"+"))

    def take() -> None:
        while not over.is_set():
            backend.update(cell, lambda old: None if old is None else Write(None))

    for meddle in (count_up, take):
        over.clear()
        threads = [threading.Thread(target=meddle) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for number in range(150):
                backend.set(cell, b"%d" % number, None)
                found = backend.get(cell)
                if meddle is count_up:
                    assert (found or b"").rstrip(b"+") == b"%d" % number
                else:
                    assert found in (b"%d" % number, None)
        finally:
            over.set()
            for thread in threads:
                thread.join()
