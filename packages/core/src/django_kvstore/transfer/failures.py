"""What could not be transferred, and why: gathered, told at the end, and never silent."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Any, Final

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

from django_kvstore.entries import Entry
from django_kvstore.errors import CorruptValue, InvalidKey, InvalidValue
from django_kvstore.store import Store

#: How many are told one by one; the rest are counted.
_TOLD: Final = 1000


class Failures:
    """Keys with reasons. Only what concerns one entry is one; an outage ends the transfer.

    `state` is what a checkpoint keeps, so that a transfer that goes on tells of all of them.
    """

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self._told: dict[str, str] = dict(state["told"]) if state else {}
        self._untold: int = state["untold"] if state else 0
        # Several threads write, and each may come upon some.
        self._lock = Lock()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._told) + self._untold

    @property
    def state(self) -> dict[str, Any]:
        """Return them as JSON takes them."""
        with self._lock:
            return {"told": dict(self._told), "untold": self._untold}

    def add(self, key: str, reason: object) -> None:
        """This key was not transferred."""
        with self._lock:
            # What was under way at a kill comes twice, and so does to a verification what could
            # not be written: it is one, and the first reason says more.
            if key in self._told or len(self._told) < _TOLD:
                self._told.setdefault(key, str(reason))
            else:
                self._untold += 1

    def readable(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the entries that could be read, and note the others."""
        whole = []
        for entry in entries:
            if entry.error is None:
                whole.append(entry)
            else:
                self.add(entry.key, entry.error)
        return whole

    def restore(self, store: Store, entries: list[Entry]) -> None:
        """Write the entries; where one cannot be, write the others and note that one."""
        try:
            store.restore(entries)
        except (InvalidKey, InvalidValue, CorruptValue):
            for entry in entries:
                try:
                    store.restore([entry])
                except (InvalidKey, InvalidValue, CorruptValue) as error:
                    self.add(entry.key, error)

    def tell(self, stream: OutputWrapper) -> None:
        """List them."""
        for key, reason in self._told.items():
            stream.write(f"{key!r}: {reason}")
        if self._untold:
            stream.write(_("and %d more") % self._untold)
