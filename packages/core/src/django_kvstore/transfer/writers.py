"""Several threads that write pages, and the point up to which all is written.

A cursor is safe to go on from only when its page and all before it are written, whichever thread
was faster; `Writers` tells just that one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from types import TracebackType
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")


class Writers(Generic[T]):
    """``with Writers(4, write, written) as writers: writers.put(page, cursor)``.

    `written` is called in this thread with each cursor, in order, once its page is written; an
    error of `write` is raised here, and the pages behind it are not told.
    """

    def __init__(
        self, workers: int, write: Callable[[T], None], written: Callable[[str | None], None]
    ) -> None:
        self._workers, self._write, self._written = workers, write, written
        self._pool = ThreadPoolExecutor(workers, "kvstore")
        self._waiting: deque[tuple[Future[None], str | None]] = deque()

    def put(self, page: T, cursor: str | None) -> None:
        """Have the page written; waits while twice as many pages as threads are under way."""
        if self._workers == 1:
            self._write(page)
            self._written(cursor)
            return
        self._waiting.append((self._pool.submit(self._write, page), cursor))
        while len(self._waiting) > 2 * self._workers or (
            self._waiting and self._waiting[0][0].done()
        ):
            self._take()

    def _take(self) -> None:
        future, cursor = self._waiting.popleft()
        future.result()
        self._written(cursor)

    def __enter__(self) -> Writers[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            while self._waiting and kind is None:
                self._take()
        finally:
            for future, _cursor in self._waiting:
                future.cancel()
            if self._workers > 1:
                self._close_connections()
            self._pool.shutdown()

    def _close_connections(self) -> None:
        # A thread's database connections are its own; nobody else would close them. They wait for
        # each other, so that each thread closes once.
        together = Barrier(self._workers)

        def close() -> None:
            together.wait()
            connections.close_all()

        for closing in [self._pool.submit(close) for _ in range(self._workers)]:
            closing.result()
