"""Parts of a store that a list can be narrowed to: a model's objects, the keys of a KeyVal name.

Another application adds its own by appending a `Source` to `SOURCES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_kvstore.models import Model
from django_kvstore.models.base import model_classes
from django_kvstore.store import Store


@dataclass(frozen=True)
class Scope:
    """A narrower view: `store` is what to look into, `prefix` what its keys begin with.

    `name` stands in URLs and is for ever the same for the same part; `title` is shown. Both are
    spelled, as `spelling` has it, where they are not of the source's own choosing.
    """

    name: str
    title: str
    store: Store
    prefix: str = ""

    def key(self, typed: str) -> str:
        """Return the store's key for what a user calls it; raises ``ValueError``."""
        return self.prefix + typed

    def start(self, typed: str) -> str:
        """Return what the store's keys begin with for what a user searches."""
        return self.prefix + typed

    def shown(self, key: str) -> str:
        """Return what a user calls that key of the store."""
        return key[len(self.prefix) :] if key.startswith(self.prefix) else key


class Source:
    """Where the scopes of one kind come from; a scope's name is ``kind:`` and its own."""

    kind: ClassVar[str] = ""
    #: Stands over the scopes.
    title: str | Promise = ""
    #: Where `find` may know more scopes than `listed` lists: what a form asks for.
    asks: str | Promise = ""

    def serves(self, store: Store) -> bool:
        """Say whether the store has scopes of this kind."""
        raise NotImplementedError

    def listed(self, store: Store) -> Iterable[Scope]:
        """Yield the scopes of the store, as many as can be told."""
        raise NotImplementedError

    def find(self, store: Store, name: str) -> Scope | None:
        """Return the scope of that name, without the kind, as it is spelled."""
        raise NotImplementedError


class Models(Source):
    """One scope for each model class whose objects are in the store."""

    kind = "model"
    title = _("Models")

    def serves(self, store: Store) -> bool:
        return next(self.listed(store), None) is not None

    def listed(self, store: Store) -> Iterator[Scope]:
        metas = [model._meta for model in model_classes(Model)]
        # Two classes of one key have one part of the store.
        prefixes = {meta.key: meta.prefix for meta in metas if meta.store == store.alias}
        for key, prefix in sorted(prefixes.items()):
            yield Scope(f"{self.kind}:{key}", key, store, prefix)

    def find(self, store: Store, name: str) -> Scope | None:
        return next((scope for scope in self.listed(store) if scope.title == name), None)


SOURCES: list[Source] = [Models()]


def find_scope(store: Store, name: str) -> Scope | None:
    """Return the scope of that name, the whole store for none; None where there is no such."""
    if not name:
        return Scope("", str(_("All keys")), store)
    kind, _mark, rest = name.partition(":")
    for source in SOURCES:
        if source.kind == kind and source.serves(store):
            return source.find(store, rest)
    return None
