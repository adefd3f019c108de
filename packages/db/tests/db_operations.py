"""Every operation of a backend, on a cell that is there and one that is not.

``OPERATIONS["get"](backend)``
"""

from __future__ import annotations

from django_kvstore.backend import Write

KEY, RECORD = "n:key", b"record"

OPERATIONS = {
    "get": lambda backend: backend.get(KEY),
    "get, missing": lambda backend: backend.get("n:not"),
    "set": lambda backend: backend.set(KEY, b"other", None),
    "set, expiring": lambda backend: backend.set(KEY, b"other", 2.0**40),
    "delete": lambda backend: backend.delete(KEY),
    "take": lambda backend: backend.take(KEY),
    "take_many": lambda backend: backend.take_many([KEY, "n:not"]),
    "add": lambda backend: backend.add("n:new", RECORD, None),
    "swap": lambda backend: backend.compare_and_set(KEY, RECORD, b"other", None),
    "update": lambda backend: backend.update(KEY, lambda record: Write(b"other")),
    "get_many": lambda backend: backend.get_many([KEY, "n:not"]),
    "set_many": lambda backend: backend.set_many({KEY: b"other", "n:new": RECORD}, None),
    "delete_many": lambda backend: backend.delete_many([KEY, "n:not"]),
    "scan": lambda backend: backend.scan("n:", None, 9),
    "count": lambda backend: backend.count("n:"),
    "clear": lambda backend: backend.clear("n:"),
}
