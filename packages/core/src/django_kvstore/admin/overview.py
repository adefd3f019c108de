"""What a store is and how it is, for the page that lists them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_kvstore.backend import Backend
from django_kvstore.store import Store
from django_kvstore.stores import kvstores

#: What the engines' classes declare, and what it means.
ABILITIES: Final[tuple[tuple[str, str | Promise, str | Promise], ...]] = (
    ("atomic", _("atomic"), _("Changes an entry in one step, whoever else is at it.")),
    ("iterable", _("iterable"), _("Lists and counts its keys.")),
    ("clearable", _("clearable"), _("Deletes all entries at once.")),
    ("durable", _("durable"), _("Entries outlive the engine's restart.")),
    ("shared", _("shared"), _("Other processes see the same entries.")),
    ("transactional", _("transactional"), _("Writes belong to the database's transaction.")),
)
#: Stores are asked at the same time, so that one that is down does not hold up the others.
_AT_ONCE: Final = 8
#: Where only listing them tells how many keys there are, no more than so many are listed.
_COUNTED: Final = 1000


def overviews(aliases: Iterable[str]) -> list[dict[str, Any]]:
    """Return the alias, scheme, redacted URL, abilities, latency and problem of each store."""
    found = [_describe(alias) for alias in aliases]
    stores = [told for told in found if told["store"] is not None]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="kvstore-admin") as pool:
        # Django's database connections stay on their thread.
        apart = [told for told in stores if not told["store"].backend.thread_sensitive]
        asked = pool.map(_ask, apart)
        for told in stores:
            if told["store"].backend.thread_sensitive:
                _ask(told)
        list(asked)
    return found


def _describe(alias: str) -> dict[str, Any]:
    told: dict[str, Any] = {"alias": alias, "store": None, "problem": ""}
    try:
        store = kvstores[alias]
    except ImproperlyConfigured as error:
        return told | {"problem": str(error)}
    backend = store.backend
    return told | {
        "store": store,
        "scheme": backend.scheme,
        "address": store.address,
        "abilities": [
            (label, meaning) for flag, label, meaning in ABILITIES if getattr(backend, flag)
        ],
    }


def _ask(told: dict[str, Any]) -> None:
    store: Store = told["store"]
    try:
        told["milliseconds"] = store.ping() * 1000
        told["count"], told["more"] = _count(store)
    # Of the backends that others write, one that raises what it should not is no reason to hide
    # all the others.
    except Exception as error:  # noqa: BLE001
        told["problem"] = str(error) or type(error).__name__


def _count(store: Store) -> tuple[int | None, bool]:
    """Return how many keys there are, and whether there are more; None where that is not cheap."""
    backend = store.backend
    if not backend.iterable:
        return None, False
    kind = type(backend)
    if kind.count is not Backend.count:
        return store.count(), False
    if kind.scan_keys is Backend.scan_keys and backend.shared:
        return None, False  # listing keys would fetch every value
    keys, cursor = backend.scan_keys(store.coder.prefix(""), None, _COUNTED)
    return len(keys), cursor is not None
