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
from typing import Any

from . import keys, records
from .backend import Backend, Write
from .coder import is_gone
from .options import MISSING

_LOCK_CODE = ord(keys.LOCK)


def compute_once(
    backend: Backend,
    lock: str,
    lease: float,
    look: Callable[[], Any],
    compute: Callable[[], Any],
) -> Any:
    """Return what `look` finds, or else `compute` makes, unless somebody else is at it.

    `lock` is the name of the lock's cell, `lease` its expiry in seconds; `look` returns MISSING
    when there is no value yet, and `compute` stores the value that it returns.
    """
    if backend.in_transaction():
        # Whoever has the lock may be waiting for what this transaction has locked, and the lock
        # itself would be seen by nobody until it is over.
        return compute()
    pause = 0.002
    while True:
        token = _acquire(backend, lock, lease)
        if token is not None:
            try:
                # The one who had the lock before may have just finished.
                value = look()
                return compute() if value is MISSING else value
            finally:
                backend.compare_and_set(lock, token, None, None)
        time.sleep(random.uniform(pause / 2, pause))
        pause = min(pause * 2, 0.1)
        value = look()
        if value is not MISSING:
            return value


def _acquire(backend: Backend, lock: str, lease: float) -> bytes | None:
    """Take the lock if it is free or its lease is over; return the record that proves it."""
    expires = time.time() + lease
    token = records.pack(lock, secrets.token_bytes(16), code=_LOCK_CODE, expires=expires)
    if backend.add(lock, token, expires):
        return token
    if backend.expires_itself:
        return None
    taken = False

    def take(record: bytes | None) -> Write | None:
        nonlocal taken
        taken = is_gone(record)
        return Write(token, expires) if taken else None

    backend.update(lock, take)
    return token if taken else None
