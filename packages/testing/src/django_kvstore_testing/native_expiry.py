"""Checks of an engine's own expiry: it follows every way of writing a cell."""

from __future__ import annotations

import time
from collections.abc import Callable

from django_kvstore.backend import Write
from django_kvstore.store import Store

from .base import Base
from .clauses import clause

_OLD = b"what was there before"


class NativeExpiry(Base):
    """Clause ``flags-expires``, for the backend's own methods."""

    def _ways(self, store: Store) -> dict[str, Callable[[str, float | None], object]]:
        """Return the ways of writing a record into a cell that holds `_OLD`, or nothing."""
        backend = store.backend

        def record(cell: str, expires: float | None) -> bytes:
            # A real one: a backend may read the expiry from it.
            return store.coder.encode(cell, "value", expires)

        def replace(cell: str, expires: float | None) -> None:
            new = record(cell, expires)
            assert backend.compare_and_set(cell, backend.get(cell), new, expires) is True

        def add(cell: str, expires: float | None) -> None:
            backend.delete(cell)
            assert backend.add(cell, record(cell, expires), expires) is True

        def change(cell: str, expires: float | None) -> None:
            backend.update(cell, lambda old: Write(record(cell, expires), expires))

        ways: dict[str, Callable[[str, float | None], object]] = {
            "set": lambda cell, expires: backend.set(cell, record(cell, expires), expires),
            "set_many": lambda cell, expires: backend.set_many(
                {cell: record(cell, expires)}, expires
            ),
        }
        if backend.atomic:
            ways |= {"compare_and_set": replace, "add": add, "update": change}
        return ways

    @clause("flags-expires")
    def test_every_way_of_writing_gives_the_expiry(self, store: Store) -> None:
        """A cell expires as the last call that wrote it said, whichever method that was."""
        backend = store.backend
        ways = self._ways(store)
        written: dict[str, str] = {}

        def write(ttl: float) -> None:
            written.clear()
            for way, act in ways.items():
                for before in ("nothing", "no expiry", "a later expiry"):
                    cell = self.cell(store, f"{way} {before} {ttl}")
                    if before != "nothing":
                        later = time.time() + 5000
                        backend.set(cell, _OLD, None if before == "no expiry" else later)
                    act(cell, time.time() + ttl)
                    written[cell] = f"{way}() over {before}"

        ttl = self.in_time(write)
        self.outlive(ttl)
        if not backend.expires_itself:
            assert _OLD not in backend.get_many(list(written)).values()
            return
        left = [way for cell, way in written.items() if backend.get(cell) is not None]
        assert left == [], f"the engine still shows, after their expiry, cells written by {left}"
        listed = backend.get_many(list(written))
        assert listed == {}, f"get_many() still shows {len(listed)} expired cells"
        told = [way for cell, way in written.items() if backend.delete(cell) is not False]
        assert told == [], f"delete() says that there were expired cells written by {told}"

    @clause("flags-expires")
    def test_every_way_of_writing_takes_the_expiry_away(self, store: Store) -> None:
        """A cell that was written again without an expiry stays."""
        backend = store.backend
        written: dict[str, str] = {}

        def write(ttl: float) -> None:
            written.clear()
            for way, act in self._ways(store).items():
                cell = self.cell(store, f"{way} {ttl}")
                backend.set(cell, _OLD, time.time() + ttl)
                act(cell, None)
                written[cell] = way

        self.outlive(self.in_time(write))
        lost = [way for cell, way in written.items() if backend.get(cell) in (None, _OLD)]
        assert lost == [], f"the engine lost, with the expiry they had before, cells of {lost}"

    @clause("flags-expires")
    def test_every_cell_of_a_bulk_write_expires(self, store: Store) -> None:
        """However many cells one set_many() writes, each of them expires."""
        backend = store.backend
        names: list[str] = []

        def write(ttl: float) -> None:
            names[:] = [self.cell(store, f"{ttl} {number}") for number in range(self.bulk)]
            expires = time.time() + ttl
            cells = {name: store.coder.encode(name, "value", expires) for name in names}
            backend.set_many(cells, expires)

        ttl = self.in_time(write)
        self.outlive(ttl)
        if backend.expires_itself:
            left = backend.get_many(names)
            assert left == {}, f"{len(left)} of {len(names)} cells are there after their expiry"
        backend.delete_many(names)
