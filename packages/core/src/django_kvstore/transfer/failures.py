"""What could not be transferred, and why: gathered, told at the end, and never silent."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

from django_kvstore.entries import Entry
from django_kvstore.errors import CorruptValue, InvalidKey, InvalidValue
from django_kvstore.store import Store

#: How many are told one by one; the rest are counted.
_TOLD = 1000


class Failures:
    """Keys with reasons. Only what concerns one entry is one; an outage ends the transfer."""

    def __init__(self) -> None:
        self.count = 0
        self._told: list[tuple[str, str]] = []

    def add(self, key: str, reason: object) -> None:
        """This key was not transferred."""
        self.count += 1
        if len(self._told) < _TOLD:
            self._told.append((key, str(reason)))

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
        for key, reason in self._told:
            stream.write(f"{key!r}: {reason}")
        if self.count > len(self._told):
            stream.write(_("and %d more") % (self.count - len(self._told)))
