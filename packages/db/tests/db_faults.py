"""What the tests of failures do to a connection, try on it, and look for in its errors.

``kill(connection, session_of(other))``
"""

from __future__ import annotations

import time

SECRET = "correct-horse-battery"
CELL = f"n:{SECRET}"
RECORD = SECRET.encode()


def session_of(connection):
    """Return the server's number for the connection."""
    with connection.cursor() as cursor:
        postgresql = connection.vendor == "postgresql"
        cursor.execute(f"SELECT {'pg_backend_pid' if postgresql else 'connection_id'}()")
        return cursor.fetchone()[0]


def kill(connection, session):
    """Have the server end that session, and wait until it is gone."""
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgresql:
            cursor.execute("SELECT pg_terminate_backend(%s)", [session])
        else:
            cursor.execute(f"KILL {session}")
        table, column = ("pg_stat_activity", "pid") if postgresql else ("processlist", "id")
        schema = "" if postgresql else "information_schema."
        for _ in range(1000):
            cursor.execute(f"SELECT 1 FROM {schema}{table} WHERE {column} = %s", [session])
            if cursor.fetchone() is None:
                return
            time.sleep(0.01)
    raise AssertionError("the session outlived its end")


def clean(error):
    """Say whether the error keeps the key, the record and the password to itself."""
    return SECRET not in str(error) and SECRET not in repr(error)


READS = {
    "get": (lambda backend: backend.get(CELL), RECORD),
    "get_many": (lambda backend: backend.get_many([CELL]), {CELL: RECORD}),
    "scan": (lambda backend: backend.scan("n:", None, 9).cells, [(CELL, RECORD)]),
    "count": (lambda backend: backend.count("n:"), 1),
}
WRITES = {
    "set": lambda backend: backend.set(CELL, RECORD, None),
    "delete": lambda backend: backend.delete(CELL),
    "add": lambda backend: backend.add("n:new", RECORD, None),
    "swap": lambda backend: backend.compare_and_set(CELL, RECORD, b"other", None),
    "set_many": lambda backend: backend.set_many({CELL: RECORD}, None),
}
