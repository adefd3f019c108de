"""The SQL of one table, each database in its own dialect, put together once for a store.

``DIALECTS["postgresql"]("kvstore").get`` is the statement that reads one cell.

Keys are bytes to the database, so no collation decides which are equal; to SQLite they are text,
the UTF-8 of which it compares byte by byte. A statement passes over the cells that have expired,
so it is exact by itself; only those that read cells by their names return the expiry too, and
leave it to `cells` to look: PostgreSQL plans them in half the time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Final

from django_kvstore.records import IS_SPLIT, LONGEST_HEAD

from .statement import Many, Statement

#: The bytes that say of a record that it is the head of a split value.
_SPLIT: Final = ", ".join(f"x'{flags:02x}'" for flags in range(16) if flags & IS_SPLIT)


class Dialect:
    """The statements as SQLite and PostgreSQL both know them; a subclass says what differs."""

    #: The character around names.
    quotes: ClassVar[str] = '"'
    #: What the driver wants for a parameter; Django's cursors want ``%s``.
    marker: ClassVar[str] = "%s"
    #: Whether any connection will do that the driver gives: Django's cursors are the driver's own.
    any_driver: ClassVar[bool] = True
    #: Whether a cursor may be kept for the next statement, with the row that it has read.
    keeps_cursors: ClassVar[bool] = True
    #: A parameter of bytes to compare keys with.
    bound: ClassVar[str] = "%s"
    #: The types of key, expires and value.
    types: ClassVar[tuple[str, str, str]]
    #: Makes an expression of a column, which has its value and no declared type.
    untyped: ClassVar[str] = ""
    #: A read can lock its cell: nobody else may change it until the transaction ends.
    can_lock: ClassVar[bool] = True
    #: A statement that deletes may say what it deleted, for less than another statement.
    tells: ClassVar[bool] = True
    #: Keeps the planner from walking in the keys' order by way of the index of expiries.
    by_key: ClassVar[str] = ""
    #: The other way round, for finding the expired: after the table, and before the key.
    by_expiry: ClassVar[str] = ""
    not_by_key: ClassVar[str] = ""
    #: Asks for the longest statement that the server takes, in bytes. None: any is taken.
    packet_limit: ClassVar[Statement | None] = None
    #: How often `add` takes the time.
    add_clocks: ClassVar[int] = 1
    #: Who waits to write sleeps and looks again, so that some starve: a process's threads queue.
    queues: ClassVar[bool] = False
    #: A transaction takes the right to write, by `lock`, before it reads.
    writes_first: ClassVar[bool] = False

    def __init__(self, table: str) -> None:
        self.table = table
        #: What makes of a cell's name and of a record what the driver takes, and of what it gives
        #: a name.
        self.name: Callable[[str], Any] = str.encode
        self.binary: Callable[[bytes], Any] = bytes
        self.text: Callable[[Any], str] = _decode
        t, k, e, v = (self.quote(name) for name in (table, "key", "expires", "value"))
        live = f"({e} IS NULL OR {e} > %s)"
        bound = self.bound
        walk = f"FROM {t}{self.by_key} WHERE {k}"
        ordered = f"{bound} AND {k} < {bound} AND {live} ORDER BY {k}"
        insert = f"INSERT INTO {t} ({k}, {e}, {v}) VALUES "
        one, many = partial(Statement, marker=self.marker), partial(Many, marker=self.marker)

        found = f"{self.untyped}{v}, {self.untyped}{e} FROM {t} WHERE {k}"
        self.get = one(f"SELECT {found} = %s")
        for_update = " FOR UPDATE" if self.can_lock else ""
        self.get_for_update = one(f"SELECT {found} = %s{for_update}")
        self.get_many = many(f"SELECT {k}, {found} IN (", "%s", ")")

        # Two of each: for ever, and until a time, which is one parameter more.
        rows = ("(%s, NULL, %s)", "(%s, %s, %s)")
        self.set_many = [many(insert, row, self.or_overwrite()) for row in rows]
        self.set = [one(f"{insert}{row}{self.or_overwrite()}") for row in rows]
        self.add = [one(f"{insert}{row}{self.or_overwrite_expired()}") for row in rows]
        replaces = [
            f"UPDATE {t} SET {e} = {new}, {v} = %s WHERE {k} = %s AND {v} = %s"
            for new in ("NULL", "%s")
        ]
        self.replace = [one(f"{replace} AND {live}") for replace in replaces]
        # And where it is known already that the cell has not expired, or even that its expiry
        # stays: what does not name the column has nothing to do with its index.
        self.replace_live = [one(replace) for replace in replaces]
        self.replace_value = one(f"UPDATE {t} SET {v} = %s WHERE {k} = %s AND {v} = %s")

        self.delete = one(f"DELETE FROM {t} WHERE {k} = %s AND {live}")
        self.remove = one(f"DELETE FROM {t} WHERE {k} = %s AND {v} = %s AND {live}")
        self.delete_many = many(f"DELETE FROM {t} WHERE {k} IN (", "%s", f") AND {live}")
        # These say of each what it was, so that the parts of a large value can go too; the next
        # two, for those that do not tell, leave the heads of large values.
        told = f"SUBSTR({v}, 1, {LONGEST_HEAD})"
        self.take = one(f"DELETE FROM {t} WHERE {k} = %s AND {live} RETURNING {told}")
        self.take_many = many(
            f"DELETE FROM {t} WHERE {k} IN (", "%s", f") AND {live} RETURNING {k}, {told}"
        )
        whole = f"(LENGTH({v}) > {LONGEST_HEAD} OR SUBSTR({v}, 2, 1) NOT IN ({_SPLIT}))"
        self.delete_whole = one(f"DELETE FROM {t} WHERE {k} = %s AND {live} AND {whole}")
        self.delete_many_whole = many(
            f"DELETE FROM {t} WHERE {k} IN (", "%s", f") AND {live} AND {whole}"
        )
        self.clear = one(f"DELETE FROM {t} WHERE {k} >= {bound} AND {k} < {bound}")

        self.first_page = one(f"SELECT {k}, {v} {walk} >= {ordered} LIMIT %s")
        self.next_page = one(f"SELECT {k}, {v} {walk} > {ordered} LIMIT %s")
        self.first_keys = one(f"SELECT {k} {walk} >= {ordered} LIMIT %s")
        self.next_keys = one(f"SELECT {k} {walk} > {ordered} LIMIT %s")
        self.count = one(f"SELECT COUNT(*) {walk} >= {bound} AND {k} < {bound} AND {live}")

        self.expired = one(
            f"SELECT {k} FROM {t}{self.by_expiry} WHERE {e} <= %s"
            f" AND {self.not_by_key}{k} >= {bound} AND {self.not_by_key}{k} < {bound}"
            f" ORDER BY {e} LIMIT %s"
        )
        self.purge = many(f"DELETE FROM {t} WHERE {k} IN (", "%s", f") AND {e} <= %s")
        self.nothing = one(f"SELECT * FROM {t} WHERE 1 = 0")
        self.lock = one(f"DELETE FROM {t} WHERE 0") if self.writes_first else None

    def quote(self, name: str) -> str:
        """Return the name as SQL writes it, with ``%`` doubled for the drivers.

        Not Django's `quote_name`: that leaves quotes inside a name as they are, and passes what
        begins and ends with one, which lets a name become any SQL.
        """
        inside = name.replace(self.quotes, self.quotes * 2).replace("%", "%%")
        return f"{self.quotes}{inside}{self.quotes}"

    def name_problem(self) -> str | None:
        """Say what keeps the table from having its name; None when nothing does."""
        return None

    def or_overwrite(self) -> str:
        """Return the end of an INSERT that is to overwrite whatever is there."""
        k, e, v = (self.quote(name) for name in ("key", "expires", "value"))
        return f" ON CONFLICT ({k}) DO UPDATE SET {e} = excluded.{e}, {v} = excluded.{v}"

    def or_overwrite_expired(self) -> str:
        """Return the end of an INSERT that is to overwrite an expired cell; it takes the time."""
        return f"{self.or_overwrite()} WHERE {self.quote(self.table)}.{self.quote('expires')} <= %s"

    def added(self, cursor: Any) -> bool:
        """Say, after `add`, whether the cell was written."""
        return bool(cursor.rowcount == 1)

    def create(self) -> tuple[str, ...]:
        """Return the statements that create the table and its index.

        The expiry stands before the value: a statement that asks for the one need not read past
        the other, which for large values lies on pages of its own.
        """
        t, e, index = (self.quote(name) for name in (self.table, "expires", self.index_name()))
        return (
            f"CREATE TABLE {t} ({self.columns()})",
            f"CREATE INDEX {index} ON {t} ({e}) WHERE {e} IS NOT NULL",
        )

    def columns(self) -> str:
        k, e, v = (self.quote(name) for name in ("key", "expires", "value"))
        key, expires, value = self.types
        return f"{k} {key} NOT NULL PRIMARY KEY, {e} {expires} NULL, {v} {value} NOT NULL"

    def index_name(self) -> str:
        """Return a name for the index that no other table's index has, within any limit."""
        digest = hashlib.sha256(self.table.encode()).hexdigest()
        return f"kvstore_expires_{digest[:16]}"


class SQLite(Dialect):
    # In double quotes, a column that is not there is taken for a text, and a wrong table for one
    # without the key: https://www.sqlite.org/quirks.html#dblquote
    quotes = "`"
    marker = "?"
    any_driver = False
    # It compares text quicker than bytes.
    types = ("TEXT", "DOUBLE PRECISION", "BLOB")
    bound = "CAST(%s AS TEXT)"
    # For a declared type Python looks for a converter, anew for each statement.
    untyped = "+"
    # A range of keys is bounded on both sides, which the planner takes for the narrower one.
    not_by_key = "+"
    can_lock = False
    tells = False
    # A transaction that has read, and writes after somebody else has, is refused at once, whatever
    # the timeout: https://www.sqlite.org/rescode.html#busy_snapshot
    writes_first = True
    queues = True

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.name = self.text = str
        # For bytes, as for None, Python looks for an adapter, each time that they are sent.
        self.binary = bytearray


class PostgreSQL(Dialect):
    types = ("bytea", "double precision", "bytea")

    def name_problem(self) -> str | None:
        # A longer one is cut short in silence, so two of them could be one table.
        size = len(self.table.encode())
        return None if size <= 63 else _too_long(self.table, f"{size} bytes", "PostgreSQL", 63)


class MySQL(Dialect):
    """MariaDB and MySQL."""

    quotes = "`"
    # A key of any cell (1,025 bytes) is within InnoDB's limit of 3,072 for an index.
    types = ("VARBINARY(1025)", "DOUBLE PRECISION", "LONGBLOB")
    by_key = " FORCE INDEX (PRIMARY)"
    by_expiry = " FORCE INDEX (kvstore_expires)"
    add_clocks = 2
    # One that is not buffered, if OPTIONS want it, is done only when it is closed.
    keeps_cursors = False
    packet_limit = Statement("SELECT @@max_allowed_packet")

    def or_overwrite(self) -> str:
        return " ON DUPLICATE KEY UPDATE `expires` = VALUES(`expires`), `value` = VALUES(`value`)"

    def or_overwrite_expired(self) -> str:
        # The assignments are made from left to right, so the expiry, which decides, comes last.
        # The number of rows cannot tell what happened (Django asks for the rows found, not
        # changed); the "last inserted id" can: 2 where a live cell was found, else 0 or 1.
        # A plain INSERT would fail for a cell that is there, and keep a shared lock on it, from
        # which two transactions that go on to write it deadlock.
        return (
            " ON DUPLICATE KEY UPDATE"
            " `value` = IF(`expires` <= %s, VALUES(`value`), `value`),"
            " `expires` = IF(LAST_INSERT_ID(IF(`expires` <= %s, 1, 2)) = 1,"
            " VALUES(`expires`), `expires`)"
        )

    def added(self, cursor: Any) -> bool:
        return bool(cursor.lastrowid != 2)

    def name_problem(self) -> str | None:
        size = len(self.table)
        if size > 64:
            return _too_long(self.table, f"{size} characters", "MariaDB and MySQL", 64)
        if any(character > "\uffff" for character in self.table):
            return f"MariaDB and MySQL take no character beyond U+FFFF in a name: {self.table!r}."
        return None

    def create(self) -> tuple[str, ...]:
        # InnoDB by name: with an engine that knows no transactions nothing here would hold.
        inside = f"({self.columns()}, KEY kvstore_expires (`expires`))"
        table = f"CREATE TABLE {self.quote(self.table)} {inside}"
        return (f"{table} ENGINE=InnoDB ROW_FORMAT=DYNAMIC",)


def _decode(name: Any) -> str:
    return bytes(name).decode()


def _too_long(table: str, size: str, engine: str, limit: int) -> str:
    return f"the table's name {table!r} has {size}; {engine}: no more than {limit}."


#: By Django's name for the kind of database, `connection.vendor`.
DIALECTS: Final[dict[str, type[Dialect]]] = {
    "sqlite": SQLite,
    "postgresql": PostgreSQL,
    "mysql": MySQL,
}
