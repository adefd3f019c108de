"""What every store takes besides its engine's own parameters.

``"db://kvstore?ttl=300&serializer=json"``, or the same names in capitals in ``KEY_VALUE_STORES``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeAlias

from .compression import codec_name
from .keys import check_namespace
from .params import Param, optional_positive

#: What a call takes for a time to live: seconds, or None for an entry that does not expire.
TTL: TypeAlias = float | timedelta | None

#: The longest time to live, in seconds: a hundred years. A longer one is taken for a mistake.
MAX_SECONDS: Final = 100 * 366 * 86400.0


def read_seconds(value: object) -> float:
    """Return the seconds of a number or a ``timedelta``.

    Raises ``ValueError``, whose text continues the sentence "it must be".
    """
    if isinstance(value, timedelta):
        seconds: float = value.total_seconds()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value
    else:
        raise ValueError(f"a number of seconds or a timedelta, not {type(value).__name__}")
    if seconds != seconds:
        raise ValueError("a number of seconds or a timedelta, not nan")
    if seconds > MAX_SECONDS:
        raise ValueError("at most a hundred years")
    return float(max(seconds, -MAX_SECONDS))


def read_ttl(text: Any) -> float | None:
    """Read the option TTL: seconds greater than zero, a ``timedelta``, or None for ``none``."""
    seconds = text.total_seconds() if isinstance(text, timedelta) else text
    return optional_positive(seconds, MAX_SECONDS)


PARAMS: Final = (
    Param(
        "ttl",
        read_ttl,
        None,
        "Seconds that entries live when a call does not say, or a timedelta; none for ever.",
    ),
    Param(
        "namespace",
        check_namespace,
        "",
        "Sets this store's keys apart from those of other stores on the same engine.",
    ),
    Param("serializer", str, "typed", "How values become bytes: typed, json, pickle, or a plugin."),
    Param("compression", codec_name, None, "Makes larger values smaller: zlib or zstd."),
)


@dataclass(frozen=True)
class StoreOptions:
    """The values of those parameters; the attributes have their names."""

    ttl: float | None = None
    namespace: str = ""
    serializer: str = "typed"
    compression: str | None = None

    @classmethod
    def names(cls) -> frozenset[str]:
        """The parameters' names, in lower case."""
        return frozenset(param.name for param in PARAMS)


class Unset:
    """The type of `DEFAULT_TTL` and `MISSING`, which are none of the values a caller may mean."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __reduce__(self) -> str:
        return self._name  # one object in each process: unpickled, it is still itself

    def __bool__(self) -> bool:
        return False


#: As a ttl: what the store's own option says.
DEFAULT_TTL: Final[Any] = Unset("DEFAULT_TTL")
#: As a value: there is no entry.
MISSING: Final[Any] = Unset("MISSING")
