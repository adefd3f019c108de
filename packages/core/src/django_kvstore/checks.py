"""System checks: what is wrong with the stores' settings, before anybody runs into it.

``manage.py check``; with ``--database default`` also what is missing there, and with ``--deploy``
what is unfit for deployment. Ids are ``django_kvstore.E001`` and up; backends add their own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from .config import StoreConfig, configured_entries
from .models import Model
from .models.base import ModelBase, model_classes
from .plugins import GROUP, SERIALIZER_GROUP, claims
from .rivals import rivals
from .serializers import load_serializer
from .stores import kvstores


def check_stores(**kwargs: Any) -> list[CheckMessage]:
    """Every store opens, its scheme has one claimant, and its serializer is no danger."""
    try:
        entries = configured_entries()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="django_kvstore.E001")]
    messages: list[CheckMessage] = []
    for alias, entry in entries.items():
        messages += _check_store(alias, entry)
    messages += _check_places(entries)
    messages += _check_claims(GROUP, "scheme")
    messages += _check_claims(SERIALIZER_GROUP, "serializer")
    return messages


def check_models(**kwargs: Any) -> list[CheckMessage]:
    """Every model class is kept in a store that there is, under a key of its own."""
    try:
        aliases = set(kvstores)
    except ImproperlyConfigured:
        return []  # told by check_stores
    messages: list[CheckMessage] = []
    owners: dict[tuple[str, str], ModelBase] = {}
    for model in sorted(model_classes(Model), key=_path):
        meta = model._meta
        if meta.store not in aliases:
            messages.append(
                Error(
                    f"The objects of {_path(model)} are kept in the store '{meta.store}', which "
                    "the settings do not have.",
                    hint="Add it to KEY_VALUE_STORES, or correct the model's Meta.store.",
                    id="django_kvstore.E007",
                )
            )
        owner = owners.setdefault((meta.store, meta.key), model)
        if _path(owner) != _path(model):  # else one has been defined anew
            messages.append(
                CheckWarning(
                    f"{_path(owner)} and {_path(model)} have one key, '{meta.key}': each gets and "
                    "overwrites the other's objects.",
                    hint="Give one of them a Meta.key of its own.",
                    id="django_kvstore.W002",
                )
            )
    return messages


def check_databases(databases: Iterable[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """What the stores need in the databases that may be asked is there."""
    return _ask_backends(databases=list(databases or ())) if databases else []


def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """No store is configured in a way that is unfit for deployment."""
    return _ask_backends(deploy=True)


def _check_store(alias: str, entry: object) -> list[CheckMessage]:
    problem: Callable[[], object]
    messages: list[CheckMessage] = []
    try:
        config = StoreConfig.read(alias, entry)
    except ImproperlyConfigured as error:
        return [Error(str(error), id="django_kvstore.E001")]
    try:
        config.backend_class()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="django_kvstore.E002")]
    for problem, number in ((config.open_backend, "E003"), (config.read_options, "E004")):
        try:
            problem()
        except ImproperlyConfigured as error:
            messages.append(Error(str(error), id=f"django_kvstore.{number}"))
    if messages:
        return messages
    try:
        store = kvstores[alias]
    except ImproperlyConfigured as error:
        return [Error(str(error), id="django_kvstore.E005")]
    if not load_serializer(store.options.serializer).safe:
        messages.append(
            CheckWarning(
                f"The store '{alias}' uses the serializer '{store.options.serializer}', which "
                "runs code that stored bytes name, once their signature is verified.",
                hint="Whoever knows SECRET_KEY and can write to the engine can run code here. "
                "Use the default serializer, or silence this check when you need it.",
                id="django_kvstore.W001",
            )
        )
    messages += store.backend.check()
    return messages


def _check_claims(group: str, what: str) -> Iterable[CheckMessage]:
    for name, owners in claims(group).items():
        problem = rivals(what, name, owners)
        if problem:
            yield Error(problem[0], hint=problem[1], id="django_kvstore.E006")


def _check_places(aliases: Iterable[str]) -> Iterable[CheckMessage]:
    """Yield a warning for each place in which several stores keep their entries."""
    places: dict[Hashable, list[str]] = {}
    for alias in aliases:
        with suppress(ImproperlyConfigured):  # told by `_check_store`
            store = kvstores[alias]
            place = (store.backend.place, store.options.namespace)
            places.setdefault(place, []).append(alias)
    for together in places.values():
        if len(together) > 1:
            names = " and ".join(map(repr, together))
            yield CheckWarning(
                f"The stores {names} keep their entries in one place: each sees the other's keys, "
                "and clear() of one empties the other.",
                hint="Give each a NAMESPACE of its own, or silence this check if that is meant.",
                id="django_kvstore.W003",
            )


def _ask_backends(**kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    try:
        aliases = list(kvstores)
    except ImproperlyConfigured:
        return []  # told by check_stores
    for alias in aliases:
        try:
            backend = kvstores[alias].backend
        except ImproperlyConfigured:
            continue
        messages += backend.check(**kwargs)
    return messages


def _path(model: type) -> str:
    return f"{model.__module__}.{model.__qualname__}"
