"""Entries whose bytes are not what the store wrote."""

from __future__ import annotations

from .mistake import GET, Chapter, Mistake

DAMAGE = Chapter(
    "Damaged entries",
    "No part of the value was loaded, and the entry stays as it is: `set` or `delete` mends it.",
    (
        Mistake(
            "Something else wrote there",
            raises="CorruptValue",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions"}',
            scene='kvstores["sessions"].backend.set(":a", b"hunter2", None)',
            call=GET,
            wrong="it does not begin as a record does",
            fix="Restore or delete the entry",
        ),
        Mistake(
            "A bit is flipped",
            raises="CorruptValue",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions"}',
            scene=(
                'backend = kvstores["sessions"].backend\n'
                'kvstores["sessions"].set("a", "hunter2")\n'
                'record = bytearray(backend.get(":a"))\n'
                "record[-1] ^= 1\n"
                'backend.set(":a", bytes(record), None)'
            ),
            call=GET,
            wrong="its checksum does not match its bytes and its key",
            fix="Restore or delete the entry",
        ),
        Mistake(
            "Another serializer wrote it",
            raises="CorruptValue",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions"}',
            scene='kvstores["sessions"].with_options(serializer="json").set("a", "hunter2")',
            call=GET,
            wrong="it was written by the serializer 'json', and this store uses 'typed'",
            fix="correct the store's SERIALIZER",
        ),
        Mistake(
            "A pickle that was signed with another key",
            raises="CorruptValue",
            settings=(
                'SECRET_KEY = "a new one, of hunter2"\n'
                'KEY_VALUE_STORES = {"sessions": "db://sessions?serializer=pickle"}'
            ),
            scene=(
                'with override_settings(SECRET_KEY="an old one, of hunter2"):\n'
                '    kvstores["sessions"].set("a", {1, 2})'
            ),
            call=GET,
            wrong="its signature was made with another SECRET_KEY",
            fix="SECRET_KEY_FALLBACKS",
        ),
    ),
)
