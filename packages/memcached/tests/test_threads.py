"""Threads that use one backend at the same moment do not see each other's keys.

``pytest packages/memcached/tests/test_threads.py``
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django_kvstore.backend import Write
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.ring import Ring
from django_kvstore_memcached.server import Server
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]


class MeetingRing(Ring):
    """A ring in which two threads wait for each other before either learns its key's server."""

    meeting: threading.Barrier | None = None

    def owner(self, tail: bytes) -> Server:
        if self.meeting is not None:
            self.meeting.wait()
        return super().owner(tail)


def test_two_namespaces_at_the_same_moment_keep_their_prefixes(
    backend: MemcachedBackend, space: str
) -> None:
    cells = [f"{space[:-1]}-{letter}{mark}key" for letter in "ab" for mark in ":!"]
    ring = backend._ring = MeetingRing(backend._ring.servers)
    pairs = [(one, other) for one in cells for other in cells if one != other]
    for pair in pairs:
        for cell in pair:
            backend.set(cell, cell.encode(), None)
        ring.meeting = threading.Barrier(2, timeout=10)
        with ThreadPoolExecutor(2) as threads:
            found = list(threads.map(backend.get, pair))
        ring.meeting = None
        assert found == [cell.encode() for cell in pair]


def test_many_threads_in_their_own_namespaces_count_and_read_what_they_wrote(
    opened: Open, own_server: Callable[..., Memcached], space: str
) -> None:
    addresses = ";".join(own_server().address for _ in range(3))
    backend = opened(f"memcached://{addresses}?refresh=0.01")
    start = threading.Barrier(8, timeout=30)

    def plus_one(old: bytes | None) -> Write:
        return Write(b"%d" % (int(old or 0) + 1))

    def work(number: int) -> list[str]:
        chance = random.Random(number)
        wrong: list[str] = []
        counts: dict[str, int] = {}
        start.wait()
        for turn in range(150):
            mark = chance.choice(":;!")
            # One namespace is shared by two threads; the keys are a thread's own.
            cell = f"{space[:-1]}-{number // 2}{mark}{number}/{chance.randrange(5)}"
            count = counts[cell] = counts.get(cell, 0) + 1
            backend.update(cell, plus_one)
            if backend.get(cell) != b"%d" % count:
                wrong.append(f"{cell} in turn {turn}")
            plain = {f"{cell}.{letter}": b"%d" % turn for letter in "abc"}
            backend.set_many(plain, None)
            backend.set(f"{cell}.d", b"%d" % turn, None)
            plain[f"{cell}.d"] = b"%d" % turn
            if backend.get_many(list(plain)) != plain:
                wrong.append(f"{cell}.* in turn {turn}")
        return wrong

    with ThreadPoolExecutor(8) as threads:
        assert [wrong for each in threads.map(work, range(8)) for wrong in each] == []
