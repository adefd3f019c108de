"""Checks of an engine's own expiry: it follows every way of writing a record."""

from __future__ import annotations

import time

from django_kvstore.store import Store

from .base import Base
from .clauses import clause
from .probe import Probe

_OLD = b"what was there before"


class NativeExpiry(Base):
    """Clause ``flags-expires``, for each of the backend's ways to write."""

    @clause("flags-expires")
    def test_every_way_of_writing_gives_the_expiry(self, store: Store) -> None:
        """A record expires as the last call that wrote it said, whichever method that was."""
        probe = Probe(store)
        written: dict[str, str] = {}

        def write(ttl: float) -> None:
            written.clear()
            for way, act in probe.ways_to_write().items():
                for before in ("nothing", "no expiry", "a later expiry"):
                    name = self.cell(store, f"{way} {before} {ttl}")
                    if before != "nothing":
                        later = time.time() + 5000
                        probe.put_raw(name, _OLD, None if before == "no expiry" else later)
                    expires = time.time() + ttl
                    act(name, probe.record(name, "value", expires), expires)
                    written[name] = f"{way}() over {before}"

        ttl = self.in_time(write)
        self.outlive(ttl)
        if not probe.expires_itself:
            assert _OLD not in probe.raw_many(written).values()
            return
        left = [way for name, way in written.items() if probe.raw(name) is not None]
        assert left == [], f"the engine still shows, after their expiry, records written by {left}"
        listed = probe.raw_many(written)
        assert listed == {}, f"many at once: it still shows {len(listed)} expired records"
        there = [way for name, way in written.items() if probe.remove_raw(name) is not False]
        assert there == [], f"delete() returned True for expired records written by {there}"

    @clause("flags-expires")
    def test_what_is_written_late_has_expired(self, store: Store) -> None:
        """A record whose expiry is over when it arrives is not kept without one."""
        probe, name = Probe(store), self.cell(store, "key")
        expires = time.time() - 60
        for way, act in probe.ways_to_write().items():
            act(name, probe.record(name, "value", expires), expires)
            assert store.get("key", "gone") == "gone", f"{way}() was late, and get() shows it"
            if probe.expires_itself:
                assert probe.raw(name) is None, (
                    f"{way}() wrote a record that expired a minute ago, and the engine shows it: "
                    "expected nothing"
                )
            probe.remove_raw(name)

    @clause("flags-expires")
    def test_every_way_of_writing_takes_the_expiry_away(self, store: Store) -> None:
        """A record that was written again without an expiry stays."""
        probe = Probe(store)
        written: dict[str, str] = {}

        def write(ttl: float) -> None:
            written.clear()
            for way, act in probe.ways_to_write().items():
                name = self.cell(store, f"{way} {ttl}")
                probe.put_raw(name, _OLD, time.time() + ttl)
                act(name, probe.record(name, "value"), None)
                written[name] = way

        self.outlive(self.in_time(write))
        lost = [way for name, way in written.items() if probe.raw(name) in (None, _OLD)]
        assert lost == [], f"the engine lost, with the expiry they had before, records of {lost}"

    @clause("flags-expires")
    def test_every_cell_of_a_bulk_write_expires(self, store: Store) -> None:
        """However many records one call writes, each of them expires."""
        probe = Probe(store)
        names: list[str] = []

        def write(ttl: float) -> None:
            names[:] = [self.cell(store, f"{ttl} {number}") for number in range(self.bulk)]
            expires = time.time() + ttl
            probe.put_many_raw({n: probe.record(n, "value", expires) for n in names}, expires)

        ttl = self.in_time(write)
        self.outlive(ttl)
        if probe.expires_itself:
            left = probe.raw_many(names)
            assert left == {}, f"{len(left)} of {len(names)} records are there after their expiry"
        probe.remove_many_raw(names)
