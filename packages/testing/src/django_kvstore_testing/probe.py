"""A stand-in for a backend that passes each call on, except those that a check replaces.

``store = open_store(backend=Probe(store.backend, get=fail))``
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Probe:
    """The backend as the store sees it; calls that the backend makes to itself are not replaced."""

    def __init__(self, backend: Any, **replaced: Callable[..., Any]) -> None:
        self._backend = backend
        #: Reads come here too, and not to a replica.
        self.reader = self
        vars(self).update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)
