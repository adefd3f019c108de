"""How KeyVal writes values: plain types safely, and anything else as a signed pickle.

A value of plain types is never pickled, so it can be read where pickle is forbidden:
``KEYVAL_PICKLE = False``.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

from django_kvstore import Serializer
from django_kvstore.serializers.pickle import PickleSerializer
from django_kvstore.serializers.typed import ExactSerializer, TypedSerializer

_TYPED: Final = b"t"
_PICKLED: Final = b"p"


class KeyValSerializer(Serializer):
    """One byte that says which of the two it is, then what that serializer wrote."""

    name = "keyval"
    code = ord("k")
    safe = False

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        self._typed = TypedSerializer(alias)
        self._exact = ExactSerializer(alias)
        self._pickle = PickleSerializer(alias)

    def dumps(self, value: Any, key: str) -> bytes:
        if not _pickle_allowed():
            return _TYPED + self._typed.dumps(value, key)
        try:
            return _TYPED + self._exact.dumps(value, key)
        except (TypeError, ValueError):
            # Of another type, or nested over the limit, which a signed pickle does not have.
            return _PICKLED + self._pickle.dumps(value, key)

    def loads(self, data: bytes, key: str) -> Any:
        if data[:1] == _TYPED:
            return self._typed.loads(data[1:], key)
        if data[:1] != _PICKLED:
            raise ValueError("it is of neither kind that KeyVal writes")
        if not _pickle_allowed():
            raise ValueError("it is a pickle, and KEYVAL_PICKLE is False")
        return self._pickle.loads(data[1:], key)

    def loads_safely(self, data: bytes, key: str) -> Any:
        if data[:1] == _PICKLED:
            raise ValueError("it is a pickle, which would run code that it names")
        return self.loads(data, key)


def _pickle_allowed() -> bool:
    return bool(getattr(settings, "KEYVAL_PICKLE", True))
