"""What every store takes besides its engine's own parameters.

``"db://kvstore?ttl=300&serializer=json"``, or the same names in capitals in ``KEY_VALUE_STORES``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from .compression import codec_name
from .keys import check_namespace
from .params import Param, optional_positive

PARAMS: Final = (
    Param(
        "ttl",
        optional_positive,
        None,
        "Seconds that entries live when a call does not say; none for ever.",
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
