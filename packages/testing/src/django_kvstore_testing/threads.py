"""Running one function in many threads at once, and hearing of every failure.

``run_threads(32, lambda number: store.incr("hits"))``
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import BrokenBarrierError
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


@contextmanager
def switching_often() -> Iterator[None]:
    """Let Python change threads a hundred times as often as usual, so that races show."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 100)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


@contextmanager
def no_connections_left() -> Iterator[None]:
    """Close this thread's connections of Django afterwards; no other thread can close them."""
    try:
        yield
    finally:
        connections.close_all()


def run_threads(number: int, function: Callable[[int], T]) -> list[T]:
    """Call ``function(0)`` … each in a thread of its own; return what they returned.

    When some fail, the first that failed for a reason of its own is raised.
    """

    def run(index: int) -> T:
        with no_connections_left():
            return function(index)

    with ThreadPoolExecutor(number) as pool:
        futures = [pool.submit(run, index) for index in range(number)]
    failures = [error for error in (future.exception() for future in futures) if error is not None]
    failures.sort(key=lambda error: isinstance(error, BrokenBarrierError))
    if failures:
        raise failures[0]
    return [future.result() for future in futures]
