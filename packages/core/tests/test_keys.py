from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore import InvalidKey, get_kvstore
from django_kvstore.keys import check_namespace, key_problem

SEGMENTS = st.text("abAB09_.-", min_size=1, max_size=4)
NAMESPACES = st.lists(SEGMENTS, max_size=3).map("/".join)
KEYS = st.text(min_size=1, max_size=40)


@given(NAMESPACES, NAMESPACES, KEYS, KEYS)
def test_no_two_of_namespace_and_key_share_a_cell(
    one: str, other: str, key: str, other_key: str
) -> None:
    engine = get_kvstore("locmem://cells")
    cells = set()
    pairs = {(one, key), (other, other_key), (one, other_key), (other, key)}
    usable = {pair for pair in pairs if key_problem(pair[1], 1000) is None}
    for namespace, name in usable:
        coder = engine.with_options(namespace=namespace).coder
        cells |= {coder.cell(name), coder.lock_cell(name)}
        assert coder.key(coder.cell(name)) == name
    assert len(cells) == 2 * len(usable)


@given(key=st.text(max_size=300))
def test_any_text_is_a_key_or_invalid_and_never_another_key(key: str) -> None:
    store = get_kvstore(f"locmem://{uuid.uuid4().hex}")
    neighbours = [key.upper(), key.lower(), key.strip(), key + " ", key + "\0", "x"]
    values = {name: name for name in {key, *neighbours} if key_problem(name, 1024) is None}
    for name in values:
        store.set(name, values[name])
    for name in values:
        assert store.get(name) == name
    assert dict(store.items()) == values
    if key not in values:
        with pytest.raises(InvalidKey):
            store.set(key, 1)


@pytest.mark.parametrize("bad", ["a b", "a:b", "a;b", "a!b", "é", "x" * 201, None, 5])
def test_a_bad_namespace_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="namespace"):
        check_namespace(bad)


def test_the_limit_counts_bytes_and_the_namespace() -> None:
    store = get_kvstore("locmem://limits")
    store.set("é" * 512, 1)
    with pytest.raises(InvalidKey, match="1025 bytes"):
        store.set("é" * 512 + "a", 1)
    inner = store.namespace("four")
    inner.set("a" * 1020, 1)
    with pytest.raises(InvalidKey, match=r"1021 bytes of UTF-8; this store accepts up to 1020"):
        inner.set("a" * 1021, 1)
