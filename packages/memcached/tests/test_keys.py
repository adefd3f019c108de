"""Every name of a cell becomes a key that memcached takes, and no other name's.

``pytest packages/memcached/tests/test_keys.py``
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore.params import read_params
from django_kvstore.url import StoreURL
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.keys import (
    MAX_BYTES,
    TOKEN_BYTES,
    generation_key,
    is_whole_prefix,
    split,
)
from servers.memcached import Memcached

#: What a name may consist of, the awkward ones often.
CHARACTERS = st.one_of(
    st.characters(exclude_categories=("Cs",)), st.sampled_from("a :;!=#~%\0\n\r")
)
NAMES = st.builds(
    lambda namespace, mark, rest: namespace + mark + rest,
    st.text("shop/.-_", max_size=200),
    st.sampled_from(":;!"),
    st.text(CHARACTERS, max_size=260),
)

AWKWARD = [
    "a",
    "A",
    "a ",
    " a",
    "a\n",
    "a\r\nset x 0 0 1\r\ny",
    "\0",
    "a\0b",
    "\x7f",
    "\x01\x1f",
    "é",
    "e\u0301",
    "😀",
    "%00",
    "a/b",
    '"',
    "=a",
    "#a",
    "~a",
    "~kvstore~:",
    "k" * 232,
    "k" * 233,
    "k" * 1024,
    "k" * 1023 + "l",
    "\u2028",
    "\xa0a",
    "😀" * 256,
]


@given(NAMES)
def test_a_key_is_what_memcached_takes(name: str) -> None:
    _, tail = split(name)
    assert len(tail) + TOKEN_BYTES <= MAX_BYTES
    assert all(0x21 <= byte <= 0x7E for byte in tail)


@given(NAMES, NAMES)
def test_two_names_never_share_a_key(one: str, other: str) -> None:
    assert (split(one)[1] == split(other)[1]) == (one == other)


@given(NAMES)
def test_no_name_takes_the_key_of_another_ones_digest(name: str) -> None:
    digested = split(name + " ")[1]
    assert digested[:1] == b"#"
    assert split(":" + digested.decode())[1] != digested


def test_a_short_plain_name_stays_readable() -> None:
    assert split("shop:user/1") == ("shop:", b"=shop:user/1")


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        (":a", ":"),
        (":a:b;c", ":"),
        ("shop:a", "shop:"),
        ("shop;a:b", "shop;"),
        ("shop!a", "shop!"),
        ("shop:" + "k" * 1000, "shop:"),
        ("shop:é!", "shop:"),
    ],
)
def test_a_name_belongs_to_its_namespace_and_mark(name: str, prefix: str) -> None:
    assert split(name)[0] == prefix
    assert is_whole_prefix(prefix)


def test_a_generation_has_a_key_that_no_cell_has() -> None:
    # A cell's key begins with 16 characters of URL-safe base64, which has no "~".
    assert generation_key("shop:").startswith(b"~")
    assert len(generation_key("n" * 200 + ":")) <= MAX_BYTES


@pytest.mark.parametrize("prefix", ["", "shop", "shop:a", "shop:a:", "shop::", "é:"])
def test_part_of_a_store_is_no_whole_prefix(prefix: str) -> None:
    assert not is_whole_prefix(prefix)


def test_awkward_names_hold_a_value_each(backend: MemcachedBackend, space: str) -> None:
    cells = {space + name: name.encode() for name in AWKWARD}
    assert len(cells) == len(AWKWARD)
    for cell, value in cells.items():
        backend.set(cell, value, None)
    assert {cell: backend.get(cell) for cell in cells} == cells
    assert backend.get_many(list(cells)) == cells
    for cell in cells:
        assert backend.delete(cell)
        assert backend.get(cell) is None


@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=20))
def test_any_names_at_all_hold_a_value_each(
    shared_backend: MemcachedBackend, cells: dict[str, bytes]
) -> None:
    shared_backend.set_many(cells, None)
    assert shared_backend.get_many(list(cells)) == cells
    for cell, value in cells.items():
        assert shared_backend.get(cell) == value
    assert shared_backend.delete_many(list(cells)) == len(cells)
    assert shared_backend.get_many(list(cells)) == {}


@pytest.fixture(scope="module")
def shared_backend(memcached: Memcached) -> Iterator[MemcachedBackend]:
    """One backend for all examples of a property."""
    url = StoreURL.parse(f"memcached://{memcached.address}")
    params = read_params(MemcachedBackend.params, url.params, where="the test's store")
    backend = MemcachedBackend("tested", url, params)
    yield backend
    backend.close()
