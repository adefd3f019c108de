from __future__ import annotations

import time

from django_kvstore import MISSING, CorruptValue, Store


def test_export_tells_expiry_and_size_and_walks_over_what_is_damaged(store: Store) -> None:
    store.set("a", [1])
    store.set("b", "x" * 100, ttl=50)
    store.set("bad", 1)
    store.backend.set(":bad", b"nonsense", None)
    store.set("gone", 1, ttl=0.01)
    time.sleep(0.02)
    found = {}
    cursor = None
    while True:
        page, cursor = store.export("", cursor, limit=1)
        found |= {entry.key: entry for entry in page}
        if cursor is None:
            break
    assert sorted(found) == ["a", "b", "bad"]
    assert found["a"].value == [1]
    assert found["a"].expires is None
    assert found["b"].size > 100
    assert 49 < (found["b"].expires or 0) - time.time() <= 50
    assert found["bad"].value is MISSING
    assert isinstance(found["bad"].error, CorruptValue)
    assert [entry.key for entry in store.export("a").entries] == ["a"]
