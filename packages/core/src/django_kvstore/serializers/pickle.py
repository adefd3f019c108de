"""The serializer ``pickle``: any Python object, signed, and verified before it is loaded.

``KEY_VALUE_STORES = {"default": {"URL": "db://kvstore", "SERIALIZER": "pickle"}}``

The signature is bound to the store's alias and to the cell, so that a record copied to another
key or store is refused. ``SECRET_KEY_FALLBACKS`` are tried, so that keys can be rotated.
"""

from __future__ import annotations

import pickle
import sys
from typing import Any, Final

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from . import Serializer

_SALT: Final = "django_kvstore.serializers.pickle"
_DIGEST_BYTES: Final = 32
_TOO_DEEP: Final = (
    "it is nested too deeply for pickle, which has what the caller leaves of Python's %d calls "
    "within each other, sys.getrecursionlimit()"
)


class PickleSerializer(Serializer):
    """An HMAC-SHA256 as `django.core.signing` makes it, then the pickle."""

    name = "pickle"
    code = ord("p")
    safe = False

    def dumps(self, value: Any, key: str) -> bytes:
        try:
            data = pickle.dumps(value, protocol=5)
        except MemoryError:
            raise
        except RecursionError as error:
            raise ValueError(_TOO_DEEP % sys.getrecursionlimit()) from error
        except Exception as error:  # an object's own methods may raise anything
            raise TypeError(_told(error)) from error
        return self._signature(data, key, settings.SECRET_KEY) + data

    def loads(self, data: bytes, key: str) -> Any:
        signature, pickled = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            if constant_time_compare(signature, self._signature(pickled, key, secret)):
                return _load(pickled)
        raise ValueError(
            "its signature was made with another SECRET_KEY (name that one in "
            f"SECRET_KEY_FALLBACKS), for a store of another alias than '{self.alias}', for another "
            "key, or forged"
        )

    def _signature(self, data: bytes, key: str, secret: str | bytes) -> bytes:
        # Lengths first, so that no two (alias, key, data) are one text.
        bound = f"{len(self.alias)}:{self.alias}{len(key)}:{key}".encode() + data
        mac = salted_hmac(_SALT, bound, secret, algorithm="sha256")
        return mac.digest()


def _load(data: bytes) -> Any:
    try:
        return pickle.loads(data)
    except (MemoryError, RecursionError):
        raise  # that says nothing about the bytes
    except Exception as error:  # an object's own methods may raise anything
        raise ValueError(f"it cannot be unpickled: {_told(error)}") from error


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": .")
