"""Between a user's keys and the names of the engine's cells, within one namespace.

``Naming(backend, "shop").cell("greeting")`` is ``"shop:greeting"``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from . import keys
from .backend import Backend
from .errors import InvalidKey

T = TypeVar("T")

#: The types of keys that are nothing but text.
_STR: Final = frozenset({str})


class Naming:
    """The names of one store's cells; thread-safe. Raises `InvalidKey` for a bad namespace."""

    def __init__(self, backend: Backend, namespace: str) -> None:
        try:
            keys.check_namespace(namespace)
        except ValueError as error:
            raise backend.error(
                InvalidKey, f"{error}.", hint="Choose another name, or a shorter one."
            ) from None
        self._backend = backend
        self._namespace = namespace
        self._prefix = namespace + keys.ENTRY
        self._key_bytes = min(keys.MAX_KEY_BYTES + 1, backend.max_key_bytes) - len(self._prefix)

    def cell(self, key: str) -> str:
        """Return the name of the key's cell; raises `InvalidKey`."""
        # ASCII is nearly every key, and its length is its size.
        if type(key) is str and key.isascii() and 0 < len(key) <= self._key_bytes:
            return self._prefix + key
        problem = keys.key_problem(key, self._key_bytes)
        if problem is not None:
            raise self._backend.error(InvalidKey, problem.reason, hint=problem.hint)
        return self._prefix + key

    def several(self, given: Iterable[T]) -> Iterable[T]:
        """Return `given` if it can be several keys; raises `InvalidKey`."""
        problem = keys.several_problem(given)
        if problem is not None:
            raise self._backend.error(InvalidKey, problem.reason, hint=problem.hint)
        return given

    def cells(self, several: Iterable[str]) -> list[str]:
        """Return the names of the keys' cells, each once; raises `InvalidKey`."""
        names = list(self.several(several))
        # As `cell` does with nearly every key, but with all of them at once.
        if (
            set(map(type, names)) == _STR
            and "".join(names).isascii()
            and all(names)
            and max(map(len, names)) <= self._key_bytes
        ):
            prefix = self._prefix
            return list(dict.fromkeys([prefix + name for name in names]))
        return list(dict.fromkeys(map(self.cell, names)))

    def lock_cell(self, key: str) -> str:
        """Return the name of the cell that locks the key; raises `InvalidKey`."""
        return self._namespace + keys.LOCK + self.key(self.cell(key))

    def prefix(self, prefix: str) -> str:
        """Return what the cells of keys that start with `prefix` start with."""
        problem = keys.key_problem(prefix, self._key_bytes) if prefix != "" else None
        if problem is not None:
            raise self._backend.error(
                InvalidKey, f"as a prefix: {problem.reason}", hint=problem.hint
            )
        return self._prefix + prefix

    def key(self, cell: str) -> str:
        """Return the key of an entry's cell."""
        return cell[len(self._prefix) :]

    def keys(self, cells: Iterable[str]) -> list[str]:
        """Return the keys of entries' cells."""
        start = len(self._prefix)
        return [cell[start:] for cell in cells]
