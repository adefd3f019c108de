"""Making payloads smaller: the option ``COMPRESSION``.

``KEY_VALUE_STORES = {"default": {"URL": "db://kvstore", "COMPRESSION": "zstd"}}``

Every record says how it was compressed, so the option can be changed at any time. ``zlib`` is in
the standard library; ``zstd`` needs ``pip install django-kvstore[zstd]``.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Final, NamedTuple

from django.core.exceptions import ImproperlyConfigured

#: Payloads below this many bytes are left as they are: they would hardly shrink.
MIN_BYTES: Final = 512

_TOO_LONG: Final = "it would become longer than the limit of {} bytes"
_NOT_WHOLE: Final = "it is not whole"


class Codec(NamedTuple):
    """A way to compress: its number in the record's flags and its two directions."""

    number: int
    compress: Callable[[bytes], bytes]
    #: Takes the bytes and how many they may become.
    decompress: Callable[[bytes, int], bytes]


def _zlib() -> Codec:
    # Level 1: nearly the ratio of the default on such small texts, at a third of the time.
    return Codec(1, lambda data: zlib.compress(data, 1), _unzip)


def _zstd() -> Codec:
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError as error:
        raise ImproperlyConfigured(
            "zstd compression needs a library: run 'pip install django-kvstore[zstd]'."
        ) from error
    # Its compressor objects are not thread-safe; these functions make one a call.
    return Codec(2, zstandard.compress, partial(_unzstd, zstandard))


def _unzip(data: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj()
    unpacked = unpacker.decompress(data, limit + 1)
    if len(unpacked) > limit:
        raise ValueError(_TOO_LONG.format(limit))
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError(_NOT_WHOLE)
    return unpacked


def _unzstd(zstandard: ModuleType, data: bytes, limit: int) -> bytes:
    size = zstandard.frame_content_size(data)
    # Its decompressor allocates as much as the frame says. -1 is a frame that does not say.
    if size > limit:
        raise ValueError(_TOO_LONG.format(limit))
    if size < 0:
        raise ValueError(_NOT_WHOLE)
    unpacked: bytes = zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    return unpacked


_CODECS: Final[dict[str, Callable[[], Codec]]] = {"zlib": _zlib, "zstd": _zstd}
_NAMES: Final = {1: "zlib", 2: "zstd"}
_loaded: dict[str, Codec] = {}


def load_codec(name: str) -> Codec:
    """Return the codec; raises ``ImproperlyConfigured`` when its library is not installed."""
    if name not in _loaded:
        _loaded[name] = _CODECS[name]()
    return _loaded[name]


def decompress(number: int, data: bytes, limit: int) -> bytes:
    """Undo the codec of that number; raises ``ValueError`` for bytes it did not make.

    So it does for what would become more than `limit` bytes, before memory is used for that.
    """
    if number not in _NAMES:
        raise ValueError(f"it is compressed by the unknown method {number}")
    codec = load_codec(_NAMES[number])
    try:
        return codec.decompress(data, limit)
    except Exception as error:  # each library has an exception of its own
        raise ValueError(f"it does not decompress: {error}") from error


def codec_name(text: object) -> str | None:
    """Read the option: ``zlib``, ``zstd``, or None for none."""
    if text is None or str(text).lower() in ("", "none"):
        return None
    if str(text) not in _CODECS:
        raise ValueError(f"compressions are {' and '.join(_CODECS)}")
    return str(text)
