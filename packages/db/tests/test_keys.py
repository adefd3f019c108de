"""Keys are bytes to the database: no collation, padding or encoding makes two of them one."""

from __future__ import annotations

import time

import pytest

# Pairs that MariaDB's default collation takes for one key, and what its VARCHAR would cut off.
ALIKE = ["a", "A", "á", "a ", "a  ", "e", "é", "e\N{COMBINING ACUTE ACCENT}", "ß", "ss", "0", "00"]
# What texts, drivers and parameters stumble over.
AWKWARD = [
    "\0",
    "a\0",
    "a\0b",
    "\n",
    "%",
    "%s",
    "%%s",
    "%(a)s",
    "{}",
    "?",
    ":a",
    "'",
    '"',
    "`",
    "\\",
]
WIDE = ["\N{PILE OF POO}", "\uffff", "\U0010ffff", "\x7f", "\x80"]
NAMES = [f"n:{name}" for name in (*ALIKE, *AWKWARD, *WIDE)]


def test_every_key_is_a_cell_of_its_own(database, open_backend):
    backend = open_backend(database.alias)
    for name in NAMES:
        backend.set(name, name.encode(), None)
    assert {name: backend.get(name) for name in NAMES} == {name: name.encode() for name in NAMES}
    assert backend.get_many(NAMES) == {name: name.encode() for name in NAMES}
    assert backend.count("n:") == len(NAMES)
    assert backend.delete(NAMES[0])
    assert backend.count("n:") == len(NAMES) - 1


def test_set_many_and_add_tell_alike_keys_apart(database, open_backend):
    backend = open_backend(database.alias)
    backend.set_many(dict.fromkeys(NAMES[::2], b"many"), None)
    assert [backend.add(name, b"one", None) for name in NAMES] == [False, True] * (len(NAMES) // 2)


def test_the_longest_key_is_kept_whole(database, open_backend):
    backend = open_backend(database.alias)
    longest = "n:" + "é" * 511 + "a"
    assert len(longest.encode()) == backend.max_key_bytes
    backend.set_many({longest: b"1", longest[:-1] + "b": b"2"}, None)
    assert backend.scan_keys("n:", None, 10).keys == [longest, longest[:-1] + "b"]
    assert backend.scan_keys("n:", longest, 10).keys == [longest[:-1] + "b"]


def test_a_walk_is_in_the_order_of_bytes_and_resumes_anywhere(database, open_backend):
    backend = open_backend(database.alias)
    backend.set_many(dict.fromkeys(NAMES, b"record"), None)
    seen, cursor = [], None
    while True:
        page, cursor = backend.scan("n:", cursor, 3)
        seen += [name for name, _ in page]
        if cursor is None:
            break
    assert seen == sorted(NAMES, key=str.encode)


@pytest.mark.parametrize("prefix", ["", "n:", "n:\U0010ffff", "n:\x7f", "n:a", "n:%"])
def test_a_prefix_is_a_prefix_of_bytes(database, open_backend, prefix):
    backend = open_backend(database.alias)
    backend.set_many(dict.fromkeys([*NAMES, "m", "o"], b"record"), None)
    backend.set("n:gone", b"record", time.time() - 1)
    expected = sorted(name for name in [*NAMES, "m", "o"] if name.startswith(prefix))
    assert sorted(backend.scan_keys(prefix, None, 100).keys) == expected
    assert backend.count(prefix) == len(expected)
    assert backend.clear(prefix) == len(expected)
    assert backend.count("") == len(NAMES) + 2 - len(expected)
