"""One cell: reading, adding, swapping and changing it in a session.

``change(session, "n:hits", make)`` writes what ``make`` makes of the record that is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django_kvstore.backend import Write

from .session import Session


def get(session: Session, key: str) -> bytes | None:
    """Read the cell's record; None when there is none."""
    row = session.row(session.sql.get, (key.encode(), time.time()))
    return None if row is None else bytes(row[0])


def add(session: Session, key: str, record: bytes, expires: float | None) -> bool:
    """Write the cell if there is none; say whether it was written."""
    sql = session.sql
    params = (key.encode(), expires, record, *[time.time()] * sql.add_clocks)
    return bool(session.write(sql.add, params, sql.added))


def swap(session: Session, key: str, old: bytes | None, write: Write) -> bool:
    """Write the cell if it holds exactly `old`; say whether it was written."""
    new, expires = write
    name, now = key.encode(), time.time()
    if new is None:
        if old is None:
            return get(session, key) is None
        return session.write(session.sql.remove, (name, old, now)) > 0
    if old is None:
        return add(session, key, new, expires)
    return session.write(session.sql.replace, (expires, new, name, old, now)) > 0


def change(session: Session, key: str, make: Callable[[bytes | None], Write | None]) -> bool:
    """Change the cell unless somebody else does so in between; say whether it is settled."""
    old = get(session, key)
    write = make(old)
    return write is None or swap(session, key, old, write)


def change_locked(session: Session, key: str, make: Callable[[bytes | None], Write | None]) -> bool:
    """Change the cell in a transaction, locked from being read on; say whether it is settled.

    It is not when there was no cell, which cannot be locked, and somebody else has added it.
    """

    def work() -> bool:
        sql, name = session.sql, key.encode()
        if sql.lock:
            session.write(sql.lock, ())
        row = session.row(sql.get_for_update, (name, time.time()))
        write = make(None if row is None else bytes(row[0]))
        if write is None:
            return True
        if row is None:
            # Nothing was locked, so nothing is known of what is there now.
            return swap(session, key, None, write)
        if write.record is None:
            session.write(sql.delete, (name, time.time()))
            return True
        session.write(sql.set, (name, write.expires, write.record))
        return True

    return session.transact(work)
