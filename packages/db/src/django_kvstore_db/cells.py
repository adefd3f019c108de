"""One cell: reading, adding, swapping and changing it in a session.

``change(session, "n:hits", make)`` writes what ``make`` makes of the record that is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from django_kvstore.backend import Write

from .session import Session, every, first
from .statement import Statement


def read(session: Session, statement: Statement, key: str) -> bytes | None:
    """Return the cell's record, read by that statement; None when there is none."""
    row = session.send(statement, (session.sql.name(key),), first)
    return None if row is None else live(row)


def live(row: Any) -> bytes | None:
    """Return the record of a row that was read, None when it has expired."""
    record, expires = row
    return bytes(record) if expires is None or expires > time.time() else None


def get_many(session: Session, keys: Sequence[str]) -> dict[str, bytes]:
    """Read the records of those cells that there are."""
    sql = session.sql
    rows = session.send(sql.get_many(len(keys)), list(map(sql.name, keys)), every)
    text, now = sql.text, time.time()
    if text is str:  # and so every column is what it should be
        return {name: record for name, record, end in rows if end is None or end > now}
    return {text(name): bytes(record) for name, record, end in rows if end is None or end > now}


def set(session: Session, key: str, record: bytes, expires: float | None) -> None:
    """Write the cell, whatever it held."""
    sql, when = session.sql, () if expires is None else (expires,)
    params = (sql.name(key), *when, sql.binary(record))
    session.write(sql.set[len(when)], params)


def set_many(
    session: Session, keys: Sequence[str], records: Mapping[str, bytes], expires: float | None
) -> int:
    """Write those of the cells, whatever they held; return how many."""
    sql = session.sql
    when = () if expires is None else (repeat(expires),)
    written = map(sql.binary, map(records.__getitem__, keys))
    rows = zip(map(sql.name, keys), *when, written, strict=False)  # an expiry without end
    session.write(sql.set_many[len(when)](len(keys)), list(chain.from_iterable(rows)))
    return len(keys)


def delete(session: Session, key: str) -> bool:
    """Delete the cell; say whether there was one."""
    sql = session.sql
    return session.write(sql.delete, (sql.name(key), time.time())) > 0


def delete_many(session: Session, keys: Sequence[str]) -> int:
    """Delete those cells; return how many there were."""
    sql = session.sql
    return session.write(sql.delete_many(len(keys)), [*map(sql.name, keys), time.time()])


def take(session: Session, key: str) -> bytes | None:
    """Delete the cell; return the head of a large value that it held, or part of any record.

    None when there was no cell.
    """
    sql = session.sql
    params = (sql.name(key), time.time())
    if session.tells():
        row = session.write_out(sql.take, params, first)
        return None if row is None else bytes(row[0])
    if session.write(sql.delete_whole, params):
        return b""
    record = read(session, sql.get, key)
    return record if record is not None and delete(session, key) else None


def take_many(session: Session, keys: Sequence[str]) -> tuple[int, dict[str, bytes]]:
    """Delete those cells; return how many there were, and the heads of large values among them."""
    sql = session.sql
    params = [*map(sql.name, keys), time.time()]
    if session.tells():
        rows = session.write_out(sql.take_many(len(keys)), params, every)
        return len(rows), {sql.text(name): bytes(record) for name, record in rows}
    deleted = session.write(sql.delete_many_whole(len(keys)), params)
    if deleted == len(keys):
        return deleted, {}
    found = get_many(session, keys)
    return deleted + (delete_many(session, list(found)) if found else 0), found


def add(session: Session, key: str, record: bytes, expires: float | None) -> bool:
    """Write the cell if there is none; say whether it was written."""
    sql, when = session.sql, () if expires is None else (expires,)
    clocks = [time.time()] * sql.add_clocks
    params = (sql.name(key), *when, sql.binary(record), *clocks)
    return bool(session.write(sql.add[len(when)], params, sql.added))


def swap(session: Session, key: str, old: bytes | None, write: Write) -> bool:
    """Write the cell if it holds exactly `old`; say whether it was written."""
    new, expires = write
    sql = session.sql
    if old is None:
        if new is None:
            return read(session, sql.get, key) is None
        return add(session, key, new, expires)
    there = (sql.name(key), sql.binary(old), time.time())
    if new is None:
        return session.write(sql.remove, there) > 0
    when = () if expires is None else (expires,)
    return session.write(sql.replace[len(when)], (*when, sql.binary(new), *there)) > 0


def change(session: Session, key: str, make: Callable[[bytes | None], Write | None]) -> bool:
    """Change the cell unless somebody else does so in between; say whether it is settled.

    The session's `turn` is the caller's meanwhile.
    """
    sql = session.sql
    row = session.send(sql.get, (sql.name(key),), first)
    old = None if row is None else live(row)
    write = make(old)
    if write is None:
        return True
    new, expires = write
    if old is None or new is None:
        return swap(session, key, old, write)
    if live(row) is None:
        return False
    there = (sql.binary(new), sql.name(key), sql.binary(old))
    if expires == row[1]:
        return session.write_in_turn(sql.replace_value, there) > 0
    when = () if expires is None else (expires,)
    return session.write_in_turn(sql.replace_live[len(when)], (*when, *there)) > 0


def change_locked(session: Session, key: str, make: Callable[[bytes | None], Write | None]) -> bool:
    """Change the cell in a transaction, locked from being read on; say whether it is settled.

    It is not when there was no cell, which cannot be locked, and somebody else has added it.
    """

    def work(session: Session) -> bool:
        sql = session.sql
        if sql.lock:
            session.write(sql.lock, ())
        old = read(session, sql.get_for_update, key)
        write = make(old)
        if write is None:
            return True
        if old is None:
            # Nothing was locked, so nothing is known of what is there now.
            return swap(session, key, None, write)
        if write.record is None:
            delete(session, key)
        else:
            set(session, key, write.record, write.expires)
        return True

    return session.transact(work)
