from __future__ import annotations

import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_kvstore import CorruptValue, NotSupported, get_kvstore
from django_kvstore.backends.base import BaseStorage, InvalidKeyValueStoreBackendError


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


class Subclass(BaseStorage):
    """As 1.0's own backends were written."""

    def __init__(self, server: str, params: dict[str, str]) -> None:
        BaseStorage.__init__(self, params)
        if params.get("name") == "wrong":
            raise InvalidKeyValueStoreBackendError("name is wrong")
        self.data: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.data.get(key)

    def set(self, key: str, value: Any) -> None:
        self.data[key] = value

    def delete(self, key: str) -> None:
        del self.data[key]


def test_a_subclass_of_the_old_base_is_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "StorageClass", Subclass)
    store = get_kvstore(f"{__name__}://subclass")
    store.set("a", [1])
    assert store.get("a") == [1]
    assert store.delete("a") is True
    store.close()
    with pytest.raises(ImproperlyConfigured, match="name is wrong"):
        get_kvstore(f"{__name__}://subclass?name=wrong")


def test_the_old_base_does_nothing_by_itself() -> None:
    storage = BaseStorage({})
    for call in (storage.get, storage.delete):
        with pytest.raises(NotImplementedError):
            call("a")
    with pytest.raises(NotImplementedError):
        storage.set("a", 1)
    storage.close(signal="request_finished")


@pytest.mark.parametrize("path", ["no.such.module", "json.decoder"])
def test_a_module_without_storage_is_told(path: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="does not offer a StorageClass"):
        get_kvstore(f"{path}://x")
