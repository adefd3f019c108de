"""Checks of the backend's own methods, one by one: the first that a new backend passes.

Each message says which method was called with what, what was expected and what came.
"""

from __future__ import annotations

from typing import Any

import pytest

from django_kvstore.errors import NotSupported
from django_kvstore.store import Store

from .base import Base
from .clauses import clause

_RECORDS = (b"a record", b"", b"\0", bytes(range(256)), b"\r\n", b"x" * 3000)


class Methods(Base):
    """Clauses ``backend-…``: get, set, delete, compare_and_set and scan of the backend itself."""

    def _call(self, store: Store, name: str, *arguments: Any) -> Any:
        """Call the backend's method; one that is not written yet is named as such."""
        backend = store.backend
        written: set[str] = vars(self).setdefault("_written", set())
        if name in ("set", "compare_and_set"):
            written.add(arguments[0])
        try:
            return getattr(backend, name)(*arguments)
        except NotSupported as error:
            flag = {"compare_and_set": "atomic", "scan": "iterable"}.get(name, name)
            pytest.fail(
                f"{type(backend).__name__}.{name}() is not there, although the backend declares "
                f"{flag} = True: {error}"
            )
        except NotImplementedError:
            pytest.fail(f"{type(backend).__name__}.{name}() is not written yet.")

    def tidy(self, store: Store) -> None:
        """Delete the cells that these checks wrote, one by one.

        clear() may need scan(), and the first check to fail on a wrong scan() is the one of scan().
        """
        written = vars(self).get("_written")
        if written is None:
            super().tidy(store)
            return
        for cell in written:
            store.backend.delete(cell)

    def _gives(self, store: Store, expected: Any, name: str, *arguments: Any) -> None:
        """Call the backend's method; it must return what is expected."""
        came = self._call(store, name, *arguments)
        shown = ", ".join(map(_show, arguments))
        assert came == expected, (
            f"{type(store.backend).__name__}.{name}({shown}) returned {_show(came)}: "
            f"expected {_show(expected)}"
        )
        assert type(came) is type(expected), (
            f"{type(store.backend).__name__}.{name}({shown}) returned a {type(came).__name__}: "
            f"expected a {type(expected).__name__}"
        )

    # The names begin with a number, so that they are in order whatever sorts them.

    @clause("backend-get")
    def test_1_get_of_no_cell_is_none(self, store: Store) -> None:
        """get() returns None where there is no cell."""
        self._gives(store, None, "get", self.cell(store, "nothing"))

    @clause("backend-set")
    def test_2_set_writes_a_cell(self, store: Store) -> None:
        """get() returns what set() wrote, byte by byte, whatever was there before."""
        cell = self.cell(store, "key")
        for record in _RECORDS:
            self._call(store, "set", cell, record, None)
            self._gives(store, record, "get", cell)
        self._gives(store, None, "get", self.cell(store, "another"))

    @clause("backend-delete")
    def test_3_delete_says_whether_there_was_a_cell(self, store: Store) -> None:
        """delete() returns True where there was a cell, False where there was none."""
        cell = self.cell(store, "key")
        self._gives(store, False, "delete", cell)
        self._call(store, "set", cell, b"a record", None)
        self._gives(store, True, "delete", cell)
        self._gives(store, None, "get", cell)
        self._gives(store, False, "delete", cell)

    @clause("backend-set")
    def test_4_cells_are_apart(self, store: Store) -> None:
        """Each cell keeps its own record, however much the names are alike."""
        written = {
            self.cell(store, key): key.encode() for key in ("a", "A", "a ", " a", "a\0", "ab", "é")
        }
        for cell, record in written.items():
            self._call(store, "set", cell, record, None)
        for cell, record in written.items():
            self._gives(store, record, "get", cell)

    @clause("backend-compare")
    def test_5_compare_and_set_writes_an_absent_cell(self, store: Store) -> None:
        """compare_and_set(…, None, new, …) writes where there is no cell, and nowhere else."""
        if not store.backend.atomic:
            return
        cell = self.cell(store, "key")
        self._gives(store, True, "compare_and_set", cell, None, b"new", None)
        self._gives(store, b"new", "get", cell)
        self._gives(store, False, "compare_and_set", cell, None, b"other", None)
        self._gives(store, b"new", "get", cell)

    @clause("backend-compare")
    def test_6_compare_and_set_replaces_what_it_expects(self, store: Store) -> None:
        """compare_and_set(…, old, new, …) replaces exactly `old`, and nothing else."""
        if not store.backend.atomic:
            return
        cell = self.cell(store, "key")
        self._gives(store, False, "compare_and_set", cell, b"old", b"new", None)
        self._gives(store, None, "get", cell)
        self._call(store, "set", cell, b"old", None)
        for other in (b"OLD", b"old ", b"ol", b"", b"old\0"):
            self._gives(store, False, "compare_and_set", cell, other, b"new", None)
        self._gives(store, b"old", "get", cell)
        self._gives(store, True, "compare_and_set", cell, b"old", b"new", None)
        self._gives(store, b"new", "get", cell)

    @clause("backend-compare")
    def test_7_compare_and_set_deletes_what_it_expects(self, store: Store) -> None:
        """compare_and_set(…, old, None, …) deletes the cell that holds exactly `old`."""
        if not store.backend.atomic:
            return
        cell = self.cell(store, "key")
        self._gives(store, False, "compare_and_set", cell, b"old", None, None)
        self._call(store, "set", cell, b"old", None)
        self._gives(store, False, "compare_and_set", cell, b"other", None, None)
        self._gives(store, b"old", "get", cell)
        self._gives(store, True, "compare_and_set", cell, b"old", None, None)
        self._gives(store, None, "get", cell)

    @clause("backend-compare")
    def test_7_compare_and_set_looks_at_every_byte(self, store: Store) -> None:
        """A record that differs in one byte, wherever it is, is another record."""
        if not store.backend.atomic:
            return
        cell = self.cell(store, "key")
        size = min(store.backend.cell_bytes or 4096, 4096)
        record = bytes(at * 7 % 256 for at in range(size))
        self._call(store, "set", cell, record, None)
        for place in sorted({*range(0, size, size // 16), 1, 63, 64, size // 2, size - 1}):
            other = bytearray(record)
            other[place] ^= 1
            for new in (b"new", None):
                done = self._call(store, "compare_and_set", cell, bytes(other), new, None)
                assert done is False, (
                    f"compare_and_set() wrote where byte {place} of {size} was not the old one: "
                    "expected False, and that all bytes are compared"
                )
        self._gives(store, record, "get", cell)
        self._gives(store, True, "compare_and_set", cell, record, b"new", None)
        self._gives(store, b"new", "get", cell)

    @clause("flags-atomic")
    def test_7_compare_and_set_is_there_as_declared(self, store: Store) -> None:
        """The backend's compare_and_set() raises NotSupported where `atomic` is not declared."""
        backend, cell = store.backend, self.cell(store, "key")
        if not backend.atomic:
            with pytest.raises(NotSupported):
                backend.compare_and_set(cell, None, b"a", None)
            self._gives(store, None, "get", cell)
            return
        self._gives(store, True, "compare_and_set", cell, None, b"a ", None)
        for other in (b"a", b"A ", b"a  ", b"", b"a \0"):
            self._gives(store, False, "compare_and_set", cell, other, b"b", None)
            self._gives(store, False, "compare_and_set", cell, other, None, None)
        self._gives(store, True, "compare_and_set", cell, b"a ", b"\0\xff", None)
        self._gives(store, b"\0\xff", "get", cell)

    @clause("backend-scan")
    def test_8_scan_lists_the_cells_of_a_prefix(self, store: Store) -> None:
        """scan() returns pages of (name, record), and None as the cursor of the last one."""
        if not store.backend.iterable:
            return
        written = {self.cell(store, f"in {number}"): b"%d" % number for number in range(25)}
        for cell, record in written.items():
            self._call(store, "set", cell, record, None)
        self._call(store, "set", self.cell(store, "out"), b"another", None)
        prefix = self.cell(store, "in ")
        name = f"{type(store.backend).__name__}.scan({_show(prefix)}, …, 10)"
        found: list[tuple[str, bytes]] = []
        cursor = None
        for _ in range(1000):
            cells, cursor = self._call(store, "scan", prefix, cursor, 10)
            assert len(cells) <= 10, f"{name} returned {len(cells)} cells: expected 10 at most"
            found += [(key, bytes(record)) for key, record in cells]
            if cursor is None:
                break
            assert isinstance(cursor, str), f"{name} returned the cursor {cursor!r}: expected a str"
        assert cursor is None, f"{name} gave 1000 pages and still another cursor"
        strangers = sorted({key for key, _ in found} - set(written))
        assert strangers == [], f"{name} listed {strangers}, which do not begin with the prefix"
        missing = sorted(set(written) - {key for key, _ in found})
        assert missing == [], f"{name} did not list {missing}"
        assert len(found) == len(written), f"{name} listed {len(found)} cells: expected 25"
        assert dict(found) == written, f"{name} listed other records than those written"


def _show(value: Any) -> str:
    """Return a short text of an argument or an answer."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:40]}… ({len(value)} long)"
