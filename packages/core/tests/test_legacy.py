from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_kvstore import CorruptValue, NotSupported, get_kvstore


class StorageClass:
    """A backend as django-kvstore 1.0 had them."""

    def __init__(self, host: str, params: dict[str, str]) -> None:
        self.host, self.params = host, params
        self.data: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.data.get(key)

    def set(self, key: str, value: Any) -> None:
        self.data[key] = value

    def delete(self, key: str) -> None:
        self.data.pop(key, None)


def test_an_old_storage_is_a_store() -> None:
    store = get_kvstore(f"{__name__}://some-host:5?name=value&ttl=60")
    old: StorageClass = store.backend._storage  # type: ignore[attr-defined]
    assert (old.host, old.params) == ("some-host:5", {"name": "value"})
    store.set("a", {"x": (1, None)})
    assert store.get("a") == {"x": (1, None)}
    assert "a" in store
    assert store.delete("a") is True
    assert store.delete("a") is False
    store.close()
    for impossible in (lambda: store.incr("n"), lambda: list(store.keys()), store.clear):
        with pytest.raises(NotSupported):
            impossible()
    store.backend._storage.data[":odd"] = "text"  # type: ignore[attr-defined]
    with pytest.raises(CorruptValue, match="str where bytes"):
        store.get("odd")


@pytest.mark.parametrize("path", ["no.such.module", "json.decoder"])
def test_a_module_without_storage_is_told(path: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="does not offer a StorageClass"):
        get_kvstore(f"{path}://x")
