"""What checks see of an engine beneath a store, and the faults they make there.

``Probe(store).raw(name)`` is the record under a storage key;
``open_store(backend=Probe(store).failing("read", with_error=Unavailable))`` is a store whose reads
fail. This module alone knows which methods a backend has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeVar

from django_kvstore import records, split
from django_kvstore.backend import Backend, Write
from django_kvstore.errors import KVStoreError
from django_kvstore.store import Store

E = TypeVar("E", bound=KVStoreError)

#: What a request asks of the engine: to read records, to write them whatever is there, to change
#: them if they are as expected, to delete them, or to list them page by page.
Kind = Literal["read", "write", "change", "delete", "list"]

#: The expiry of a record: seconds since 1970, None for one that does not expire.
Expires = float | None


class Request(NamedTuple):
    """One call that the store made of the engine."""

    kind: Kind
    #: The storage keys that it names; of a page, once it was listed, those on it.
    keys: Sequence[str]
    #: The records to write, in bytes; their expiries are in none of these fields.
    records: Mapping[str, bytes] = {}
    #: How many keys a page may have at most; 0 where the request is not for a page.
    limit: int = 0


Hook = Callable[[Request], object]


class Probe:
    """The engine beneath a store: records under storage keys, and backends that make faults."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._backend = store.backend

    # The names under which the engine holds what belongs to an entry.

    def entry(self, key: str) -> str:
        """Return the storage key of the entry with that key."""
        return f"{self._store.options.namespace}:{key}"

    def lock(self, key: str) -> str:
        """Return the storage key of the lock of those who compute the key's value."""
        return f"{self._store.options.namespace}!{key}"

    @property
    def parts_prefix(self) -> str:
        """What the storage keys of the parts of large values begin with."""
        return f"{self._store.options.namespace};"

    def parts(self, key: str) -> list[str]:
        """Return the storage keys of the parts of the key's value, which must be a large one."""
        name = self.entry(key)
        record = self.raw(name)
        assert record is not None, f"the engine has no record under '{name}'"
        flags, _, _, payload = records.unpack(name, record)
        assert flags & records.IS_SPLIT, f"the value of '{key}' was not split"
        return split.read_head(payload).cells(self._store.options.namespace)

    # The records.

    def raw(self, name: str) -> bytes | None:
        """Return the record under a storage key as the engine holds it, None if there is none."""
        return self._backend.get(name)

    def raw_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return the records that there are under these storage keys."""
        return self._backend.get_many(list(names))

    def raw_keys(self, prefix: str) -> list[str]:
        """Return every storage key that begins with the prefix; only where the engine iterates."""
        found: list[str] = []
        cursor = None
        while True:
            cells, cursor = self._backend.scan(prefix, cursor, 250)
            found += [name for name, _ in cells]
            if cursor is None:
                return found

    def put_raw(self, name: str, record: bytes, expires: Expires = None) -> None:
        """Write a record under a storage key, whatever is there."""
        self._backend.set(name, record, expires)

    def remove_raw(self, name: str) -> bool:
        """Delete the record under a storage key; return whether there was one."""
        return self._backend.delete(name)

    def record(self, name: str, value: object, expires: Expires = None) -> bytes:
        """Return the record that the store would write under this storage key."""
        return self._store.coder.encode(name, value, expires)

    def ways_to_write(self) -> dict[str, Callable[[str, bytes, Expires], object]]:
        """Return each of the backend's ways to write a record, whatever is there, by its name."""
        backend = self._backend

        def replace(name: str, record: bytes, expires: Expires) -> None:
            assert backend.compare_and_set(name, backend.get(name), record, expires) is True

        def add(name: str, record: bytes, expires: Expires) -> None:
            backend.delete(name)
            assert backend.add(name, record, expires) is True

        def change(name: str, record: bytes, expires: Expires) -> None:
            backend.update(name, lambda old: Write(record, expires))

        def set_many(name: str, record: bytes, expires: Expires) -> None:
            backend.set_many({name: record}, expires)

        ways: dict[str, Callable[[str, bytes, Expires], object]]
        ways = {"set": backend.set, "set_many": set_many}
        if backend.atomic:
            ways |= {"compare_and_set": replace, "add": add, "update": change}
        return ways

    def put_many_raw(self, cells: Mapping[str, bytes], expires: Expires) -> None:
        """Write all records in one call of the backend."""
        self._backend.set_many(cells, expires)

    def remove_many_raw(self, names: Iterable[str]) -> int:
        """Delete all records in one call of the backend; return how many there were."""
        return self._backend.delete_many(list(names))

    # What the backend declares under names of its own.

    @property
    def expires_itself(self) -> bool:
        """Whether the engine itself hides records that have expired."""
        return self._backend.expires_itself

    @property
    def record_limit(self) -> int | None:
        """The longest record under one storage key, in bytes; None: as long as any."""
        return self._backend.cell_bytes

    @property
    def changes_by_itself(self) -> bool:
        """Whether the engine has its own way to change a record that others change too."""
        return type(self._backend).update is not Backend.update

    def error(self, kind: type[E], reason: str, *, hint: str = "") -> E:
        """Make an error of this store, as it would raise it."""
        return self._backend.error(kind, reason, hint=hint)

    # Other backends of the same engine, each for a store of its own.

    def another(self, *, url: Any = None, options: Mapping[str, Any] | None = None) -> Any:
        """Return a new backend of the engine, with its own connections; the caller closes it."""
        backend = self._backend
        given = backend.options if options is None else options
        return type(backend)(backend.alias, url or backend.url, given)

    def limited(self, *, record: int | None = None, value: int | None = None) -> Any:
        """Return a new backend whose class declares lower limits, in bytes."""
        whole = self._backend
        wanted = {"cell_bytes": record, "max_value_bytes": value}
        limits = {name: limit for name, limit in wanted.items() if limit is not None}
        kind = type(f"Limited{type(whole).__name__}", (type(whole),), limits)
        return kind(whole.alias, whole.url, whole.options)

    def losing(self, timeout: float) -> Any:
        """Return a new backend before which others change each entry, for `timeout` seconds."""
        backend = self.another()
        backend.contention_timeout = timeout
        backend.compare_and_set = lambda *args: False
        return backend

    def watched(self, before: Hook | None = None, after: Hook | None = None) -> Any:
        """Return this backend with a hook before, and one after, each request that a store makes.

        What `before` raises, the store gets instead of an answer. Requests that the backend makes
        of itself are not seen.
        """
        return _Watched(self._backend, before or _ignore, after or _ignore)

    def failing(self, *kinds: Kind, with_error: type[KVStoreError], after: int = 0) -> Any:
        """Return this backend, but requests of these kinds fail with such an error.

        So many of them succeed before: `after`.
        """
        seen = 0

        def fail(request: Request) -> None:
            nonlocal seen
            if request.kind in kinds:
                seen += 1
                if seen > after:
                    raise self.error(with_error, "for a test")

        return self.watched(before=fail)


def unwatched(backend: Any) -> Any:
    """Return the backend without the hooks of `Probe.watched`."""
    return backend.engine if isinstance(backend, _Watched) else backend


def _ignore(request: Request) -> None:
    """Do nothing."""


_ONE: Final[dict[str, Kind]] = {
    "get": "read",
    "set": "write",
    "compare_and_set": "change",
    "add": "change",
    "update": "change",
    "delete": "delete",
    "take": "delete",
}
_MANY: Final[dict[str, Kind]] = {
    "get_many": "read",
    "set_many": "write",
    "delete_many": "delete",
    "take_many": "delete",
}


class _Watched:
    """The backend as a store sees it, with a hook before and after each request."""

    def __init__(self, engine: Any, before: Hook, after: Hook) -> None:
        self.engine = engine
        self._before, self._after = before, after
        #: Reads come here too, and not to a replica.
        self.reader = self

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.engine, name)
        if name in _ONE:
            return lambda *args: self._request(method, args, _one(name, *args))
        if name in _MANY:
            return lambda *args: self._request(method, args, _many(name, *args))
        if name in ("scan", "scan_keys"):
            return lambda *args: self._list(method, *args)
        return method

    def _request(self, method: Callable[..., Any], args: Sequence[Any], request: Request) -> Any:
        self._before(request)
        answer = method(*args)
        self._after(request)
        return answer

    def _list(self, method: Callable[..., Any], prefix: str, cursor: str | None, limit: int) -> Any:
        self._before(Request("list", [], limit=limit))
        page = method(prefix, cursor, limit)
        found = [each if isinstance(each, str) else each[0] for each in page[0]]
        self._after(Request("list", found, limit=limit))
        return page


def _one(name: str, key: str, *rest: Any) -> Request:
    """Return the request that a method of one storage key makes."""
    new = rest[1] if name == "compare_and_set" else rest[0] if name in ("set", "add") else None
    return Request(_ONE[name], [key], {} if new is None else {key: new})


def _many(name: str, cells: Any, *rest: Any) -> Request:
    """Return the request that a method of many storage keys makes."""
    return Request(_MANY[name], list(cells), cells if isinstance(cells, Mapping) else {})
