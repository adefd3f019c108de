"""A task that one of the workers cannot do; here, where other processes find it."""

from __future__ import annotations

from django_kvstore import Store
from django_kvstore_testing import tasks


def fail_in_one(store: Store, start: tasks.Start, number: int) -> None:
    """Fail before the barrier at which the others wait."""
    if number == 3:
        raise KeyError("nowhere")
    start.wait()
