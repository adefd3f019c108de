"""Computing a missing value once, however many callers want it, in however many processes.

``kvstore.get_or_set("report", build_report, ttl=600)``

The first caller takes a lock, an entry of its own with an expiry; the others look again now and
then. Whoever holds the lock may die: the lock expires, and another takes it.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import keys, records
from .backend import Write
from .coder import is_gone
from .options import MISSING

if TYPE_CHECKING:
    from .atomic import AtomicStore

_LOCK_CODE = ord(keys.LOCK)


def compute_once(
    store: AtomicStore,
    name: str,
    key: str,
    function: Callable[[], Any],
    ttl: float | None,
    lease: float,
) -> Any:
    """Return the entry's value, calling `function` for it unless somebody else is at it.

    `name` is the cell of the lock.
    """
    pause = 0.002
    while True:
        token = _acquire(store, name, lease)
        if token is not None:
            try:
                # The one who had the lock before may have just finished.
                value = store.get(key, MISSING)
                if value is MISSING:
                    value = function()
                    if not store.add(key, value, ttl):
                        value = store.get(key, value)
                return value
            finally:
                store.backend.compare_and_set(name, token, None, None)
        time.sleep(random.uniform(pause / 2, pause))
        pause = min(pause * 2, 0.1)
        value = store.get(key, MISSING)
        if value is not MISSING:
            return value


def _acquire(store: AtomicStore, name: str, lease: float) -> bytes | None:
    """Take the lock if it is free or its lease is over; return the record that proves it."""
    expires = time.time() + lease
    token = records.pack(name, secrets.token_bytes(16), code=_LOCK_CODE, expires=expires)
    if store.backend.add(name, token, expires):
        return token
    if store.backend.expires_itself:
        return None
    taken = False

    def take(record: bytes | None) -> Write | None:
        nonlocal taken
        taken = is_gone(record)
        return Write(token, expires) if taken else None

    store.backend.update(name, take)
    return token if taken else None
