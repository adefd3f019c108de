"""The serializer ``signed``: the default one's bytes, after a signature.

``KEY_VALUE_STORES = {"default": {"URL": "memcached://10.0.0.1:11211", "SERIALIZER": "signed"}}``
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from django_kvstore import Serializer
from django_kvstore.serializers.typed import TypedSerializer


class SignedSerializer(Serializer):
    """An HMAC-SHA256 of the store's alias, the cell's name and the bytes, and these."""

    name = "signed"
    code = 200

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        self._inner = TypedSerializer(alias)

    def dumps(self, value: Any, key: str) -> bytes:
        data = self._inner.dumps(value, key)
        return self._signature(data, key, settings.SECRET_KEY) + data

    def loads(self, data: bytes, key: str) -> Any:
        signature, data = data[:32], data[32:]
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            if constant_time_compare(signature, self._signature(data, key, secret)):
                return self._inner.loads(data, key)
        raise ValueError("its signature is not that of this project, store and key")

    def _signature(self, data: bytes, key: str, secret: str | bytes) -> bytes:
        # The lengths keep one alias and key from reading like another.
        signed = f"{len(self.alias)} {len(key)} {self.alias}{key}".encode() + data
        return salted_hmac(self.name, signed, secret, algorithm="sha256").digest()
