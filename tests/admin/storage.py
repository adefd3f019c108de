"""A backend as django-kvstore 1.0 had them, for a store that can do next to nothing.

``KEY_VALUE_STORES = {"old": "admin.storage://place"}``
"""

from __future__ import annotations

from typing import Any, ClassVar


class StorageClass:
    """The three methods, over a dict for each place."""

    places: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, host: str, params: dict[str, str]) -> None:
        self.cells = self.places.setdefault(host, {})

    def get(self, key: str) -> Any:
        if key.endswith(":raise"):
            raise ZeroDivisionError("an old backend's own bug")
        return self.cells.get(key)

    def set(self, key: str, value: Any) -> None:
        self.cells[key] = value

    def delete(self, key: str) -> None:
        self.cells.pop(key, None)
