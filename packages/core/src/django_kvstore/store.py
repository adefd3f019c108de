"""The store: the interface that applications use, over any backend.

``kvstore.set("greeting", "hello", ttl=60)``, and every method again with an ``a`` before its name.

A stored None is a value like any other; a miss is never an error, and an outage is never a miss.
The operations stand in layers, each a module: `entries`, `atomic`, `iteration`, `aio`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import keys
from .aio import AsyncStore
from .errors import InvalidKey
from .options import StoreOptions
from .params import secret_names


class Store(AsyncStore):
    """One configured store; thread-safe. `django_kvstore.kvstores` makes them.

    Every method raises `InvalidKey` for a bad key, `Unavailable` or `Timeout` when the engine
    does not answer, `Refused` when it answers that it will not do it, `OutcomeUnknown` when a
    write's answer was lost, and `NotSupported` for what the engine declares away. `ttl` is in
    seconds or a ``timedelta``: None is without expiry, zero or less has expired already, and
    `DEFAULT_TTL` is what the store's options say.
    """

    def namespace(self, name: str) -> Store:
        """Return a store within this one, whose keys no other namespace sees.

        `name` is up to 200 ASCII letters, digits, ``_``, ``.`` or ``-``, and never holds a ``/``:
        ``store.namespace("user").namespace("ada")`` is the namespace ``user/ada``. So a name that
        comes from a user cannot reach into another's. All names together have at most 200
        characters. Raises `InvalidKey` for any other name, an empty one included.
        """
        try:
            segment = keys.check_segment(name)
        except ValueError as error:
            raise self.backend.error(
                InvalidKey,
                f"{error}.",
                hint="Choose another name. For one namespace within another, call "
                "namespace('outer').namespace('inner').",
            ) from None
        outer = self.options.namespace
        return self.with_options(namespace=f"{outer}/{segment}" if outer else segment)

    def with_options(self, **changes: Any) -> Store:
        """Return a store on the same engine with other `StoreOptions`.

        A ``namespace`` given here is the whole path, as ``"user/ada"``; it takes the place of this
        store's. Raises `InvalidKey` where that is not a namespace.
        """
        return type(self)(self.backend, StoreOptions(**{**vars(self.options), **changes}))

    @property
    def address(self) -> str:
        """The store's URL without secrets, and with the namespace though that stands beside it."""
        backend, namespace = self.backend, self.options.namespace
        shown = {n: v for n, v in backend.url.params.items() if n.lower() != "namespace" or v}
        named = next((name for name in shown if name.lower() == "namespace"), "namespace")
        if namespace:
            shown[named] = namespace
        return replace(backend.url, params=shown).redacted(secret_names(backend.params))

    def __repr__(self) -> str:
        inside = f" namespace '{self.options.namespace}'" if self.options.namespace else ""
        return f"<Store {self.backend!r}{inside}>"
