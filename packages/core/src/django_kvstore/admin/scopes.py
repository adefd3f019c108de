"""Parts of a store that a list can be narrowed to: a model's objects, the keys of a KeyVal name.

Another application adds its own by appending a function to `SOURCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django_kvstore.models import Model
from django_kvstore.models.model import Root
from django_kvstore.store import Store


@dataclass(frozen=True)
class Scope:
    """A narrower view: `store` is what to look into, `prefix` what its keys begin with.

    `name` stands in URLs and is for ever the same for the same part.
    """

    name: str
    title: str
    store: Store
    prefix: str = ""


def model_scopes(store: Store) -> Iterable[Scope]:
    """Yield one for each model class whose objects are in the store."""
    for model in sorted(_models(Model), key=lambda model: model._meta.key):
        if model._meta.store == store.alias:
            name = model._meta.key
            yield Scope(f"model:{name}", name, store, model._meta.prefix)


def _models(model: type[Root]) -> Iterable[type[Root]]:
    for subclass in model.__subclasses__():
        if not subclass._meta.abstract:
            yield subclass
        yield from _models(subclass)


#: Functions that yield the scopes of a store.
SOURCES: list[Callable[[Store], Iterable[Scope]]] = [model_scopes]


def scopes(store: Store) -> list[Scope]:
    """Return every scope of the store."""
    return [scope for source in SOURCES for scope in source(store)]
