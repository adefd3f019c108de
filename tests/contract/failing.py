"""A job that one of the contenders cannot do; here, where other processes find it."""

from __future__ import annotations

from django_kvstore import Store
from django_kvstore.testing import jobs


def fail_in_one(store: Store, start: jobs.Start, number: int) -> None:
    """Fail before the barrier at which the others wait."""
    if number == 3:
        raise KeyError("nowhere")
    start.wait()
