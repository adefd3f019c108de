"""What workers do at once: functions that any process can import by name.

``workers.race(tasks.count_up, store, key="hits", times=500)``

Each gets the store, the barrier that all workers share, and its own number among them.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

from django_kvstore.store import Store

from .probe import Probe


class Start(Protocol):
    """A barrier, of threads or of processes."""

    def wait(self, timeout: float | None = None) -> int: ...

    def abort(self) -> None: ...


def count_up(store: Store, start: Start, number: int, *, key: str, times: int) -> list[int]:
    """Count one up, `times` times; return every sum."""
    start.wait()
    return [store.incr(key) for _ in range(times)]


def add_first(store: Store, start: Start, number: int, *, keys: list[str]) -> list[bool]:
    """Try to be the one who adds each key."""
    won = []
    for key in keys:
        start.wait()
        won.append(store.add(key, number))
    return won


def put_first(store: Store, start: Start, number: int, *, keys: list[str]) -> list[bool]:
    """Put each key, and say whether it was told to be new."""
    new = []
    for key in keys:
        start.wait()
        new.append(store.put(key, number))
    return new


def pop_first(store: Store, start: Start, number: int, *, keys: list[str]) -> list[Any]:
    """Try to be the one who gets each key's value."""
    got = []
    for key in keys:
        start.wait()
        got.append(store.pop(key))
    return got


def swap_up(store: Store, start: Start, number: int, *, key: str, times: int) -> int:
    """Count one up by compare-and-set until it has succeeded `times` times; return that."""
    start.wait()
    done = 0
    while done < times:
        seen = store.get(key)
        done += store.compare_and_set(key, seen, seen + 1)
    return done


def compute(store: Store, start: Start, number: int, *, keys: list[str]) -> list[tuple[Any, bool]]:
    """Get each key's value or compute it; return it and whether it was computed here."""
    # Callers of one backend wait for each other without asking the engine, and the engine is meant.
    own = Store(Probe(store).another(), store.options)
    answers = []
    for key in keys:
        calls: list[int] = []

        def slowly(calls: list[int] = calls) -> int:
            calls.append(1)
            time.sleep(0.01)
            return number

        start.wait()
        answers.append((own.get_or_set(key, slowly), len(calls) > 0))
    own.close()
    return answers


def overwrite_and_read(
    store: Store, start: Start, number: int, *, key: str, letters: str, size: int, times: int
) -> list[str]:
    """Overwrite a text of one letter by one of another, and return every mixture seen."""
    start.wait()
    mixed = []
    for turn in range(times):
        if number % 2:
            store.set(key, letters[(number + turn) % len(letters)] * size)
        else:
            seen = store.get(key)
            if type(seen) is not str or len(seen) != size or len(set(seen)) != 1:
                mixed.append(repr(seen)[:80])
    return mixed


def see(store: Store, start: Start, number: int, *, key: str) -> Any:
    """Return the key's value."""
    start.wait()
    return store.get(key)


def change_all(
    store: Store, start: Start, number: int, *, values: dict[str, Any], deleted: list[str]
) -> None:
    """Let the first of all write the values and delete the keys."""
    start.wait()
    if number == 0:
        store.set_many(values)
        for key in deleted:
            store.delete(key)


def resume(store: Store, start: Start, number: int, *, prefix: str, cursor: str) -> list[str]:
    """Go on with a walk from another's cursor; return the remaining keys."""
    start.wait()
    keys: list[str] = []
    following: str | None = cursor
    while following is not None:
        page = store.scan(prefix, following, 7)
        keys += [key for key, _ in page.entries]
        following = page.cursor
    return keys
