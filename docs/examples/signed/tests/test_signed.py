"""What this serializer promises beyond the contract."""

from __future__ import annotations

import pytest
from django.test import override_settings

from django_kvstore import CorruptValue, get_kvstore
from django_kvstore_signed import SignedSerializer


def test_a_forged_value_is_refused() -> None:
    serializer = SignedSerializer("default")
    data = serializer.dumps({"admin": False}, ":user")
    forged = data[:32] + SignedSerializer("default").dumps({"admin": True}, ":user")[32:]
    with pytest.raises(ValueError, match="signature"):
        serializer.loads(forged, ":user")


@pytest.mark.parametrize(("alias", "key"), [("other", ":user"), ("default", ":other")])
def test_a_value_of_another_store_or_key_is_refused(alias: str, key: str) -> None:
    data = SignedSerializer("default").dumps(1, ":user")
    assert SignedSerializer("default").loads(data, ":user") == 1
    with pytest.raises(ValueError, match="signature"):
        SignedSerializer(alias).loads(data, key)


def test_the_key_can_be_rotated() -> None:
    store = get_kvstore("locmem://rotated?serializer=signed")
    with override_settings(SECRET_KEY="the old one"):
        store.set("key", "value")
    with override_settings(SECRET_KEY="the new one", SECRET_KEY_FALLBACKS=["the old one"]):
        assert store.get("key") == "value"
    with override_settings(SECRET_KEY="the new one"), pytest.raises(CorruptValue):
        store.get("key")
