"""Serializers: our default one, the fast libraries, and what people use otherwise."""

from __future__ import annotations

import json
import pickle
from typing import Any

import msgspec
import orjson
import ormsgpack

from django_kvstore.serializers import load_serializer

from ..contestant import Codec, Role


class Typed(Codec):
    """The default serializer."""

    name = "django-kvstore"
    role: Role = "ours"
    note = "the serializer typed"
    distribution = "django-kvstore"

    def open(self) -> None:
        serializer = load_serializer("typed")("benchmark")
        self.bind(dumps=serializer.dumps, loads=serializer.loads)


class Bound(Codec):
    """A library's two functions as they are."""

    def open(self) -> None:
        self.bind(dumps=self._dumps, loads=self._loads)

    def __init__(self, name: str, role: Role, dumps: Any, loads: Any, distribution: str) -> None:
        self.name = name
        self.role = role
        self.distribution = distribution
        self._dumps = dumps
        self._loads = loads


def codecs() -> list[Codec]:
    return [
        Typed(),
        Bound("ormsgpack", "floor", ormsgpack.packb, ormsgpack.unpackb, "ormsgpack"),
        Bound("msgspec", "floor", msgspec.msgpack.encode, msgspec.msgpack.decode, "msgspec"),
        Bound("orjson", "floor", orjson.dumps, orjson.loads, "orjson"),
        Bound("json", "peer", lambda value: json.dumps(value).encode(), json.loads, ""),
        Bound("pickle", "peer", lambda value: pickle.dumps(value, 5), pickle.loads, ""),
    ]
