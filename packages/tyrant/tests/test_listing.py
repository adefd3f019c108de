"""Walks list every name that stays, once, in any batch, from any process, whatever others do.

``pytest packages/tyrant/tests/test_listing.py``
"""

from __future__ import annotations

import threading
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_kvstore_tyrant import TyrantBackend, protocol
from django_kvstore_tyrant.listing import Listing

NAMES = st.binary(max_size=4) | st.text("a\0\u00ff", max_size=5).map(str.encode)


def walk(listing: Listing, prefix: bytes, limit: int, *, forgetful: bool) -> list[bytes]:
    names: list[bytes] = []
    cursor: str | None = None
    while True:
        page, cursor = listing.page(prefix, cursor, limit)
        assert len(page) <= limit
        names += page
        if cursor is None:
            return names
        if forgetful:
            listing._batches.clear()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    names=st.lists(NAMES, max_size=25, unique=True),
    prefix=st.binary(max_size=1),
    limit=st.integers(1, 6),
    batch=st.integers(1, 5),
    forgetful=st.booleans(),
)
def test_a_walk_lists_what_is_there(
    backend: TyrantBackend,
    space: str,
    names: list[bytes],
    prefix: bytes,
    limit: int,
    batch: int,
    forgetful: bool,
) -> None:
    stem = space.encode()
    stored = [stem + name for name in names] + [stem[:-1] + b"9", stem[:-1] + b";"]
    client = backend._client
    client.tell(*(protocol.put(name, b"") for name in stored))
    try:
        listed = walk(Listing(client, batch), stem + prefix, limit, forgetful=forgetful)
    finally:
        client.tell(protocol.misc(b"outlist", stored))
    assert listed == sorted(name for name in stored if name.startswith(stem + prefix))


def test_another_process_goes_on_from_a_cursor(backend: TyrantBackend, space: str) -> None:
    names = [f"{space}{number:03}".encode() for number in range(100)]
    backend._client.tell(*(protocol.put(name, b"") for name in names))
    first, cursor = Listing(backend._client).page(space.encode(), None, 30)
    other = Listing(backend._client)
    listed = list(first)
    while cursor is not None:
        page, cursor = other.page(space.encode(), cursor, 30)
        listed += page
    assert listed == names


def test_names_that_stay_are_listed_once_while_others_come_and_go(
    backend: TyrantBackend, space: str
) -> None:
    """Deletes beside a cursor make `misc range` skip records, which is why it is not used."""
    staying = {f"{space}{number:04}s": b"" for number in range(400)}
    backend.set_many(staying, None)
    over = threading.Event()

    def disturb(shift: int) -> None:
        while not over.is_set():
            going = {f"{space}{number:04}{shift}": b"" for number in range(0, 400, 3)}
            backend.set_many(going, None)
            backend._client.tell(protocol.misc(b"outlist", [name.encode() for name in going]))

    threads = [threading.Thread(target=disturb, args=(shift,)) for shift in range(2)]
    for thread in threads:
        thread.start()
    try:
        for batch in (7, 50, 100_000):
            for _ in range(3):
                backend._listing = Listing(backend._client, batch)
                seen: Counter[str] = Counter()
                cursor: str | None = None
                while True:
                    cells, cursor = backend.scan(space, cursor, 60)
                    seen.update(name for name, _ in cells)
                    if cursor is None:
                        break
                assert {name: seen[name] for name in staying} == dict.fromkeys(staying, 1)
                assert max(seen.values()) == 1
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_only_so_many_walks_are_remembered(backend: TyrantBackend, space: str) -> None:
    backend.set_many({f"{space}{number}": b"" for number in range(3)}, None)
    for _ in range(50):
        assert backend.scan(space, None, 1).cursor is not None
    assert len(backend._listing._batches) <= 8
    list(walk(backend._listing, space.encode(), 1, forgetful=False))
    assert len(backend._listing._batches) <= 8
