"""The floor of memcached: pymemcache's own pooled client, with a serializer."""

from __future__ import annotations

from typing import Any

from ormsgpack import packb, unpackb
from pymemcache import PooledClient

from ..contestant import KeyValue, Role


class MessagePack:
    """A serializer as pymemcache wants it."""

    def serialize(self, key: bytes, value: Any) -> tuple[bytes, int]:
        return packb(value), 0

    def deserialize(self, key: bytes, value: bytes, flags: int) -> Any:
        return unpackb(value)


class PymemcacheClient(KeyValue):
    name = "pymemcache"
    role: Role = "floor"
    distribution = "pymemcache"
    note = "PooledClient with ormsgpack"

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    def open(self) -> None:
        client = self._client = PooledClient(
            self._address,
            serde=MessagePack(),
            connect_timeout=3,
            timeout=3,
            no_delay=True,
            # Otherwise a write is sent and its answer not waited for.
            default_noreply=False,
        )
        self.bind(get=client.get, set=client.set, delete=client.delete, add=client.add)
        self.bind(get_many=client.get_many, set_many=client.set_many)
        self.bind(delete_many=client.delete_many, clear=client.flush_all)

    def incr(self, key: str) -> int:
        # By comparing: memcached's own incr knows neither a sign nor our bytes.
        while True:
            number, version = self._client.gets(key)
            if number is None:
                if self._client.add(key, 1):
                    return 1
            elif self._client.cas(key, number + 1, version):
                return int(number + 1)

    def close(self) -> None:
        self._client.close()
