"""Turning values into bytes and back: the base class, and finding serializers by name.

``KEY_VALUE_STORES = {"default": {"URL": "db://kvstore", "SERIALIZER": "json"}}``

Serializers are found under the entry-point group ``kvstore.serializers``; see
`django_kvstore.serializers.typed` for the default one.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from ..rivals import refuse_rivals

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Serializer:
    """One way of writing values, made once for each store with the store's alias.

    `code` is written into every record (0 to 255; third parties take 128 and up), so that bytes are
    never read by a serializer that did not write them. Both methods must be thread-safe.
    """

    #: The name in settings.
    name: ClassVar[str] = ""
    #: The byte that stands for this serializer in records.
    code: ClassVar[int]
    #: Loading runs no code of the data's choosing.
    safe: ClassVar[bool] = True

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def dumps(self, value: Any, key: str) -> bytes:
        """Return the bytes of `value` for the cell `key`.

        Raises ``TypeError`` or ``ValueError`` saying what cannot be written.
        """
        raise NotImplementedError

    def loads(self, data: bytes, key: str) -> Any:
        """Return the value; raises ``ValueError`` when the bytes are none that `dumps` makes."""
        raise NotImplementedError

    def loads_safely(self, data: bytes, key: str) -> Any:
        """As `loads`, but raise ``ValueError`` rather than run code of the data's choosing."""
        if not self.safe:
            raise ValueError(f"the serializer '{self.name}' would run code that the bytes name")
        return self.loads(data, key)


@functools.cache
def load_serializer(name: str) -> type[Serializer]:
    """Return the serializer's class; raises ``ImproperlyConfigured`` listing those installed."""
    points = list(_installed())
    installed = {point.name: point for point in points}
    if name not in installed:
        near = difflib.get_close_matches(name, installed, n=1)
        raise ImproperlyConfigured(
            f"There is no serializer '{name}'. {f'Did you mean {near[0]!r}? ' if near else ''}"
            f"Installed: {', '.join(sorted(installed))}."
        )
    refuse_rivals(
        "serializer", name, [each.dist.name for each in points if each.name == name and each.dist]
    )
    serializer = installed[name].load()
    if not (isinstance(serializer, type) and issubclass(serializer, Serializer)):
        raise ImproperlyConfigured(
            f"The entry point of the serializer '{name}' is {serializer!r}; it must be a class "
            f"derived from django_kvstore.Serializer."
        )
    return serializer


def serializer_name(code: int) -> str:
    """Return what to call the serializer that writes `code` into its records, for a message."""
    for point in _installed():
        # A neighbor that is broken must not hide the message.
        with contextlib.suppress(Exception):
            if point.load().code == code:
                return f"the serializer '{point.name}'"
    return f"a serializer of code {code} that is not installed here"


def _installed() -> Iterable[EntryPoint]:
    # Importing this takes longer than all of the core.
    from importlib.metadata import entry_points

    return entry_points(group="kvstore.serializers")
