"""Tasks that one of the workers cannot do; here, where other processes find them."""

from __future__ import annotations

import os

from django_kvstore import Store
from django_kvstore_testing import tasks


def fail_in_one(store: Store, start: tasks.Start, number: int) -> None:
    """Fail before the barrier at which the others wait."""
    if number == 3:
        raise KeyError("nowhere")
    start.wait()


def die_in_one(store: Store, start: tasks.Start, number: int) -> None:
    """End the process in which the last worker is, while the others wait for it."""
    if number == 3:
        os._exit(9)
    start.wait()


def environment(store: Store, start: tasks.Start, number: int, *, name: str) -> str | None:
    """Return a variable of the environment."""
    return os.environ.get(name)
