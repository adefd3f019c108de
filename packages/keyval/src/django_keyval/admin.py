"""The names of KeyVal as filters of their store's page in the admin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from django_kvstore import CorruptValue, Store
from django_kvstore.admin.scopes import SOURCES, Scope, Source
from django_kvstore.admin.spelling import read_spelled, spell

from .names import digest, names, stored_key

#: So many names are listed; any other one is asked for.
_LISTED = 100


@dataclass(frozen=True)
class NameScope(Scope):
    """The keys of one name, as KeyVal's user calls them."""

    def key(self, typed: str) -> str:
        stored = stored_key(typed)
        if stored != self.start(typed):
            raise ValueError(_("KeyVal keeps so long a key in another form; use KeyVal itself."))
        return stored

    def start(self, typed: str) -> str:
        return f"={typed}" if typed else ""

    def shown(self, key: str) -> str:
        # What is kept under a digest has its key within the value, which is not read for a list.
        return key[1:] if key.startswith("=") else key


class NameScopes(Source):
    """One scope for each name, on the store that KEYVAL_STORE says."""

    kind = "keyval"
    title = "KeyVal"
    asks = _("Name")

    def serves(self, store: Store) -> bool:
        return store.alias == getattr(settings, "KEYVAL_STORE", "default")

    def listed(self, store: Store) -> Iterator[Scope]:
        if store.backend.iterable:
            for name in sorted(islice(self._names(), _LISTED)):
                yield self._scope(name)

    def find(self, store: Store, name: str) -> Scope | None:
        try:
            name = read_spelled(name, halves=True)
        except ValueError:
            return None
        # Where names can be listed, what is not among them has never had a key.
        known = not store.backend.iterable or names().store.exists(digest(name))
        return self._scope(name) if known else None

    def _scope(self, name: str) -> Scope:
        spelled = spell(name)
        return NameScope(f"{self.kind}:{spelled}", spelled or "“”", names().open(name))

    def _names(self) -> Iterator[str]:
        listing = names().store
        prefix, cursor = listing.coder.prefix(""), None
        while True:
            # A page may hold fewer than were asked for, and still have a next one.
            cells, cursor = listing.backend.scan(prefix, cursor, _LISTED)
            for cell, record in cells:
                try:
                    # As everything in the admin: nothing is unpickled, whatever lies there.
                    name = listing.coder.decode(cell, record, safely=True)
                except CorruptValue:
                    continue
                if isinstance(name, str):
                    yield name
            if cursor is None:
                return


SOURCES.append(NameScopes())
